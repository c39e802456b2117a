// Moments as people say them ("3 minutes ago"); the exact one stays in the title.
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function startTimes() {
  tell(document);
  setInterval(() => tell(document), 15_000);
  document.addEventListener("htmx:load", (event) => tell(event.target));
}

function tell(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = at.toLocaleString();
    time.textContent = relative((at.getTime() - Date.now()) / 1000);
  }
}

function relative(seconds) {
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return words.format(Math.round(seconds / length), unit);
}
