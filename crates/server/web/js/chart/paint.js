// The sheet as SVG: what changed is drawn anew, everything else stays. Of a large fleet only what is in
// sight is there: browsers slow down with what they hold, seen or not.
import { fitted, meaning, plain } from "./words.js";

// With fewer things than this, all of them are there.
const MANY = 400;

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  good: "M0 -5a5 5 0 1 0 0.01 0z",
  moving: "M0 -4.5a4.5 4.5 0 1 0 0.01 0z",
  off: "M0 -4.5a4.5 4.5 0 1 0 0.01 0z",
  bad: "M0 -6L6 5L-6 5z",
  odd: "M0 -6L6 0L0 6L-6 0z",
};

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function text(words, attributes) {
  const made = element("text", attributes);
  made.textContent = words;
  return made;
}

export function startPainting(svg) {
  const sheet = element("g", { class: "sheet" });
  const layers = { boxes: element("g"), links: element("g", { class: "links" }), nodes: element("g") };
  sheet.append(layers.boxes, layers.links, layers.nodes);
  svg.append(sheet);
  // By id: what it says, where it is, and its element once it was in sight.
  const drawn = new Map();
  const now = { window: null, lit: null, chosen: null, marks: new Map() };

  function paint(scene, places) {
    const kept = new Set();
    const put = (id, layer, said, one) => {
      kept.add(id);
      const before = drawn.get(id);
      if (before?.said === said) return;
      before?.made?.remove();
      drawn.set(id, { ...one, id, said, layer, made: null });
    };
    for (const node of scene.nodes) {
      const at = places.get(node.id);
      if (!at) continue;
      const isBox = (node.kind === "server" || node.kind === "group") && !node.folded;
      const make = () => (isBox ? box(node, at, places) : leaf(node, at));
      // Boxes are few, and stand in order: one in another is above it.
      put(node.id, isBox ? layers.boxes : layers.nodes, signature(node, at), { at, make, stays: isBox });
      if (node.kind !== "group" || node.folded) continue;
      for (const member of node.members) {
        const cellAt = places.get(member.id);
        if (cellAt) put(member.id, layers.nodes, signature(member, cellAt), { at: cellAt, make: () => cell(member, cellAt), fine: true });
      }
    }
    for (const link of scene.links) {
      const [from, to] = [places.get(link.from), places.get(link.to)];
      if (!from || !to) continue;
      const said = JSON.stringify([from, to, link.missing, link.links.length, link.links[0].state]);
      put(link.id, layers.links, said, { at: around(from, to), ends: link, make: () => line(link, from, to) });
    }
    for (const [id, one] of drawn) {
      if (kept.has(id)) continue;
      one.made?.remove();
      drawn.delete(id);
    }
    inOrder(scene);
    reveal(now.window);
  }

  // Boxes that changed were put last: what they are in has to stay below them.
  function inOrder(scene) {
    for (const node of scene.nodes) {
      const one = drawn.get(node.id);
      if (one?.stays) attach(one), layers.boxes.append(one.made);
    }
  }

  // Only what is in this window of the sheet, { left, top, right, bottom, far }.
  function reveal(window) {
    now.window = window;
    const few = drawn.size < MANY;
    for (const one of drawn.values()) {
      if (few || one.stays || (window && isIn(one, window))) attach(one);
      else one.made?.remove();
    }
  }

  function attach(one) {
    if (!one.made) {
      one.made = one.make();
      dress(one);
    }
    if (!one.made.isConnected) one.layer.append(one.made);
  }

  // For files: everything, until the window is the next time.
  function whole() {
    for (const one of drawn.values()) attach(one);
  }

  function dress(one) {
    const { lit, chosen, marks } = now;
    const on = one.ends ? lit?.has(one.ends.from) && lit.has(one.ends.to) : lit?.has(one.id);
    one.made.classList.toggle("is-lit", Boolean(on));
    one.made.classList.toggle("is-chosen", one.id === chosen);
    for (const [name, ids] of marks) one.made.classList.toggle(name, ids.has(one.id));
  }

  function dressAll() {
    for (const one of drawn.values()) if (one.made) dress(one);
  }

  // What leads to the chosen one and from it stands out; the rest steps back.
  function choose(chosen, path, scene) {
    svg.classList.toggle("has-choice", path !== null);
    const lit = new Set();
    for (const id of path ?? []) {
      lit.add(scene.stands.get(id) ?? id);
      if (scene.box.has(id)) lit.add(scene.box.get(id).id);
    }
    Object.assign(now, { lit: path && lit, chosen });
    dressAll();
  }

  function mark(ids, name) {
    now.marks.set(name, ids);
    dressAll();
  }

  return { sheet, paint, choose, mark, reveal, whole };
}

