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
  const byUrl = new Map();
  for (const part of waiting) {
    if (!part.isConnected || isUsed(part)) continue;
    const url = part.dataset.liveUrl ?? location.pathname + location.search;
    byUrl.set(url, [...(byUrl.get(url) ?? []), part]);
  }
  waiting.clear();
  for (const [url, parts] of byUrl) refresh(parts, url);
}

// Nobody's typing is taken away from them.
function isUsed(part) {
  const typing = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  return typing || [...part.querySelectorAll("input, textarea")].some(typedInto);
}

function typedInto(input) {
  return input.value !== input.defaultValue || input.checked !== input.defaultChecked;
}

// The page is asked for once, however many of its parts are to be new.
async function refresh(parts, url) {
  let response;
  try {
    response = await fetch(url, { headers: { "HX-Request": "true" } });
  } catch {
    // The stream is interrupted as well, which is said, and what was missed is read when it is back.
    return;
  }
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) return location.assign(elsewhere);
  const page = await response.text();
  for (const part of parts.filter((part) => part.isConnected)) {
    htmx.swap(part, page, { swapStyle: "outerHTML" }, { select: `#${CSS.escape(part.id)}` });
  }
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
      if (now) refresh([now], location.pathname + location.search);
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
