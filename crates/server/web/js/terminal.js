// The terminal of a server or a container: a WebSocket of the API, shown by xterm.js. Owns one place on one page.
import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { keepToThePolicy } from "./terminal/styles.js";
import { followTheme } from "./terminal/theme.js";

// Bytes that wait to be shown: a browser takes whatever comes, so the host is told to wait.
const MUCH = 1 << 20;
const LITTLE = 1 << 17;
// A frame may have 64 KiB.
const FRAME = 32 << 10;

const place = document.getElementById("terminal");
const screen = place?.querySelector("[data-screen]");
const said = document.getElementById("terminal-status");
const opens = place?.querySelector("[data-open]");
const closes = place?.querySelector("[data-close]");
const typed = new TextEncoder();
let terminal, fit, socket;

function show(words, state) {
  said.textContent = words;
  place.dataset.state = state;
  opens.hidden = state !== "closed";
  closes.hidden = state === "closed";
}

function make() {
  keepToThePolicy();
  terminal = new Terminal({
    cursorBlink: false,
    fontFamily: "ui-monospace, monospace",
    fontSize: 14,
    // What the host colours is read by people, on dark and on light.
    minimumContrastRatio: 4.5,
    screenReaderMode: true,
    scrollback: 5000,
  });
  fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(screen);
  followTheme(terminal, screen);
  terminal.onData((text) => send(typed.encode(text)));
  terminal.onBinary((text) => send(Uint8Array.from(text, (one) => one.charCodeAt(0))));
  terminal.onResize(({ cols, rows }) => say({ columns: cols, rows }));
  terminal.attachCustomKeyEventHandler((event) => {
    // Tab is the shell's, so there has to be another way out.
    if (!event.ctrlKey || event.key !== "F6") return true;
    (closes.hidden ? opens : closes).focus();
    return false;
  });
  // Keys that are pressed here are no keys of the page.
  screen.addEventListener("keydown", (event) => event.stopPropagation());
  new ResizeObserver(() => fit.fit()).observe(screen);
}

const isOpen = () => socket?.readyState === WebSocket.OPEN;
const say = (words) => isOpen() && socket.send(JSON.stringify(words));

function send(bytes) {
  for (let at = 0; isOpen() && at < bytes.length; at += FRAME) {
    socket.send(bytes.subarray(at, at + FRAME));
  }
}

// Why it ended, until the socket says that it has.
function told(message) {
  if (message.opened) {
    show("Connected.", "open");
    terminal.focus();
    return "";
  }
  const { message: why, remedy } = message.ended;
  return remedy ? `${why}. To do: ${remedy}` : why;
}

// What is to run in a container, and as whom, where that is asked.
function asked() {
  const typed = (name) => place.querySelector(`[data-ask="${name}"]`)?.value.trim();
  const [program, user] = [typed("command"), typed("user")];
  return { ...(program && { command: JSON.stringify([program]) }), ...(user && { user }) };
}

function begin() {
  if (!terminal) make();
  fit.fit();
  terminal.reset();
  show("Connecting...", "opening");
  const url = new URL(place.dataset.path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({ columns: terminal.cols, rows: terminal.rows, ...asked() });
  const mine = new WebSocket(url);
  let [why, waiting, stopped] = ["", 0, false];
  mine.binaryType = "arraybuffer";
  mine.onmessage = ({ data }) => {
    if (typeof data === "string") {
      why = told(JSON.parse(data)) || why;
      return;
    }
    waiting += data.byteLength;
    terminal.write(new Uint8Array(data), () => {
      waiting -= data.byteLength;
      if (stopped && waiting < LITTLE) say({ flow: (stopped = false) || "go" });
    });
    if (!stopped && waiting > MUCH) say({ flow: (stopped = true) && "stop" });
  };
  mine.onclose = () => {
    const lost = place.dataset.state === "open" ? "the connection broke off" : "it was refused";
    show(`Ended: ${why || lost}.`, "closed");
    if (screen.contains(document.activeElement)) opens.focus();
  };
  socket = mine;
}

if (screen) {
  opens.addEventListener("click", begin);
  closes.addEventListener("click", () => socket?.close());
  show("Not connected.", "closed");
}
