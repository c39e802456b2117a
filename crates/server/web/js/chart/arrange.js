// Where everything goes: sizes and nesting for ELK, and its answer as places on the sheet.
import ELK from "elkjs/lib/elk-api.js";

const CELL = { width: 168, height: 28, gap: 6, head: 34, pad: 10 };
const LEAF = { width: 188, height: 46 };
const FOLDED = { width: 188, height: 46 };

const RIGHT = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.spacing.nodeNode": "18",
  "elk.layered.spacing.nodeNodeBetweenLayers": "64",
  "elk.layered.spacing.edgeNodeBetweenLayers": "14",
  "elk.spacing.edgeNode": "10",
  "elk.spacing.componentComponent": "20",
  // The same fleet in the same order is the same sheet.
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.crossingMinimization.forceNodeModelOrder": "false",
  "elk.layered.thoroughness": "3",
};
const SERVER = { ...RIGHT, "elk.padding": "[top=52,left=16,bottom=16,right=16]", "elk.aspectRatio": "1.4" };
const FLEET = {
  "elk.algorithm": "rectpacking",
  "elk.aspectRatio": "1.5",
  "elk.spacing.nodeNode": "28",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
};

let elk;

export function startArranging(workerUrl) {
  elk = new ELK({ workerUrl, workerFactory: (url) => new Worker(url) });
}

export async function arrange(scene) {
  const graph = nest(scene);
  const laid = await elk.layout(graph);
  const places = new Map();
  place(laid, 0, 0, places, scene);
  return { places, width: laid.width ?? 0, height: laid.height ?? 0 };
}

function nest(scene) {
  const inside = new Map();
  const top = [];
  const servers = [];
  for (const node of scene.nodes) {
    if (node.kind === "server") {
      const box = node.folded
        ? { id: node.id, ...FOLDED }
        : { id: node.id, layoutOptions: SERVER, children: [], edges: [] };
      inside.set(node.id, box);
      servers.push(box);
    }
  }
  for (const node of scene.nodes) {
    if (node.kind === "server") continue;
    const parent = inside.get(node.parent);
    const item = { id: node.id, ...size(node) };
    if (parent?.children) parent.children.push(item);
    else if (!parent) top.push(item);
  }
  for (const box of servers) {
    // What holds nothing is no box.
    if (box.children?.length === 0) Object.assign(box, { width: LEAF.width, height: 60, children: undefined });
  }
  const owner = new Map();
  for (const box of servers) for (const child of box.children ?? []) owner.set(child.id, box);
  const items = new Set([...top, ...servers].map((item) => item.id));
  const edges = [];
  const taken = new Set();
  for (const link of scene.links) {
    const from = ends(link.from, scene);
    const to = ends(link.to, scene);
    if (owner.has(from) && owner.get(from) === owner.get(to)) {
      add(owner.get(from).edges, taken, from, to);
      continue;
    }
    const [a, b] = [from, to].map((id) => (owner.has(id) || inside.has(id) ? "fleet" : id));
    if (a === b || (a !== "fleet" && !items.has(a)) || (b !== "fleet" && !items.has(b))) continue;
    // Overlays stand on the right of the fleet, and their services behind them.
    if (link.kind === "spans") add(edges, taken, b, a);
    else add(edges, taken, a, b);
  }
  const fleet = { id: "fleet", layoutOptions: FLEET, children: servers };
  const children = servers.length > 0 ? [...top, fleet] : top;
  return { id: "sheet", layoutOptions: { ...RIGHT, "elk.padding": "[top=24,left=24,bottom=24,right=24]" }, children, edges };
}

// A member of an unfolded group is inside of a box that ELK sees as one node.
function ends(id, scene) {
  const group = scene.box.get(id);
  return group && !group.folded ? group.id : id;
}

function add(edges, taken, from, to) {
  const id = `${from} > ${to}`;
  if (taken.has(id) || taken.has(`${to} > ${from}`)) return;
  taken.add(id);
  edges.push({ id, sources: [from], targets: [to] });
}

function size(node) {
  if (node.kind === "internet") return { width: 132, height: 56 };
  if (node.kind !== "group" || node.folded) return { ...LEAF };
  const { columns, rows } = grid(node.members.length);
  return {
    width: columns * (CELL.width + CELL.gap) - CELL.gap + 2 * CELL.pad,
    height: rows * (CELL.height + CELL.gap) - CELL.gap + CELL.head + CELL.pad,
  };
}

function grid(count) {
  const columns = Math.max(1, Math.round(Math.sqrt(count / 2.5)));
  return { columns, rows: Math.ceil(count / columns) };
}

function place(item, x, y, places, scene) {
  for (const child of item.children ?? []) {
    const at = { x: x + (child.x ?? 0), y: y + (child.y ?? 0), width: child.width, height: child.height };
    if (child.id !== "fleet") places.set(child.id, at);
    place(child, at.x, at.y, places, scene);
    const group = scene.groups.get(child.id);
    if (group && !group.folded) cells(group, at, places);
  }
}

function cells(group, box, places) {
  const { columns } = grid(group.members.length);
  group.members.forEach((member, number) => {
    places.set(member.id, {
      x: box.x + CELL.pad + (number % columns) * (CELL.width + CELL.gap),
      y: box.y + CELL.head + Math.floor(number / columns) * (CELL.height + CELL.gap),
      width: CELL.width,
      height: CELL.height,
    });
  });
}
