// What states mean, for shapes and colours: the same groups as the macro `state` of the templates.
const MEANINGS = {
  good: ["ready", "reachable", "running", "live", "outside", "service", "attached"],
  moving: ["pending", "changing", "deleting", "removing", "queued", "new", "created", "restarting"],
  bad: ["failed", "unreachable", "refused", "missing", "dead"],
  odd: ["drifted", "dark"],
};

export function meaning(node) {
  if (node.missing) return "bad";
  const found = Object.entries(MEANINGS).find(([, words]) => words.includes(node.state));
  return found ? found[0] : "off";
}

// Whether a person would want to look at it.
export function isWell(node) {
  return ["good", "off"].includes(meaning(node));
}

// Names may be endless, and may hold what turns the writing around.
export function clipped(text, most) {
  const safe = text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");
  const letters = [...safe];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}\u2026` : safe;
}

// A reason without the operations that it names in brackets: what can be done stands on the page of
// what is chosen.
export function plain(reason) {
  return reason?.replace(/ \(`[a-z]+(?:_[a-z]+)+[^`]*`\)/g, "");
}
