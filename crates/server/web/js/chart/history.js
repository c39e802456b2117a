// Back in time: the states of the fleet as its latest events told them. What was removed since is
// named; what came later is left out. Nothing older than the events that were read is claimed.
const MOST = 200;
const STATES = {
  "server.unreachable": "unreachable", "server.reachable": "ready", "server.validated": "ready",
  "server.invalid": "failed", "server.not-validated": "failed", "server.added": "new",
  "destination.added": "pending", "destination.adopted": "ready", "destination.ready": "ready",
  "destination.repaired": "ready", "destination.recovered": "ready", "destination.changed": "ready",
  "destination.drifted": "drifted", "destination.failed": "failed", "destination.not-removed": "failed",
  "proxy.set": "pending", "proxy.running": "running", "proxy.stopped": "stopped", "proxy.failed": "failed",
  "proxy.drifted": "drifted", "proxy.down": "drifted", "proxy.removal-asked": "removing",
  "route.added": "pending", "route.pending": "pending", "route.live": "live", "route.dark": "dark", "route.refused": "refused",
};
const BEGINS = ["server.added", "destination.added", "destination.adopted", "route.added"];
const ENDS = ["server.removed", "destination.removed", "destination.forgotten", "route.removed", "proxy.removed"];

export function startHistory(root, chart) {
  const bar = root.querySelector("[data-history]");
  const range = bar.querySelector("input");
  const words = bar.querySelector("[data-moment]");
  let events = [];
  let reading = null;

  // Newest first, once somebody wants to look back.
  async function read() {
    const response = await fetch(`/v1/events?limit=${MOST}`);
    if (!response.ok) throw new Error(response.statusText);
    events = (await response.json()).items;
    range.max = String(events.length);
    range.value = range.max;
  }

  bar.addEventListener("toggle", () => {
    if (bar.open) reading ??= read().then(show, (error) => (words.textContent = `The events could not be read: ${error.message}`));
    else if (isBack()) back();
  });
  range.addEventListener("input", show);
  bar.addEventListener("click", (event) => {
    const step = { earlier: -1, later: 1 }[event.target.closest("[data-step]")?.dataset.step];
    if (step) range.value = String(Number(range.value) + step), show();
    if (event.target.closest("[data-now]")) back();
  });

  function back() {
    range.value = range.max;
    show();
  }

  // The number of events that are undone: 0 is now.
  function undone() {
    return events.length - Number(range.value);
  }

  function isBack() {
    return events.length > 0 && undone() > 0;
  }

  function show() {
    const live = chart.live();
    if (!live) return;
    if (!isBack()) {
      words.textContent = events.length > 0 ? "Now" : "No event was kept";
      range.setAttribute("aria-valuetext", words.textContent);
      return chart.show(live, new Set());
    }
    const at = events[undone()];
    const { then, gone } = rewound(live, events.slice(0, undone()), events.slice(undone()));
    const said = at ? `${new Date(at.at).toLocaleString()}: ${at.message}` : "Before the first event that was read";
    words.textContent = gone.length > 0 ? `${said}. Since removed: ${gone.join(", ")}` : said;
    range.setAttribute("aria-valuetext", words.textContent);
    chart.show(then, new Set(at ? [nodeOf(at)] : []));
  }

  return {
    isBack,
    told(event) {
      if (events.length === 0) return;
      const where = undone();
      events = [event, ...events].slice(0, MOST);
      range.max = String(events.length);
      range.value = String(events.length - (where > 0 ? where + 1 : 0));
    },
  };
}

function nodeOf(event) {
  if (event.kind.startsWith("proxy.")) return `proxy:${event.server_id ?? event.subject.id}`;
  return `${event.subject.type}:${event.subject.id}`;
}

function rewound(live, later, earlier) {
  const changed = new Set();
  const absent = new Set();
  const gone = [];
  for (const event of later) {
    const id = nodeOf(event);
    if (STATES[event.kind]) changed.add(id);
    if (BEGINS.includes(event.kind)) absent.add(id);
    if (ENDS.includes(event.kind)) gone.push(event.subject_name);
  }
  const before = new Map();
  for (const event of earlier) {
    const id = nodeOf(event);
    if (STATES[event.kind] && !before.has(id)) before.set(id, STATES[event.kind]);
  }
  const past = (thing, id) => {
    if (!changed.has(id)) return thing;
    const state = before.get(id) ?? "unknown";
    return { ...thing, state, missing: false, reason: `${thing.state} now` };
  };
  const nodes = live.nodes
    .filter((node) => !absent.has(node.id) && !absent.has(node.parent))
    .map((node) => past(node, node.id));
  const kept = new Set(nodes.map((node) => node.id));
  const links = live.links
    .filter((link) => kept.has(link.from) && kept.has(link.to) && !absent.has(`route:${link.route_id}`))
    .map((link) => {
      if (!link.route_id || !changed.has(`route:${link.route_id}`)) return link;
      const state = before.get(`route:${link.route_id}`) ?? "unknown";
      return { ...link, state, missing: state !== "live" };
    });
  return { then: { ...live, nodes, links }, gone };
}
