// What states mean, for shapes and colours: the same groups as the macro `state` of the templates.
const MEANINGS = {
  good: ["ready", "reachable", "running", "live", "outside", "service", "attached"],
  moving: ["pending", "changing", "deleting", "removing", "queued", "new", "created", "starting", "restarting"],
  bad: ["failed", "unreachable", "refused", "missing", "dead", "down"],
  odd: ["drifted", "dark", "unhealthy"],
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
  const letters = [...safe(text)];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}\u2026` : letters.join("");
}

function safe(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");
}

// As much as there is room for, in writing of this size. Measuring each would cost more than it says.
export function fitted(text, room, size) {
  let width = 0;
  let kept = "";
  for (const letter of safe(text)) {
    width += size * breadth(letter);
    if (width > room) return `${kept.slice(0, -1)}\u2026`;
    kept += letter;
  }
  return kept;
}

function breadth(letter) {
  if (letter > "\u10ff" || letter === "\ufffd") return 1.1;
  if (/[MW@%mw]/.test(letter)) return 0.98;
  if (/[il.,:;'|!jtf ]/.test(letter)) return 0.38;
  return /[A-Z]/.test(letter) ? 0.75 : 0.66;
}

// A reason without the operations that it names in brackets: what can be done stands on the page of
// what is chosen.
export function plain(reason) {
  return reason?.replace(/ \(`[a-z]+(?:_[a-z]+)+[^`]*`\)/g, "");
}
