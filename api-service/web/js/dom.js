// Builds elements. Text only ever becomes text: nothing on this page is parsed as markup.

/** An element: attributes whose value is null or false are left out, functions listen, children may be nested or absent. */
export function h(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "path", "title", "line", "text"].includes(tag) && attributes.svg !== false;
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false || name === "svg") continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Replaces what `parent` holds; what had the focus and is there again by its id gets it back. */
export function fill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.id : "";
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Tells users of screen readers what has changed elsewhere on the page. */
export function announce(text) {
  const node = document.getElementById("announcer");
  if (node.textContent !== text) node.textContent = text;
}

let ids = 0;
/** An id that nothing else has. */
export const fresh = (prefix) => `${prefix}-${(ids += 1)}`;
