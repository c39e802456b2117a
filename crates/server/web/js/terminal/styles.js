// Styles of xterm.js without loosening the policy of the pages (decision 0040). It writes rules into
// <style> elements and colours into style attributes; the policy forbids both, because whoever could
// put such text into a page could do so too. The same said by a script, through constructed sheets and
// `element.style`, is allowed: no text of a page gets there.
const create = Document.prototype.createElement;

// In the place of a <style> element: what is written into it becomes a sheet of the document.
function sheetElement() {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const place = create.call(document, "span");
  place.hidden = true;
  Object.defineProperty(place, "textContent", { set: (rules) => sheet.replaceSync(rules) });
  place.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    HTMLElement.prototype.remove.call(place);
  };
  return place;
}

function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

// From now on, on this page alone.
export function keepToThePolicy() {
  document.createElement = (name, options) => {
    if (name === "style") return sheetElement();
    const made = create.call(document, name, options);
    if (name === "span") made.setAttribute = setAttribute;
    return made;
  };
}
