// A page of a container: each part that is there is made live. Owns no part.
import { startLogs } from "./container/logs.js";
import { startStats } from "./container/stats.js";

startLogs(document.getElementById("logs"));
startStats(document.getElementById("stats"));
