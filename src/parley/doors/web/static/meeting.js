// One meeting: joining, waiting, meeting, and its end.

import { frame } from "./shell.js";

frame();
