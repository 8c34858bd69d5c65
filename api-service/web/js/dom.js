// Builds elements. Strings become text nodes: the page never parses markup.

/**
 * Adds attributes and children to `node`. Attributes that are null, undefined or false are omitted, functions
 * become event listeners, and children may be nested or absent.
 * @template {Element} T
 * @param {T} node
 * @param {Page.Attributes} attributes
 * @param {Page.Children[]} children
 */
function complete(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...present(children));
  return node;
}

/** @param {Page.Children[]} children @returns {(Node | string)[]} */
const present = (children) =>
  /** @type {any[]} */ (children)
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false);

/**
 * Creates an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Page.Attributes} attributes
 * @param {Page.Children[]} children
 */
export const h = (tag, attributes = {}, ...children) =>
  complete(document.createElement(tag), attributes, children);

/**
 * Creates an element of an SVG image.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Page.Attributes} attributes
 * @param {Page.Children[]} children
 */
export const svg = (tag, attributes = {}, ...children) =>
  complete(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/**
 * Replaces the children of `parent`. If the focused element is replaced by one with the same id, that one
 * gets the focus.
 * @param {Element} parent
 * @param {Page.Children[]} children
 */
export function fill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement?.id : "";
  parent.replaceChildren(...present(children));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/**
 * Makes the content of `parent` equal to `children`, and changes only what differs, so that a text can stay selected. For
 * content without event listeners: those of the new children are not taken over.
 * @param {Element} parent
 * @param {Page.Children[]} children
 */
export function update(parent, ...children) {
  const fresh = document.createElement("div");
  fresh.append(...present(children));
  match(parent, fresh);
}

/** @param {Element} shown @param {Element} fresh */
function match(shown, fresh) {
  const [before, after] = [[...shown.childNodes], [...fresh.childNodes]];
  const isAlike =
    before.length === after.length && before.every((node, at) => node.nodeName === after[at].nodeName);
  if (!isAlike) {
    shown.replaceChildren(...after);
    return;
  }
  for (const [at, node] of before.entries()) {
    const wanted = after[at];
    if (node instanceof Element && wanted instanceof Element) {
      for (const name of node.getAttributeNames()) if (!wanted.hasAttribute(name)) node.removeAttribute(name);
      for (const { name, value } of wanted.attributes)
        if (node.getAttribute(name) !== value) node.setAttribute(name, value);
      match(node, wanted);
    } else if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
  }
}

/**
 * Returns the element with this id, which the page has.
 * @param {string} id
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Announces a change elsewhere on the page to users of screen readers.
 * @param {string} text
 */
export function announce(text) {
  const node = byId("announcer");
  if (node.textContent !== text) node.textContent = text;
}

let ids = 0;
/**
 * Returns an id that no other element has.
 * @param {string} prefix
 */
export const uniqueId = (prefix) => `${prefix}-${(ids += 1)}`;
