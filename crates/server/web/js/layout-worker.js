// Lays out the chart beside the page: ELK's own worker, served from here and started by chart.js.
// Bundled as it is; its compiled code speaks its own messages (`elkjs/lib/elk-api.js`).
import "elkjs/lib/elk-worker.min.js";
