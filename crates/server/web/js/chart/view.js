// Zoom and pan: by pointer, two fingers, wheel and keys.
const LEAST = 0.03;
const MOST = 4;
// Below this, small writing is not drawn: nobody could read it.
const FAR = 0.45;
const VERY_FAR = 0.2;

// A moment without movement, after which what was moved as a picture is drawn as it is.
const REST = 120;
// A picture that is stretched or moved further than this is drawn anew on the way.
const STRETCH = 1.6;
// How much around the window is drawn as well, in windows.
const MARGIN = 0.5;

// `said` hears of each movement, `rested` of the window that is to be seen then.
export function startView(svg, world, said, rested) {
  const at = { x: 0, y: 0, k: 1 };
  // Where the drawing was drawn for: until it rests it is moved as a picture, which costs nothing.
  const drawn = { x: 0, y: 0, k: 1, first: true };
  // Where its window was last said.
  const shown = { x: 0, y: 0, k: 1 };
  const stage = svg.parentElement;
  let drawing = false;
  let rest = null;
  const pointers = new Map();
  let moved = 0;

  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      said(at);
      clearTimeout(rest);
      const stretched = at.k / drawn.k;
      if (drawn.first || stretched > STRETCH || stretched < 1 / STRETCH) return settle();
      rest = setTimeout(settle, REST);
      // What keeps its size is moved as it is.
      if (stretched === 1) return put();
      const [x, y] = [at.x - drawn.x * stretched, at.y - drawn.y * stretched];
      svg.style.transform = `translate(${x.toFixed(2)}px, ${y.toFixed(2)}px) scale(${stretched.toFixed(4)})`;
    });
  }

  function put() {
    Object.assign(drawn, at, { first: false });
    svg.style.transform = "";
    world.setAttribute("transform", `translate(${at.x.toFixed(2)} ${at.y.toFixed(2)}) scale(${at.k.toFixed(4)})`);
    // Whoever moves far sees more than what was drawn around the window.
    if (Math.abs(at.x - shown.x) > (svg.clientWidth * MARGIN) / 2 || Math.abs(at.y - shown.y) > (svg.clientHeight * MARGIN) / 2) reveal();
  }

  function settle() {
    clearTimeout(rest);
    put();
    reveal();
  }

  function reveal() {
    Object.assign(shown, at);
    svg.classList.toggle("is-far", at.k < FAR);
    svg.classList.toggle("is-very-far", at.k < VERY_FAR);
    rested(window());
  }

  function window() {
    const [width, height] = [svg.clientWidth / at.k, svg.clientHeight / at.k];
    const [left, top] = [-at.x / at.k, -at.y / at.k];
    return {
      left: left - width * MARGIN, right: left + width * (1 + MARGIN),
      top: top - height * MARGIN, bottom: top + height * (1 + MARGIN), far: at.k < FAR,
    };
  }

  function zoom(by, x, y) {
    const k = Math.min(MOST, Math.max(LEAST, at.k * by));
    at.x = x - ((x - at.x) * k) / at.k;
    at.y = y - ((y - at.y) * k) / at.k;
    at.k = k;
    draw();
  }

  function middle() {
    return [svg.clientWidth / 2, svg.clientHeight / 2];
  }

  function fit(width, height, left = 0, top = 0) {
    if (!width || !height) return;
    at.k = Math.min(1.1, Math.max(LEAST, Math.min(svg.clientWidth / (width + 16), svg.clientHeight / (height + 16))));
    at.x = (svg.clientWidth - width * at.k) / 2 - left * at.k;
    at.y = (svg.clientHeight - height * at.k) / 2 - top * at.k;
    draw();
  }

  function center(place, k) {
    at.k = k ?? Math.max(at.k, 0.8);
    at.x = svg.clientWidth / 2 - (place.x + place.width / 2) * at.k;
    at.y = svg.clientHeight / 2 - (place.y + place.height / 2) * at.k;
    draw();
  }

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    // Lines, pages and pixels; a pinch on a touchpad comes with `ctrlKey`.
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0018)), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 1) moved = 0;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    // Captured only once it moves, or a click would be the sheet's and not the node's.
    if (moved > 4 && !svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
    if (pointers.size === 1) {
      at.x += now.x - before.x;
      at.y += now.y - before.y;
      draw();
    } else if (pointers.size === 2) {
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const box = stage.getBoundingClientRect();
      const grown = distance(now, other) / Math.max(1, distance(before, other));
      zoom(grown, (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
    }
    pointers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    svg.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }

  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 200 : 60;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) {
      at.x += moves[event.key][0];
      at.y += moves[event.key][1];
      draw();
    } else if (event.key === "+" || event.key === "=") zoom(1.25, ...middle());
    else if (event.key === "-" || event.key === "_") zoom(0.8, ...middle());
    else if (event.key === "0") svg.dispatchEvent(new CustomEvent("chart:fit"));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return { at, zoom: (by) => zoom(by, ...middle()), fit, center, wasDragged: () => moved > 4, redraw: draw, settle };
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
