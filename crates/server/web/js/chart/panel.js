// What is known of the chosen one, beside the sheet: its state, what it is connected with, its page,
// and the two questions about it. Texts from hosts are only ever set as text.
import { isWell, meaning, plain } from "./words.js";

const PAGES = { server: "/servers/", destination: "/destinations/", proxy: "/servers/", application: "/applications/", database: "/databases/" };

// What a link says, seen from either end.
const WORDS = {
  route: { to: "leads requests to", from: "gets requests from" },
  attachment: { to: "is on", from: "is served by" },
  member: { to: "has", from: "is on" },
  spans: { to: "spans", from: "is spanned by" },
  link: { to: "reaches", from: "is reached by" },
};

export function startPanel(root, chart) {
  const panel = root.querySelector("[data-panel]");
  const from = document.querySelector("#chart-reach [name=from]");
  const to = document.querySelector("#chart-reach [name=to]");
  let shown = "";

  function show(id, scene, lit) {
    panel.hidden = id === null;
    if (id === null) {
      shown = "";
      return panel.replaceChildren();
    }
    const world = chart.world();
    const group = scene.groups.get(id);
    const node = group ?? world.nodes.get(id);
    // An answer that somebody reads, or a button that they are on, stays while nothing changed.
    const said = JSON.stringify([node, world.into.get(id), world.out.get(id), isFolded(id, scene), lit.size]);
    if (said === shown) return;
    shown = said;
    const held = panel.contains(document.activeElement);
    const parts = [make("h2", { class: "text-lg font-semibold name" }, node.name), ...(group ? ofGroup(group) : ofNode(node, world))];
    parts.push(...connections(world, group ? group.members.map((member) => member.id) : [id]));
    parts.push(folding(id, node, scene), make("p", { class: "text-sm opacity-80" }, `${lit.size} things are on its path.`));
    parts.push(closing());
    panel.replaceChildren(...parts.filter(Boolean));
    if (held) panel.querySelector("button, a")?.focus();
  }

  function ofGroup(group) {
    const said = `${group.members.length} containers of ${group.name === "without a project" ? "no project" : "one project"}`;
    const list = make("ul", { class: "text-sm max-h-40 overflow-auto" });
    for (const member of group.members) list.append(make("li", {}, link(member)));
    return [make("p", {}, group.unwell ? `${said}, ${group.unwell} not well` : said), list];
  }

  function ofNode(node, world) {
    const state = make("p", {}, `${node.kind}, `);
    const means = { good: "success", moving: "info", bad: "error", odd: "warning" }[meaning(node)];
    state.append(make("span", { class: `state state-${meaning(node)} ${means ? `text-${means}` : ""}` }, node.missing ? `${node.state}, missing` : node.state));
    const parts = [state];
    if (node.reason) parts.push(make("p", { class: "text-sm name" }, plain(node.reason)));
    if (node.group) parts.push(make("p", { class: "text-sm name" }, `Project ${node.group}`));
    if (node.seen_at) parts.push(make("p", { class: "text-sm" }, `Looked at ${new Date(node.seen_at).toLocaleString()}`));
    const buttons = make("p", { class: "flex flex-wrap gap-2" });
    const page = pageOf(node);
    if (page) buttons.append(make("a", { class: "btn btn-sm btn-primary", href: page }, "Open its page"));
    if ((["container", "service", "destination"].includes(node.kind) || node.container) && !node.missing) {
      buttons.append(asks("From here", from, node, world), asks("To here", to, node, world));
    }
    parts.push(buttons);
    if (node.kind === "destination") parts.push(breaking(node));
    return parts;
  }

  function pageOf(node) {
    if (!PAGES[node.kind]) return null;
    const id = { destination: node.destination_id, application: node.application_id, database: node.application_id }[node.kind] ?? node.server_id;
    return id ? PAGES[node.kind] + encodeURIComponent(id) : null;
  }

  function asks(words, field, node, world) {
    const button = make("button", { class: "btn btn-sm", type: "button" }, words);
    const server = world.nodes.get(node.parent);
    button.addEventListener("click", () => {
      field.value = node.kind === "destination" ? node.destination_id : server ? `${server.name}:${node.container ?? node.name}` : (node.container ?? node.name);
      const details = field.closest("details");
      details.open = true;
      details.scrollIntoView({ block: "nearest" });
      (field === from ? to : from).focus();
    });
    return button;
  }

  // The preview of its deletion; nothing is done.
  function breaking(node) {
    const answer = make("div", { "aria-live": "polite" });
    const button = make("button", { class: "btn btn-sm", type: "button" }, "What breaks if I delete this?");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const path = `/do/delete/v1/destinations/${encodeURIComponent(node.destination_id)}?preview=true`;
        const headers = { "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded" };
        const response = await fetch(path, { method: "POST", headers });
        // A page of ours, whose texts are escaped; the policy lets nothing in it run.
        answer.innerHTML = await response.text();
      } catch {
        answer.textContent = "Portolan does not answer: look at the connection, then try again.";
      } finally {
        button.disabled = false;
      }
    });
    return make("div", { class: "space-y-2" }, button, answer);
  }

  function connections(world, ids) {
    const seen = new Set(ids);
    const rows = [];
    for (const id of ids) {
      for (const one of world.into.get(id) ?? []) if (!seen.has(one.from)) rows.push(row("from", one, world.nodes.get(one.from)));
      for (const one of world.out.get(id) ?? []) if (!seen.has(one.to)) rows.push(row("to", one, world.nodes.get(one.to)));
    }
    if (rows.length === 0) return [];
    const list = make("ul", { class: "text-sm space-y-1 max-h-64 overflow-auto" });
    list.append(...rows.slice(0, 100));
    if (rows.length > 100) list.append(make("li", {}, `and ${rows.length - 100} more`));
    return [make("h3", { class: "font-semibold" }, "Connected with"), list];
  }

  function row(way, one, other) {
    const said = one.label ? `${one.label} (${one.state}) ` : `${WORDS[one.kind][way]} `;
    const item = make("li", { class: "name" }, said, link(other));
    if (one.missing) item.append(make("span", { class: "text-error" }, " missing"));
    if (one.route_id) item.append(" ", make("a", { class: "link", href: `/routes/${encodeURIComponent(one.route_id)}` }, "route"));
    return item;
  }

  function link(node) {
    const button = make("button", { class: "link name text-left", type: "button" }, node.name);
    if (!isWell(node)) button.append(make("span", { class: "text-error" }, ` (${node.missing ? "missing" : node.state})`));
    button.addEventListener("click", () => chart.choose(node.id));
    return button;
  }

  function folding(id, node, scene) {
    const foldable = scene.groups.get(id) ?? scene.nodes.find((one) => one.id === id && one.kind === "server");
    if (!foldable) return null;
    const button = make("button", { class: "btn btn-sm", type: "button" }, foldable.folded ? "Unfold" : "Fold");
    button.addEventListener("click", () => chart.fold(id, !foldable.folded));
    return button;
  }

  function closing() {
    const button = make("button", { class: "btn btn-sm btn-ghost", type: "button" }, "Close");
    button.addEventListener("click", () => chart.choose(null));
    return button;
  }

  return { show };
}

function isFolded(id, scene) {
  return (scene.groups.get(id) ?? scene.nodes.find((one) => one.id === id))?.folded;
}

function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
