// What has to hold before a page is drawn: the theme, and that scripts run. The page waits for it, so
// it is small, and whatever can come later is in app.js.
import { startTheme } from "./theme.js";

document.documentElement.classList.add("scripted");
startTheme();
