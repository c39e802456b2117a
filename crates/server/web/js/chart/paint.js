// The sheet as SVG: what changed is drawn anew, everything else stays.
import { clipped, meaning, plain } from "./words.js";

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
  const drawn = new Map();

  function paint(scene, places) {
    const kept = new Set();
    const put = (id, layer, said, make) => {
      kept.add(id);
      const before = drawn.get(id);
      if (before?.said === said) return;
      const made = make();
      if (before) before.made.replaceWith(made);
      else layer.append(made);
      drawn.set(id, { said, made });
    };
    for (const node of scene.nodes) {
      const at = places.get(node.id);
      if (!at) continue;
      const isBox = (node.kind === "server" || node.kind === "group") && !node.folded;
      put(node.id, isBox ? layers.boxes : layers.nodes, signature(node, at), () => (isBox ? box(node, at, places) : leaf(node, at)));
      if (node.kind !== "group" || node.folded) continue;
      for (const member of node.members) {
        const cellAt = places.get(member.id);
        if (cellAt) put(member.id, layers.nodes, signature(member, cellAt), () => cell(member, cellAt));
      }
    }
    for (const link of scene.links) {
      const [from, to] = [places.get(link.from), places.get(link.to)];
      if (!from || !to) continue;
      const said = JSON.stringify([from, to, link.missing, link.links.length, link.links[0].state]);
      put(link.id, layers.links, said, () => line(link, from, to));
    }
    for (const [id, one] of drawn) {
      if (kept.has(id)) continue;
      one.made.remove();
      drawn.delete(id);
    }
  }

  // What leads to the chosen one and from it stands out; the rest steps back.
  function choose(chosen, path, scene) {
    svg.classList.toggle("has-choice", path !== null);
    const lit = new Set();
    for (const id of path ?? []) {
      lit.add(scene.stands.get(id) ?? id);
      if (scene.box.has(id)) lit.add(scene.box.get(id).id);
    }
    for (const [id, one] of drawn) {
      const ends = one.made.dataset.from;
      const on = ends ? lit.has(ends) && lit.has(one.made.dataset.to) : lit.has(id);
      one.made.classList.toggle("is-lit", path !== null && on);
      one.made.classList.toggle("is-chosen", id === chosen);
    }
  }

  function mark(ids, name) {
    for (const [id, one] of drawn) one.made.classList.toggle(name, ids.has(id));
  }

  return { sheet, paint, choose, mark };
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
  const round = { internet: 28, destination: 14, proxy: 4, service: 4, container: 4, group: 4, server: 8 }[node.kind] ?? 4;
  made.append(element("rect", { class: "body", width: at.width, height: at.height, rx: round }));
  if (node.kind === "proxy") made.append(element("path", { class: "bar", d: `M4 0h4v${at.height}h-4a4 4 0 0 1 -4 -4v-${at.height - 8}a4 4 0 0 1 4 -4z` }));
  if (node.kind === "service" || node.kind === "group") {
    made.append(element("path", { class: "behind", d: `M6 ${at.height + 3.5}h${at.width - 8}a5 5 0 0 0 5 -5v-${at.height - 10}` }));
  }
  const far = node.kind === "internet" ? 22 : 20;
  made.append(glyph({ ...node, state: node.state ?? (node.unwell ? "failed" : "running") }, far, at.height / 2));
  made.append(text(clipped(node.name, node.kind === "internet" ? 10 : 18), { class: "name", x: far + 14, y: at.height / 2 - 3 }));
  made.append(text(clipped(second(node), 26), { class: "sub", x: far + 14, y: at.height / 2 + 13 }));
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
  made.append(text(clipped(node.name, word ? 14 : 20), { class: "name", x: 26, y: at.height / 2 + 4 }));
  if (word) made.append(text(word, { class: "sub", x: at.width - 8, y: at.height / 2 + 4, "text-anchor": "end" }));
  return made;
}

function box(node, at, places) {
  const made = group(node, at, "is-box");
  made.append(element("rect", { class: "body", width: at.width, height: at.height, rx: node.kind === "server" ? 10 : 6 }));
  if (node.kind === "server") {
    made.append(element("path", { class: "head", d: `M10 0h${at.width - 20}a10 10 0 0 1 10 10v26h-${at.width}v-26a10 10 0 0 1 10 -10z` }));
    made.append(glyph(node, 20, 18));
    const room = Math.max(8, Math.floor((at.width - 130) / 8));
    made.append(text(clipped(node.name, room), { class: "name", x: 34, y: 23 }));
    made.append(text(`server, ${node.state}`, { class: "sub", x: at.width - 12, y: 22, "text-anchor": "end" }));
  } else {
    made.append(text(clipped(node.name, Math.max(12, Math.floor(at.width / 9))), { class: "sub title", x: 10, y: 21 }));
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
  const kind = `chart-link is-${link.kind} ${link.missing ? "is-missing" : ""} state-${link.links[0].state ?? "none"}`;
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
