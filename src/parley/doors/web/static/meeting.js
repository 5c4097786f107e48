// The entry page of one conference: for now it tells how to call in.

import { say, words } from "./words.js";

say(words());