function isIn(one, window) {
  if (one.fine && window.far) return false;
  const { x, y, width, height } = one.at;
  return x < window.right && x + width > window.left && y < window.bottom && y + height > window.top;
}

// Where a line runs: bends reach a little beyond its ends.
function around(from, to) {
  const [x, y] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
  const right = Math.max(from.x + from.width, to.x + to.width);
  return { x: x - 60, y: y - 60, width: right - x + 120, height: Math.max(from.y + from.height, to.y + to.height) - y + 120 };
}

function signature(node, at) {
  const { name, state, missing, reason, folded, unwell } = node;
  // Boxes show their members from afar.
  const members = folded ? node.members?.length : node.members?.map((member) => [member.id, meaning(member)]);
  return JSON.stringify([at, name, state, missing, reason, folded, unwell, members]);
}

function group(node, at, extra = "") {
  const kind = `chart-node is-${node.kind} means-${meaning(node)} ${node.missing ? "is-missing" : ""} ${extra}`;
  const made = element("g", { class: kind, transform: `translate(${at.x} ${at.y})`, "data-id": node.id });
  const title = element("title");
  title.textContent = [node.name, `${node.kind}, ${node.state ?? `${node.members?.length} containers`}`, plain(node.reason)]
    .filter(Boolean)
    .join("\n");
  made.append(title);
  return made;
}

function glyph(node, x, y) {
  const means = meaning(node);
  return element("path", { class: `glyph glyph-${means}`, d: SHAPES[means], transform: `translate(${x} ${y})` });
}

function leaf(node, at) {
  const made = group(node, at);
  const round = { internet: 28, destination: 14, proxy: 4, service: 4, application: 4, database: 4, container: 4, group: 4, server: 8 }[node.kind] ?? 4;
  made.append(element("rect", { class: "body", width: at.width, height: at.height, rx: round }));
  if (node.kind === "proxy") made.append(element("path", { class: "bar", d: `M4 0h4v${at.height}h-4a4 4 0 0 1 -4 -4v-${at.height - 8}a4 4 0 0 1 4 -4z` }));
  if (node.kind === "service" || node.kind === "group") {
    made.append(element("path", { class: "behind", d: `M6 ${at.height + 3.5}h${at.width - 8}a5 5 0 0 0 5 -5v-${at.height - 10}` }));
  }
  const far = node.kind === "internet" ? 22 : 20;
  made.append(glyph({ ...node, state: node.state ?? (node.unwell ? "failed" : "running") }, far, at.height / 2));
  made.append(text(fitted(node.name, at.width - far - 20, 13), { class: "name", x: far + 14, y: at.height / 2 - 3 }));
  made.append(text(fitted(second(node), at.width - far - 20, 11), { class: "sub", x: far + 14, y: at.height / 2 + 13 }));
  return made;
}

function second(node) {
  if (node.kind === "internet") return "outside";
  if (node.kind === "group") return `${node.members.length} containers${node.unwell ? `, ${node.unwell} not well` : ""}`;
  if (node.kind === "server") return `server, ${node.state}, folded`;
  if (node.kind === "service") return "service";
  return node.missing ? `${node.kind}, missing` : `${node.kind}, ${node.state}`;
}

