// What of the fleet is to be seen now: groups that are folded stand for what is in them.
import { isWell } from "./words.js";

// With more containers than this, groups are folded until somebody unfolds them.
const MANY = 120;
// So many without a project stand alone; more of them become a group.
const FEW = 4;

export function index(chart) {
  const nodes = new Map(chart.nodes.map((node) => [node.id, node]));
  const out = new Map();
  const into = new Map();
  for (const link of chart.links) {
    list(out, link.from).push(link);
    list(into, link.to).push(link);
  }
  return { chart, nodes, out, into, many: chart.nodes.length > MANY };
}

function list(map, key) {
  if (!map.has(key)) map.set(key, []);
  return map.get(key);
}

// Everything that leads to a node, and everything that it leads to.
export function path(world, id) {
  const found = new Set([id]);
  walk(world.into, id, (link) => link.from, found);
  walk(world.out, id, (link) => link.to, found);
  const node = world.nodes.get(id);
  if (node?.kind === "server") {
    for (const other of world.chart.nodes) if (other.parent === id) found.add(other.id);
  }
  for (const one of [...found]) {
    const parent = world.nodes.get(one)?.parent;
    if (parent) found.add(parent);
  }
  return found;
}

function walk(links, from, other, found) {
  const waiting = [from];
  while (waiting.length > 0) {
    for (const link of links.get(waiting.pop()) ?? []) {
      // An overlay reaches servers; it does not lead on to all that is on them.
      const next = other(link);
      if (found.has(next)) continue;
      found.add(next);
      if (link.kind !== "spans") waiting.push(next);
    }
  }
}

// `wanted`: { kinds, states, folded: Map of group id to what a person chose }.
export function scene(world, wanted) {
  const shown = world.chart.nodes.filter((node) => isShown(node, wanted));
  const isFolded = (id) => wanted.folded.get(id) === true;
  const groups = gather(world, shown, wanted);
  const box = new Map();
  for (const group of groups.values()) for (const member of group.members) box.set(member.id, group);
  const stands = new Map();
  const nodes = [];
  for (const node of shown) {
    const group = box.get(node.id);
    if (node.parent && isFolded(node.parent)) stands.set(node.id, node.parent);
    else if (group) stands.set(node.id, group.folded ? group.id : node.id);
    else {
      stands.set(node.id, node.id);
      nodes.push(node.kind === "server" ? { ...node, folded: isFolded(node.id) } : node);
    }
  }
  for (const group of groups.values()) {
    if (!(group.parent && isFolded(group.parent))) nodes.push(group);
  }
  return { nodes, links: lifted(world, stands, box), stands, groups, box };
}

function isShown(node, wanted) {
  if (node.kind === "server" || node.kind === "internet") return true;
  if (!wanted.kinds.has(node.kind)) return false;
  return wanted.states === "all" || !isWell(node);
}

function groupOf(world, node) {
  if (node.kind !== "container" && node.kind !== "service") return null;
  if (node.missing) return null;
  const place = node.parent ?? "swarm";
  if (node.group) return `group:${place}:${node.group}`;
  const on = (world.into.get(node.id) ?? []).filter((link) => link.kind === "member");
  return `loose:${place}:${on.map((link) => link.from).sort().join(",")}`;
}

function gather(world, shown, wanted) {
  const groups = new Map();
  for (const node of shown) {
    const id = groupOf(world, node);
    if (!id) continue;
    const name = node.group ?? "without a project";
    if (!groups.has(id)) groups.set(id, { id, kind: "group", name, parent: node.parent, members: [] });
    groups.get(id).members.push(node);
  }
  for (const [id, group] of groups) {
    if (id.startsWith("loose:") && group.members.length < FEW) groups.delete(id);
    group.folded = wanted.folded.get(id) ?? world.many;
    group.unwell = group.members.filter((node) => !isWell(node)).length;
  }
  return groups;
}

// Links between what stands there; those between the same two are one.
function lifted(world, stands, box) {
  const found = new Map();
  for (const link of world.chart.links) {
    const from = stands.get(link.from);
    // Members are many: the line goes to their box.
    const inBox = link.kind === "member" && stands.get(link.to) === link.to ? box.get(link.to) : undefined;
    const to = inBox ? inBox.id : stands.get(link.to);
    if (!from || !to || from === to) continue;
    const key = `${link.kind} ${from} ${to}`;
    const one = found.get(key) ?? { id: key, kind: link.kind, from, to, links: [] };
    one.links.push(link);
    found.set(key, one);
  }
  for (const one of found.values()) one.missing = one.links.every((link) => link.missing);
  return [...found.values()];
}
