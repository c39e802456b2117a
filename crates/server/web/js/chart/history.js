// Back in time: which moment is shown, and the events to step by. What the fleet was then the server
// says (/v1/chart?at=); the links and the form of the page do the same without a script.
const PART = 200;
const ABOUT = ["server", "destination", "route"];
// A slider says where it is more often than anybody can read an answer.
const PAUSE = 120;
const LEAP = 10;

export function startHistory(root, chart) {
  const bar = document.querySelector("[data-past]");
  const part = (name) => bar.querySelector(`[data-${name}]`);
  const [range, ticks, form, words] = ["range", "ticks", "choose", "moment"].map(part);
  const field = form.elements.at;
  const since = Date.parse(bar.dataset.since) || 0;
  let at = Date.parse(bar.dataset.at) || null;
  // Newest first: those that are about the fleet.
  let events = [];
  let next = "";
  let reading = null;
  let timer = null;
  let turn = 0;

  part("zone").textContent = "(your time)";
  field.min = local(since);
  field.value = at ? local(at) : "";

  // The newest events once somebody looks back, older ones when they are stepped to.
  async function more() {
    const response = await fetch(`/v1/events?limit=${PART}${next && `&cursor=${encodeURIComponent(next)}`}`);
    if (!response.ok) throw new Error(response.statusText);
    const page = await response.json();
    const fresh = page.items.map(timed).filter((event) => event.time >= since);
    events = [...events, ...fresh.filter(isOfTheFleet)];
    next = fresh.length < page.items.length ? null : page.next ?? null;
  }

  function begin() {
    reading ??= more().then(draw, (error) => (words.textContent = `The events could not be read: ${error.message}`));
    return reading;
  }

  function first() {
    return next === null || events.length === 0 ? since : events.at(-1).time;
  }

  function draw() {
    range.min = Math.min(first(), at ?? Infinity);
    range.max = Date.now();
    range.value = at ?? range.max;
    const length = Math.max(1, range.max - range.min);
    const lines = new Map();
    for (const event of events) {
      const x = (((event.time - range.min) / length) * 1000).toFixed(1);
      lines.set(event.severity, `${lines.get(event.severity) ?? ""}M${x} 0v10`);
    }
    const path = ([severity, d]) => {
      const made = document.createElementNS(ticks.namespaceURI, "path");
      made.setAttribute("class", `tick tick-${severity}`);
      made.setAttribute("d", d);
      return made;
    };
    ticks.replaceChildren(...[...lines].map(path));
    say();
  }

  function say() {
    field.value = at ? local(at) : "";
    const told = latest();
    const moment = at && new Date(at).toLocaleString();
    words.textContent = at ? `As it was at ${moment}${told.length ? `: ${told.slice(0, 3).map((event) => event.message).join("; ")}` : ""}` : "This is now.";
    range.setAttribute("aria-valuetext", words.textContent);
    for (const [name, is] of [["earlier", first() < (at ?? Infinity) || next], ["later", at !== null]]) {
      const link = bar.querySelector(`[data-step=${name}]`);
      link.classList.toggle("btn-disabled", !is);
      link.setAttribute("aria-disabled", String(!is));
      link.href = address();
    }
  }

  // The last that happened until then, all of the same moment.
  function latest() {
    if (!at) return [];
    const last = events.find((event) => event.time <= at);
    return last ? events.filter((event) => event.time === last.time) : [];
  }

  function address() {
    const url = new URL(location);
    if (at) url.searchParams.set("at", new Date(at).toISOString());
    else url.searchParams.delete("at");
    return `${url.pathname}${url.search}`;
  }

  async function go(moment) {
    at = moment === null || moment >= Date.now() ? null : Math.max(moment, since);
    window.history.replaceState(null, "", address());
    draw();
    const mine = ++turn;
    const then = at ? await read(at) : chart.live();
    // Something newer is wanted already.
    if (mine !== turn || !then) return;
    const marked = latest().filter((event) => event.time === at);
    await chart.show(then, new Set(marked.map(nodeOf)));
  }

  async function read(moment) {
    const response = await fetch(`/v1/chart?at=${new Date(moment).toISOString()}`);
    const said = await response.json();
    if (response.ok) return said;
    words.textContent = said.errors?.map((one) => `${one.field} ${one.message}`).join("; ") ?? said.detail ?? response.statusText;
    return null;
  }

  async function earlier(steps = 1) {
    await begin();
    const before = () => events.filter((event) => event.time < (at ?? Infinity));
    while (next && before().length < steps) await more();
    const found = moments(before());
    return go(found[Math.min(steps, found.length) - 1] ?? since);
  }

  async function later(steps = 1) {
    await begin();
    const found = moments(events.filter((event) => at && event.time > at)).reverse();
    return go(found[steps - 1] ?? null);
  }

  const failed = (error) => (words.textContent = `That could not be shown: ${error.message}`);
  bar.addEventListener("toggle", () => bar.open && begin());
  range.addEventListener("input", () => {
    const moment = Number(range.value) >= Number(range.max) ? null : Number(range.value);
    clearTimeout(timer);
    timer = setTimeout(() => go(moment).catch(failed), PAUSE);
  });
  range.addEventListener("keydown", (event) => {
    const act = {
      ArrowLeft: () => earlier(), ArrowDown: () => earlier(), PageDown: () => earlier(LEAP), Home: () => go(since),
      ArrowRight: () => later(), ArrowUp: () => later(), PageUp: () => later(LEAP), End: () => go(null),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act().catch(failed);
  });
  bar.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-step], a[data-now]");
    if (!link) return;
    event.preventDefault();
    const act = { earlier, later }[link.dataset.step] ?? (() => go(null));
    act().catch(failed);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin().then(() => go(new Date(field.value).getTime())).catch(failed);
  });

  return {
    isBack: () => at !== null,
    // What the address asks for.
    open: () => begin().then(() => go(at)),
    told(event) {
      if (!reading || !isOfTheFleet(event)) return;
      events = [timed(event), ...events];
      draw();
    },
  };
}

const timed = (event) => ({ ...event, time: Date.parse(event.at) });
const isOfTheFleet = (event) => ABOUT.includes(event.subject.type);
const moments = (events) => [...new Set(events.map((event) => event.time))];

// As a field for date and time has it: without a zone, so it is the reader's.
function local(moment) {
  const zone = new Date(moment).getTimezoneOffset() * 60_000;
  return new Date(moment - zone).toISOString().slice(0, -1);
}

function nodeOf(event) {
  if (event.kind.startsWith("proxy.")) return `proxy:${event.server_id ?? event.subject.id}`;
  return `${event.subject.type}:${event.subject.id}`;
}
