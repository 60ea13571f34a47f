// The pixel as one script with every module: smaller than its parts, and one request.

import "./global.js";
