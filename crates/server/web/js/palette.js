// The command palette (Ctrl+K or /) and the keys that lead to pages (g, then a letter).
const CHORD = 1200;
let begun = 0;

export function startPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  document.addEventListener("keydown", (event) => key(event, palette));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) open(palette);
  });
  const input = palette.querySelector("input");
  input.addEventListener("input", () => narrow(palette, input.value));
  input.addEventListener("keydown", (event) => {
    const first = palette.querySelector("li:not([hidden]) a");
    if (event.key === "Enter" && first) {
      event.preventDefault();
      first.click();
    }
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  });
  palette.addEventListener("keydown", (event) => walk(event, palette));
}

function key(event, palette) {
  const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
  if (command) {
    event.preventDefault();
    return open(palette);
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
  if (event.key === "/") {
    event.preventDefault();
    const search = document.querySelector("main input[type='search']");
    return search ? search.focus() : open(palette);
  }
  if (event.key === "?") return document.getElementById("keys")?.showModal();
  if (event.key === "g") return void (begun = Date.now());
  const target = palette.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target && Date.now() - begun < CHORD) target.click();
  begun = 0;
}

function open(palette) {
  palette.showModal();
  const input = palette.querySelector("input");
  input.value = "";
  narrow(palette, "");
  input.focus();
}

function narrow(palette, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of palette.querySelectorAll("li")) {
    const said = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => said.includes(word));
  }
}

function walk(event, palette) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches("input")) return;
  const links = [...palette.querySelectorAll("li:not([hidden]) a")];
  const next = links[links.indexOf(document.activeElement) + step];
  event.preventDefault();
  (next ?? palette.querySelector("input")).focus();
}