function cell(node, at) {
  const made = group(node, at, "is-cell");
  made.append(element("rect", { class: "body", width: at.width, height: at.height, rx: 4 }));
  made.append(glyph(node, 14, at.height / 2));
  const word = ["running", "service"].includes(node.state) ? "" : ` ${node.state}`;
  made.append(text(fitted(node.name, at.width - 34 - word.length * 6, 12), { class: "name", x: 26, y: at.height / 2 + 4 }));
  if (word) made.append(text(word, { class: "sub", x: at.width - 8, y: at.height / 2 + 4, "text-anchor": "end" }));
  return made;
}

function box(node, at, places) {
  const made = group(node, at, "is-box");
  made.append(element("rect", { class: "body", width: at.width, height: at.height, rx: node.kind === "server" ? 10 : 6 }));
  if (node.kind === "server") {
    made.append(element("path", { class: "head", d: `M10 0h${at.width - 20}a10 10 0 0 1 10 10v26h-${at.width}v-26a10 10 0 0 1 10 -10z` }));
    made.append(glyph(node, 20, 18));
    made.append(text(fitted(node.name, Math.max(60, at.width - 44 - 6 * `server, ${node.state}`.length), 13), { class: "name", x: 34, y: 23 }));
    // From very far away: as large as the box has room for.
    made.append(text(fitted(node.name, at.width - 24, 60), { class: "far-name", x: 12, y: 56 }));
    made.append(text(`server, ${node.state}`, { class: "sub", x: at.width - 12, y: 22, "text-anchor": "end" }));
  } else {
    made.append(text(fitted(node.name, at.width - 20, 11), { class: "sub title", x: 10, y: 21 }));
    made.append(...fromAfar(node, at, places));
  }
  return made;
}

// The members without their writing, all of one meaning as one path: thousands stay quick.
function fromAfar(node, at, places) {
  const paths = new Map();
  for (const member of node.members) {
    const place = places.get(member.id);
    if (!place) continue;
    const [x, y, means] = [place.x - at.x, place.y - at.y, meaning(member)];
    paths.set(means, `${paths.get(means) ?? ""}M${x} ${y}h${place.width}v${place.height}h${-place.width}z`);
  }
  return [...paths].map(([means, d]) => element("path", { class: `afar afar-${means}`, d }));
}

function line(link, from, to) {
  const kind = `chart-link is-${link.kind} ${link.missing ? "is-missing" : ""} state-${link.links[0].state ?? "none"} ${link.from === "internet" ? "is-entry" : ""}`;
  const made = element("path", { class: kind, d: curve(from, to), "data-from": link.from, "data-to": link.to });
  const title = element("title");
  const labels = link.links.map((one) => one.label && `${one.label} (${one.state})`).filter(Boolean);
  title.textContent = labels.length > 0 ? labels.slice(0, 20).join("\n") : `${link.kind}${link.missing ? ", missing" : ""}`;
  made.append(title);
  return made;
}

// From side to side, as a river; to what stands above or below, from edge to edge.
function curve(from, to) {
  const [a, b] = [from.y + from.height / 2, to.y + Math.min(to.height / 2, 60)];
  if (to.x >= from.x + from.width) return bend(from.x + from.width, a, to.x, b);
  if (from.x >= to.x + to.width) return bend(from.x, a, to.x + to.width, b);
  const [x, down] = [from.x + from.width / 2, to.y > from.y];
  const [start, end] = down ? [from.y + from.height, to.y] : [from.y, to.y + to.height];
  const middle = (start + end) / 2;
  const goal = to.x + Math.min(to.width / 2, 90);
  return `M${x} ${start}C${x} ${middle} ${goal} ${middle} ${goal} ${end}`;
}

function bend(x1, y1, x2, y2) {
  const half = Math.max(24, Math.abs(x2 - x1) / 2) * Math.sign(x2 - x1 || 1);
  return `M${x1} ${y1}C${x1 + half} ${y1} ${x2 - half} ${y2} ${x2} ${y2}`;
}
