// The module `consent` as a script: each time it is loaded, it runs once.

import { consent } from "./modules/consent.js";

consent();
