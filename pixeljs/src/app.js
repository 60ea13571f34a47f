// The pixel as a small script: the core. It counts the first view, and brings `visit.js` and the modules that the site asks for.

import "./global.js";
