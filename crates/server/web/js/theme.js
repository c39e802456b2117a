// Dark and light: the system's choice unless the person made another, kept in this browser.
const KEY = "portolan-theme";
const NAMES = { light: "portolan-light", dark: "portolan-dark" };

export function startTheme() {
  apply(read());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-toggle]");
    if (button) toggle();
  });
}

function toggle() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = read() ?? (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts for this page.
  }
  apply(next);
}

function read() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept in NAMES ? kept : null;
  } catch {
    return null;
  }
}

function apply(theme) {
  if (theme) document.documentElement.dataset.theme = NAMES[theme];
}
