// Builds elements. Strings become text nodes: the page never parses markup.

/**
 * Creates an element. Attributes that are null, undefined or false are omitted, functions become event
 * listeners, and children may be nested or absent.
 */
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

/**
 * Replaces the children of `parent`. If the focused element is replaced by one with the same id, that one
 * gets the focus.
 */
export function fill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.id : "";
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Announces a change elsewhere on the page to users of screen readers. */
export function announce(text) {
  const node = document.getElementById("announcer");
  if (node.textContent !== text) node.textContent = text;
}

let ids = 0;
/** Returns an id that no other element has. */
export const uniqueId = (prefix) => `${prefix}-${(ids += 1)}`;
