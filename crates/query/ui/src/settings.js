// The settings pages do everything by forms; a script only spares a selection by hand.

import "./copy.js";
