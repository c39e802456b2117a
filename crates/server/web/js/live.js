// Pages follow what happens: parts that name what they show are read again after its events.
//
// <section data-live="destination:ID server:ID" data-live-url="/destinations/ID"> with an id is
// replaced by the element of that id on the page; `*` follows everything.
import htmx from "htmx.org";

const PAUSE = 300;
const waiting = new Set();
let timer;

export function startLive() {
  followOperations();
  document.addEventListener("htmx:load", followOperations);
  if (!document.querySelector("[data-live]")) return;
  // From where this page was read: nothing that happened since is missed.
  const after = document.body.dataset.after ?? "";
  const source = new EventSource(`/v1/events/stream${after && `?after=${encodeURIComponent(after)}`}`);
  source.addEventListener("message", (event) => rung(JSON.parse(event.data)));
  source.addEventListener("open", () => connection(true));
  source.addEventListener("error", () => connection(false));
  window.addEventListener("pagehide", () => source.close());
}

function connection(stands) {
  const line = document.getElementById("connection");
  if (!line) return;
  // What was missed while it was away is read at once.
  if (stands && !line.hidden) for (const part of parts()) later(part);
  line.hidden = stands;
}

function parts() {
  return document.querySelectorAll("[data-live]");
}

function rung(event) {
  // For what draws itself: the chart.
  document.dispatchEvent(new CustomEvent("portolan:event", { detail: event }));
  const told = [
    `${event.subject.type}:${event.subject.id}`,
    `server:${event.server_id}`,
    `destination:${event.destination_id}`,
    `operation:${event.operation_id}`,
    `kind:${event.kind.split(".")[0]}`,
  ];
  for (const part of parts()) {
    const wanted = part.dataset.live.split(" ");
    if (wanted.includes("*") || wanted.some((one) => told.includes(one))) later(part);
  }
}

// Events come in swarms: one reading for all of them.
function later(part) {
  waiting.add(part);
  timer ??= setTimeout(read, PAUSE);
}

function read() {
  timer = undefined;
  const now = [...waiting].filter((part) => part.isConnected);
  waiting.clear();
  for (const part of now) {
    // Nobody's typing is taken away from them.
    if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
    if ([...part.querySelectorAll("input, textarea")].some(typedInto)) continue;
    refresh(part, part.dataset.liveUrl ?? location.pathname + location.search);
  }
}

function typedInto(input) {
  return input.value !== input.defaultValue || input.checked !== input.defaultChecked;
}

function refresh(part, url) {
  htmx.ajax("GET", url, { target: part, swap: "outerHTML", select: `#${CSS.escape(part.id)}` });
}

// Work that goes on is followed by itself, step by step: its part is read again at each change.
const followed = new Map();

function followOperations() {
  for (const part of document.querySelectorAll("[data-operation]")) {
    const id = part.dataset.operation;
    if (followed.has(id)) continue;
    const source = new EventSource(`/operations/${encodeURIComponent(id)}/stream`);
    followed.set(id, source);
    source.addEventListener("operation", (event) => {
      const now = document.getElementById(`operation-${id}`);
      if (now) refresh(now, location.pathname + location.search);
      if (event.data === "over" || !now) {
        source.close();
        followed.delete(id);
        // What the work changed is shown around it.
        for (const other of parts()) later(other);
      }
    });
    window.addEventListener("pagehide", () => source.close());
  }
}
