// Parts that several views use.
import { Problem } from "./api.js";
import { fill, h, uniqueId } from "./dom.js";
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
 * Returns a button that runs `action`, and is disabled until it has ended. Shows in `note` why it failed.
 * @param {Page.Children} label
 * @param {() => Promise<void>} action
 * @param {HTMLElement} note
 * @param {Page.Attributes} attributes
 */
export function actionButton(label, action, note, attributes) {
  const run = async () => {
    button.disabled = true;
    try {
      await action();
      fill(note);
    } catch (problem) {
      fill(note, errorBox(problem));
    }
    button.disabled = false;
  };
  const button = h("button", { type: "button", ...attributes, click: run }, label);
  return button;
}

/**
 * Returns a tile with a number. With `link`, the whole tile is a link.
 * @param {string} name
 * @param {string} value
 * @param {{ about?: string, link?: Page.Attributes, mood?: string | null }} options `mood`: a class that colours the tile
 */
export function tile(name, value, { about, link, mood = null } = {}) {
  const content = [h("span", { class: "name" }, name), h("span", { class: "value" }, value)];
  return h(
    "li",
    { class: mood ? `tile ${mood}` : "tile" },
    link ? h("a", link, content) : content,
    about && h("span", { class: "quiet" }, about),
  );
}

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
 * @param {string | null} [id] with which a table that is drawn again keeps the focus
 */
export const table = (label, columns, rows, id = null) =>
  h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label, id },
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
 * Returns the milliseconds that the API asks to wait after `problem`, up to a minute.
 * @param {unknown} problem
 */
export const pauseAfter = (problem) =>
  problem instanceof Problem ? Math.min(problem.retryAfter ?? 0, 60) * 1000 : 0;

/**
 * Calls `read` now, again after the milliseconds that it returned, and when the returned function is called, until `signal`
 * is aborted. Only the newest read counts: the signal of a read that has not ended then is aborted. Calls nothing while the
 * page is hidden, and reads when it is shown again. Shows in `note` why the last read failed.
 * @param {AbortSignal} signal
 * @param {(signal: AbortSignal) => Promise<number>} read
 * @param {{ note: HTMLElement, retry: number }} options `retry`: milliseconds after which a failed read is repeated
 * @returns {() => void}
 */
export function poll(signal, read, { note, retry }) {
  let timer = 0;
  let current = new AbortController();

  async function again() {
    clearTimeout(timer);
    current.abort();
    if (document.hidden || signal.aborted) return;
    current = new AbortController();
    const own = AbortSignal.any([signal, current.signal]);
    let wait = retry;
    try {
      wait = await read(own);
      if (own.aborted) return;
      fill(note);
    } catch (problem) {
      if (own.aborted) return;
      fill(note, errorBox(problem));
      wait = Math.max(wait, pauseAfter(problem));
    }
    timer = window.setTimeout(again, wait);
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  document.addEventListener("visibilitychange", again, { signal });
  again();
  return again;
}
