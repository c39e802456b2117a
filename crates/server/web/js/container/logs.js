// Following what a container says: server-sent events of the API, a line each. What lines say is text,
// and never becomes anything else.
import { plain } from "./plain.js";

// More would make the page slow; the file has all.
const MOST = 10_000;
const AGAIN = 2_000;

export function startLogs(place) {
  if (!place) return;
  const lines = place.querySelector("[data-lines]");
  const button = place.querySelector("[data-follow]");
  const status = place.querySelector("[data-status]");
  const nothing = place.querySelector("[data-nothing]");
  let [source, last, waiting, timer] = [undefined, undefined, [], undefined];

  const say = (words) => (status.textContent = words);
  // Whoever reads further up is left there; who is at the end stays at it.
  let isAtEnd = true;
  const follow = () => isAtEnd && (lines.scrollTop = lines.scrollHeight);
  lines.addEventListener("scroll", () => {
    isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  });
  new ResizeObserver(follow).observe(lines);

  // Lines come in swarms: they are put in once for each picture of the screen.
  function add(part) {
    if (waiting.push(part) === 1) requestAnimationFrame(put);
  }

  function put() {
    lines.append(...waiting.splice(0));
    while (lines.childElementCount > MOST) lines.firstElementChild.remove();
    nothing.hidden = lines.childElementCount > 0;
    follow();
  }

  function note(words) {
    const part = document.createElement("p");
    part.dataset.note = "";
    part.textContent = words;
    add(part);
  }

  function show(line) {
    const part = document.createElement("p");
    part.className = "name";
    if (line.stream === "stderr") part.dataset.stderr = "";
    if (line.at) {
      const time = document.createElement("time");
      time.dateTime = time.textContent = line.at;
      part.append(time, " ");
      last = line.at;
    }
    part.append(plain(line.text));
    add(part);
  }

  function stop(words) {
    clearTimeout(timer);
    source?.close();
    source = undefined;
    button.setAttribute("aria-pressed", "false");
    button.classList.remove("btn-active");
    button.textContent = "Follow";
    say(words);
  }

  function open(query) {
    query.set("follow", "true");
    const mine = new EventSource(`${place.dataset.path}?${query}`);
    source = mine;
    mine.onopen = () => say("Following.");
    mine.onmessage = ({ data }) => show(JSON.parse(data));
    mine.addEventListener("left-out", ({ data }) => {
      note(`${JSON.parse(data).lines} lines were left out: they came faster than they could be read.`);
    });
    mine.addEventListener("ended", ({ data }) => {
      const { message, remedy } = JSON.parse(data);
      stop(`Ended: ${message}.${remedy ? ` To do: ${remedy}` : ""}`);
    });
    mine.onerror = () => broken(query);
  }

  // By itself a browser would ask for the same lines again.
  async function broken(query) {
    source?.close();
    say("The connection broke off; trying again.");
    const refused = await why(query);
    if (!source) return;
    if (refused) return stop(`Ended: ${refused}.`);
    timer = setTimeout(() => {
      note("The connection broke off here, and was taken up again.");
      const next = new URLSearchParams(place.dataset.query);
      if (last) next.set("since", last);
      open(next);
    }, AGAIN);
  }

  // What an event source does not tell: why it was refused.
  async function why(query) {
    const once = new URLSearchParams({ ...Object.fromEntries(query), follow: "false", lines: "1" });
    try {
      const answer = await fetch(`${place.dataset.path}?${once}`);
      return answer.ok ? undefined : (await answer.json()).detail;
    } catch {
      return undefined;
    }
  }

  button.addEventListener("click", () => {
    if (source) return stop("Not following any more.");
    lines.replaceChildren();
    last = undefined;
    isAtEnd = true;
    button.setAttribute("aria-pressed", "true");
    button.classList.add("btn-active");
    button.textContent = "Stop following";
    say("Connecting...");
    open(new URLSearchParams(place.dataset.query));
  });
  window.addEventListener("pagehide", () => source?.close());
  follow();
  if ("followAtOnce" in place.dataset) button.click();
}
