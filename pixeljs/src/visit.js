// What the core loads right after the first page view, always; it brings the modules that the site asks for.

import "./visit/visit.js";
import { hg } from "#hg";

new Set(`${hg.options_.modules || ""}`.match(/\w+/g)).forEach((name) => hg.load_(name));
