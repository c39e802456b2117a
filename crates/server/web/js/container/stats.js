// What a container uses, while somebody looks: samples of the API as server-sent events, as numbers and
// as small charts. A hidden page asks for nothing.
const MOST = 120;
const SVG = "http://www.w3.org/2000/svg";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const [AGAIN, SELDOM] = [2_000, 30_000];

function bytes(count) {
  let unit = 0;
  while (count >= 1024 && unit < UNITS.length - 1) [count, unit] = [count / 1024, unit + 1];
  return `${unit ? (Math.floor(count * 10) / 10).toFixed(1) : Math.round(count)} ${UNITS[unit]}`;
}

// One line for each row of numbers; the highest reaches the top.
function draw(chart, rows, least) {
  const top = Math.max(least, ...rows.flat());
  const lines = rows.map((row, nth) => {
    const line = document.createElementNS(SVG, "polyline");
    const point = (value, at) => `${120 - (row.length - 1 - at)},${39 - (38 * value) / top}`;
    line.setAttribute("points", row.map(point).join(" "));
    line.dataset.nth = nth;
    return line;
  });
  chart.replaceChildren(...lines);
}

export function startStats(place) {
  if (!place) return;
  const status = place.querySelector("[data-status]");
  const set = (kind, name, text) => (place.querySelector(`[data-${kind}="${name}"]`).textContent = text);
  const chart = (name, rows, least) => draw(place.querySelector(`[data-chart="${name}"]`), rows, least);
  let [source, timer, samples, pause] = [undefined, undefined, [], AGAIN];

  // How much a second, between each sample and the one before.
  function rates(what) {
    return samples.slice(1).map((now, nth) => {
      const before = samples[nth];
      const seconds = (new Date(now.at) - new Date(before.at)) / 1000;
      const moved = now[what] - before[what];
      return seconds > 0 && moved >= 0 ? moved / seconds : 0;
    });
  }

  function both(name, [one, first], [other, second]) {
    const now = samples.at(-1);
    set("value", name, `${bytes(now[one])} ${first}, ${bytes(now[other])} ${second}`);
    const rows = [rates(one), rates(other)];
    if (!rows[0].length) return;
    set("rate", name, `now ${bytes(rows[0].at(-1))} ${first} and ${bytes(rows[1].at(-1))} ${second} a second`);
    chart(name, rows, 1024);
  }

  function show(now) {
    samples = [...samples, now].slice(-MOST);
    if (now.cpu_thousandths !== null) set("value", "cpu", `${(now.cpu_thousandths / 10).toFixed(1)} %`);
    chart("cpu", [samples.map((one) => one.cpu_thousandths ?? 0)], 100);
    set("value", "memory", bytes(now.memory_bytes));
    chart("memory", [samples.map((one) => one.memory_bytes)], 1 << 20);
    both("network", ["received_bytes", "in"], ["sent_bytes", "out"]);
    both("disk", ["read_bytes", "read"], ["written_bytes", "written"]);
    set("value", "processes", now.processes);
    const time = place.querySelector("time");
    if (time) time.dateTime = now.at;
  }

  function close(words) {
    clearTimeout(timer);
    source?.close();
    source = undefined;
    status.textContent = words;
  }

  function open() {
    samples = [];
    source = new EventSource(place.dataset.path);
    source.onopen = () => {
      pause = AGAIN;
      status.textContent = "Live.";
    };
    source.onmessage = ({ data }) => show(JSON.parse(data));
    source.addEventListener("ended", ({ data }) => {
      const { message, remedy } = JSON.parse(data);
      close(`Ended: ${message}.${remedy ? ` To do: ${remedy}` : ""}`);
    });
    source.onerror = () => {
      close("The connection broke off; trying again.");
      timer = setTimeout(open, pause);
      pause = Math.min(2 * pause, SELDOM);
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close("Not live while nobody looks.");
    else if (!source) open();
  });
  window.addEventListener("pagehide", () => close(""));
  open();
}
