// The words of a meeting.

import { speaker } from "../i18n.js";
import common from "../words/common.js";
import words from "../words/meeting.js";

export const t = speaker(words, common);
