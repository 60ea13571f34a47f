// The same with every module, in one file: smaller than its parts.

import "./visit/visit.js";
import "./modules/clicks.js";
import "./modules/forms.js";
import "./modules/performance.js";
import "./modules/errors.js";
import "./modules/colour.js";
