// Colours of the terminal: those of the page around it.
function read(place) {
  const { color, backgroundColor } = getComputedStyle(place);
  return {
    background: backgroundColor,
    foreground: color,
    cursor: color,
    cursorAccent: backgroundColor,
    selectionForeground: backgroundColor,
    selectionBackground: color,
  };
}

// Puts them on, and again whenever the page changes its own.
export function followTheme(terminal, place) {
  const put = () => (terminal.options.theme = read(place));
  put();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", put);
  new MutationObserver(put).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
