// Parts that several views use.
import { Problem } from "./api.js";
import { h, uniqueId } from "./dom.js";
import { maybe, t } from "./words.js";

/**
 * Returns a badge with the status as text, because colour alone is not accessible.
 * @param {string} value
 */
export const status = (value) =>
  h("span", { class: `badge status-${value.toLowerCase()}` }, maybe(`status.${value}`, value));

/** @param {string | null | undefined} value */
export const level = (value) =>
  !value
    ? h("span", { class: "quiet" }, "—")
    : h("span", { class: `badge level-${value.toLowerCase()}` }, maybe(`levels.${value}`, value));

/**
 * Returns a box that shows an error. With `retry`, it has a button that tries again.
 * @param {unknown} error
 * @param {() => void} [retry]
 */
export function errorBox(error, retry) {
  const problem =
    error instanceof Problem ? error : new Problem(0, { code: "bug", detail: String(error) }, null);
  const text =
    problem.code === "no_answer" ? t("problem.no_answer") : maybe(`problem.${problem.code}`, problem.message);
  const isFault = problem.instance && problem.status >= 500;
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h("p", {}, text),
    problem.errors.length > 0 &&
      h(
        "ul",
        {},
        problem.errors.map(({ message }) => h("li", {}, message)),
      ),
    isFault && h("p", { class: "quiet" }, t("problem.instance", { instance: problem.instance })),
    retry && h("button", { type: "button", click: retry }, t("problem.again")),
  );
}

/**
 * Returns a control with its label. Screen readers read the hint and the error together with it.
 * @param {string} name
 * @param {string} label
 * @param {HTMLElement} control
 * @param {{ hint?: string | null, error?: string | null, required?: boolean, plain?: boolean }} options `plain`: whether
 *   the label says nothing about whether the field is required, as in filters.
 */
export function field(
  name,
  label,
  control,
  { hint = null, error = null, required = false, plain = false } = {},
) {
  const id = control.id || uniqueId(name);
  control.id = id;
  const notes = [];
  if (hint) notes.push(h("p", { class: "hint", id: `${id}-hint` }, hint));
  if (error) notes.push(h("p", { class: "error", id: `${id}-error` }, error));
  if (error) control.setAttribute("aria-invalid", "true");
  if (required) control.setAttribute("aria-required", "true");
  if (notes.length) control.setAttribute("aria-describedby", notes.map((note) => note.id).join(" "));
  const optional = !required && !plain && h("span", { class: "quiet" }, ` ${t("form.optional")}`);
  return h("div", { class: "field" }, h("label", { for: id }, label, optional), control, notes);
}

/**
 * @param {Page.Attributes} attributes
 * @param {[string, string][]} options values and labels
 * @param {string} [chosen]
 */
export const select = (attributes, options, chosen) =>
  h(
    "select",
    attributes,
    options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
  );

/**
 * Returns a card with a heading, which names it for screen readers.
 * @param {string} id
 * @param {string} title
 * @param {Page.Children[]} children
 */
export const card = (id, title, ...children) =>
  h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), children);

/**
 * Returns a list of names and values. Rows without a value are left out.
 * @param {[string, Page.Children][]} rows
 */
export const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

/**
 * Returns a table that can be scrolled by keyboard where it is too wide.
 * @param {string} label
 * @param {string[]} columns
 * @param {Element | Element[]} rows a body, or the rows of one
 */
export const table = (label, columns, rows) =>
  h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, label),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => h("th", { scope: "col" }, column)),
        ),
      ),
      Array.isArray(rows) ? h("tbody", {}, rows) : rows,
    ),
  );

/** Returns a random idempotency key. A request that is sent twice with the same key creates one report. */
export const newIdempotencyKey = () =>
  `page-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/**
 * Downloads a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * Calls `read` now and, until `signal` is aborted, again after the milliseconds that it returned. Does not call it
 * while the page is hidden.
 * @param {AbortSignal} signal
 * @param {() => Promise<number>} read
 */
export function poll(signal, read) {
  let timer = 0;
  const next = async () => {
    const wait = document.hidden ? 1000 : await read();
    if (!signal.aborted) timer = window.setTimeout(next, wait);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  next();
}
