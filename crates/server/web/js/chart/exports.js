// The sheet as a file: SVG with its colours in it, PNG of that, and Mermaid as text.
import { clipped, meaning } from "./words.js";

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "opacity", "font-size", "font-weight", "font-family"];
// Browsers refuse larger canvases.
const MOST_PIXELS = 60_000_000;

export function svgText(svg, sheet, size) {
  const copy = svg.cloneNode(false);
  const inner = sheet.cloneNode(true);
  inner.removeAttribute("transform");
  const colours = new Map();
  const originals = sheet.querySelectorAll("*");
  inner.querySelectorAll("*").forEach((one, number) => dress(one, originals[number], colours));
  for (const name of ["class", "tabindex", "role", "aria-label", "aria-describedby", "id"]) copy.removeAttribute(name);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", `0 0 ${Math.ceil(size.width)} ${Math.ceil(size.height)}`);
  copy.setAttribute("width", Math.ceil(size.width));
  copy.setAttribute("height", Math.ceil(size.height));
  const paper = document.createElementNS(copy.namespaceURI, "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", plain(getComputedStyle(svg).backgroundColor, colours));
  copy.append(paper, inner);
  return new XMLSerializer().serializeToString(copy);
}

function dress(copy, original, colours) {
  const style = getComputedStyle(original);
  if (style.display === "none" && original.localName !== "title") {
    // Far away small writing is left out on the screen; in a file there is room for it.
    copy.removeAttribute("display");
  }
  if (["rect", "path", "text"].includes(copy.localName)) {
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      if (value && value !== "none 0px") copy.setAttribute(name, plain(value, colours));
    }
  }
  copy.removeAttribute("class");
  for (const name of Object.keys(original.dataset)) copy.removeAttribute(`data-${name}`);
}

// Colours that every program knows: what a canvas makes of them.
function plain(value, colours) {
  if (!value.startsWith("okl") && !value.startsWith("color(") && !value.startsWith("lab")) return value;
  if (colours.has(value)) return colours.get(value);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d");
  pen.fillStyle = value;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
  const said = a === 255 ? `rgb(${r},${g},${b})` : a === 0 ? "none" : `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`;
  colours.set(value, said);
  return said;
}

export async function png(text, size) {
  const scale = Math.min(2, Math.sqrt(MOST_PIXELS / Math.max(1, size.width * size.height)));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(size.width * scale);
  canvas.height = Math.ceil(size.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((made, failed) => canvas.toBlob((blob) => (blob ? made(blob) : failed(new Error("the picture is too large"))), "image/png"));
}

// https://mermaid.js.org/syntax/flowchart.html: entities for whatever could end a text.
export function mermaid(chart) {
  const names = new Map(chart.nodes.map((node, number) => [node.id, `n${number}`]));
  const quoted = (words) => `"${clipped(words, 80).replace(/[^\p{L}\p{N} .,:;/()_@+-]/gu, (c) => `#${c.codePointAt(0)};`)}"`;
  const shape = (node) => {
    const words = quoted(`${node.name} (${node.missing ? "missing" : node.state})`);
    return { internet: `((${words}))`, destination: `(${words})`, proxy: `{{${words}}}`, service: `[[${words}]]`, database: `[(${words})]` }[node.kind] ?? `[${words}]`;
  };
  const lines = ["flowchart LR"];
  const inside = new Map();
  for (const node of chart.nodes) {
    if (node.kind === "server") continue;
    const parent = node.parent ?? "";
    if (!inside.has(parent)) inside.set(parent, []);
    inside.get(parent).push(`${names.get(node.id)}${shape(node)}:::${meaning(node)}`);
  }
  for (const line of inside.get("") ?? []) lines.push(`  ${line}`);
  for (const server of chart.nodes.filter((node) => node.kind === "server")) {
    lines.push(`  subgraph ${names.get(server.id)} [${quoted(`${server.name} (${server.state})`)}]`);
    for (const line of inside.get(server.id) ?? []) lines.push(`    ${line}`);
    lines.push("  end");
  }
  for (const link of chart.links) {
    const arrow = link.missing ? "-.->" : { route: "==>", spans: "---", link: "-.-o" }[link.kind] ?? "-->";
    const label = link.label ? `|${quoted(link.label)}|` : "";
    lines.push(`  ${names.get(link.from)} ${arrow}${label} ${names.get(link.to)}`);
  }
  lines.push("  classDef bad stroke:#b3261e,stroke-width:2px,stroke-dasharray:4", "  classDef odd stroke:#8a5a00,stroke-width:2px");
  return `${lines.join("\n")}\n`;
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
