// The chart: the fleet as one live picture. Owns what is chosen and folded; where things go is in
// chart/arrange.js, how they look in chart/paint.js.
import { arrange, startArranging } from "./chart/arrange.js";
import { mermaid, png, save, svgText } from "./chart/exports.js";
import { startPainting } from "./chart/paint.js";
import { startPanel } from "./chart/panel.js";
import { index, path, scene } from "./chart/scene.js";
import { startHistory } from "./chart/history.js";
import { startView } from "./chart/view.js";

// Events come in swarms: one reading for all of them.
const PAUSE = 600;

const root = document.getElementById("chart");
if (root) start(root).catch((error) => say(`The chart could not be drawn: ${error.message}`));

function say(words) {
  const line = document.getElementById("chart-status");
  if (line) line.textContent = words;
}

async function start(root) {
  const svg = root.querySelector("svg");
  const painter = startPainting(svg);
  const view = startView(svg, painter.sheet, (at) => (root.querySelector("[data-zoom]").textContent = `${Math.round(at.k * 100)} %`), painter.reveal);
  startArranging(root.dataset.worker);
  const wanted = { kinds: new Set(["proxy", "destination", "application", "database", "container", "service"]), states: "all", folded: new Map() };
  const sheet = { width: 0, height: 0, places: new Map(), shape: "" };
  const state = { live: null, world: null, scene: null, chosen: null, turn: 0 };

  const panel = startPanel(root, {
    world: () => state.world,
    choose: (id) => choose(id, true),
    fold,
  });
  const history = startHistory(root, {
    live: () => state.live,
    show: (chart, marked) => show(chart).then(() => painter.mark(marked, "is-told")),
  });

  async function show(chart) {
    state.world = index(chart);
    root.classList.toggle("is-past", Boolean(chart.at));
    root.querySelector("[data-json]").href = `/v1/chart${chart.at ? `?at=${chart.at}` : ""}`;
    await draw();
  }

  async function draw() {
    const turn = ++state.turn;
    const next = scene(state.world, wanted);
    const shape = JSON.stringify([
      next.nodes.map((node) => [node.id, node.parent, node.folded, node.members?.map((member) => member.id)]),
      next.links.map((link) => link.id),
    ]);
    if (shape !== sheet.shape) {
      root.setAttribute("aria-busy", "true");
      const laid = await arrange(next);
      // Something newer is on its way.
      if (turn !== state.turn) return;
      const held = anchor(laid.places);
      const first = sheet.shape === "";
      Object.assign(sheet, laid, { shape });
      if (first) fit();
      else if (held) shift(held);
    }
    state.scene = next;
    painter.paint(next, sheet.places);
    choose(state.chosen, false);
    search();
    root.removeAttribute("aria-busy");
    say(counted(state.world.chart));
  }

  // What one looks at stays where it was: the chosen one, or what is in the middle.
  function anchor(places) {
    const [x, y] = [(svg.clientWidth / 2 - view.at.x) / view.at.k, (svg.clientHeight / 2 - view.at.y) / view.at.k];
    let best = null;
    for (const [id, place] of sheet.places) {
      if (!places.has(id)) continue;
      const far = id === state.chosen ? -1 : Math.hypot(place.x + place.width / 2 - x, place.y + place.height / 2 - y);
      if (!best || far < best.far) best = { far, before: place, after: places.get(id) };
    }
    return best;
  }

  function shift({ before, after }) {
    view.at.x += (before.x - after.x) * view.at.k;
    view.at.y += (before.y - after.y) * view.at.k;
    view.redraw();
  }

  function fit() {
    view.fit(sheet.width, sheet.height);
  }

  function fold(id, folded) {
    wanted.folded.set(id, folded);
    state.chosen = id;
    draw();
  }

  function choose(id, look) {
    const known = id !== null && (state.world.nodes.has(id) || state.scene.groups.has(id));
    state.chosen = known ? id : null;
    const lit = known ? pathOf(id) : null;
    painter.choose(state.scene.stands.get(state.chosen) ?? state.chosen, lit, state.scene);
    panel.show(state.chosen, state.scene, lit);
    const place = known ? sheet.places.get(state.scene.stands.get(id) ?? id) : null;
    if (look && place) view.center(place);
  }

  function pathOf(id) {
    const group = state.scene.groups.get(id);
    if (!group) return path(state.world, id);
    const all = group.members.map((member) => path(state.world, member.id));
    return new Set(all.flatMap((one) => [...one]).concat(id));
  }

  function search() {
    const text = root.querySelector("[data-find]").value.trim().toLowerCase();
    const found = new Set();
    if (text) {
      for (const node of state.world.chart.nodes) {
        if (`${node.name} ${node.group ?? ""} ${node.state}`.toLowerCase().includes(text)) found.add(node.id);
      }
    }
    const drawn = new Set([...found].map((id) => state.scene.stands.get(id) ?? id));
    painter.mark(drawn, "is-found");
    svg.classList.toggle("has-search", text !== "");
    root.querySelector("[data-found]").textContent = text ? `${found.size} found` : "";
    return [...found];
  }

  svg.addEventListener("click", (event) => {
    if (view.wasDragged()) return;
    const node = event.target.closest("[data-id]");
    choose(node ? node.dataset.id : null, false);
  });
  svg.addEventListener("dblclick", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    const group = id && (state.scene.groups.get(id) ?? state.scene.nodes.find((node) => node.id === id && node.kind === "server"));
    if (group) fold(id, !group.folded);
  });
  svg.addEventListener("chart:fit", fit);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null, false);
  });
  root.querySelector("[data-find]").addEventListener("input", search);
  root.querySelector("[data-find]").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = search();
    const next = found[(found.indexOf(state.chosen) + 1) % found.length];
    if (next) choose(next, true);
  });
  root.addEventListener("change", (event) => {
    const { kind, states } = event.target.dataset;
    if (kind) {
      if (event.target.checked) wanted.kinds.add(kind);
      else wanted.kinds.delete(kind);
    } else if (states !== undefined) wanted.states = event.target.value;
    else return;
    draw();
  });
  root.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act) acts[act]?.();
  });
  const foldAll = (folded) => {
    for (const id of state.scene.groups.keys()) wanted.folded.set(id, folded);
    for (const node of state.world.chart.nodes) if (node.kind === "server") wanted.folded.delete(node.id);
    draw().then(fit);
  };
  const title = () => `chart-${new Date().toISOString().slice(0, 10)}`;
  // What is out of sight is in a file as well.
  const drawing = () => {
    painter.whole();
    const text = svgText(svg, painter.sheet, sheet);
    view.settle();
    return text;
  };
  const acts = {
    in: () => view.zoom(1.25),
    out: () => view.zoom(0.8),
    fit,
    full: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()).then(fit, (error) => say(error.message)),
    fold: () => foldAll(true),
    unfold: () => foldAll(false),
    svg: () => save(new Blob([drawing()], { type: "image/svg+xml" }), `${title()}.svg`),
    png: async () => {
      try {
        save(await png(drawing(), sheet), `${title()}.png`);
      } catch (error) {
        say(`The picture could not be made: ${error.message}`);
      }
    },
    mermaid: () => save(new Blob([mermaid(state.world.chart)], { type: "text/plain" }), `${title()}.mmd`),
  };

  async function read() {
    const response = await fetch("/v1/chart", { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error((await response.json()).detail ?? response.statusText);
    state.live = await response.json();
    if (!history.isBack()) await show(state.live);
  }

  // The table says the same: it is read again while somebody looks at it.
  const twin = document.getElementById("chart-twin");
  async function tell() {
    const table = document.getElementById("chart-table");
    if (!twin.open || table.contains(document.activeElement)) return;
    const response = await fetch(`${location.pathname}${location.search}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("chart-table");
    if (fresh) table.replaceWith(document.adoptNode(fresh));
  }
  twin.addEventListener("toggle", () => tell().catch((error) => say(`The table may be old: ${error.message}`)));

  await read();
  if (history.isBack()) await history.open();
  let timer = null;
  document.addEventListener("portolan:event", (event) => {
    history.told(event.detail);
    timer ??= setTimeout(async () => {
      timer = null;
      await read().then(tell).catch((error) => say(`What is shown may be old: ${error.message}`));
    }, PAUSE);
  });
  const linked = new URLSearchParams(location.search).get("node");
  if (linked) choose(linked, true);
  root.classList.add("is-ready");
}

function counted(chart) {
  if (chart.nodes.length === 0) return chart.at ? "There was nothing yet." : "There is nothing to draw yet: add a server first.";
  const left = chart.left_out ? ` ${chart.left_out} containers are left out: one picture does not hold more.` : "";
  const missing = chart.nodes.filter((node) => node.missing).length;
  if (chart.at) return `As it was: ${chart.nodes.length} things, ${chart.links.length} connections. What ran on the hosts then is not kept.`;
  return `${chart.nodes.length} things, ${chart.links.length} connections, ${missing} missing.${left}`;
}
