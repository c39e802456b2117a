// What every page runs. Owns the order; each part is in a module of its own.
import htmx from "htmx.org";
import { startForms } from "./forms.js";
import { startLive } from "./live.js";
import { startPalette } from "./palette.js";
import { startPasskeys } from "./passkeys.js";
import { startProposals } from "./proposals.js";
import { startTimes } from "./times.js";
import { startWhen } from "./when.js";

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
// A problem is an answer too, and is shown where the outcome goes.
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "[45]..", swap: true, error: false },
];

// Browsers keep a sign-in only where nobody on the way can read it.
for (const warning of document.querySelectorAll("[data-insecure]")) warning.hidden = isSecureContext;

startTimes();
startForms();
startWhen();
startLive();
startPalette();
startPasskeys();
startProposals();
