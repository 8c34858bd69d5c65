// Parts that several views use.
import { h, uniqueId } from "./dom.js";
import { maybe, t } from "./words.js";

export const TERMINAL = ["COMPLETED", "FAILED", "CANCELLED"];
export const STAGES = ["queued", "gather", "assess", "render", "publish"];

/** Returns a badge with the status as text, because colour alone is not accessible. */
export const status = (value) => h("span", { class: `badge status-${value.toLowerCase()}` }, maybe(`status.${value}`, value));

export const level = (value) =>
  value === null ? h("span", { class: "quiet" }, "—") : h("span", { class: `badge level-${value.toLowerCase()}` }, maybe(`levels.${value}`, value));

/** Returns a box that shows an error. With `retry`, it has a button that tries again. */
export function errorBox(problem, retry) {
  const text = problem.status === 0 ? t("problem.no_answer") : maybe(`problem.${problem.code}`, problem.message);
  const details = problem.errors?.length ? h("ul", {}, problem.errors.map((error) => h("li", {}, error.message))) : null;
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h("p", {}, text),
    details,
    problem.instance && problem.status >= 500 ? h("p", { class: "quiet" }, t("problem.instance", { instance: problem.instance })) : null,
    retry ? h("button", { type: "button", click: retry }, t("problem.again")) : null,
  );
}

/** Returns a control with its label. Screen readers read the hint and the error together with it. */
export function field(name, label, control, { hint = null, error = null, required = false } = {}) {
  const id = control.id || uniqueId(name);
  control.id = id;
  const notes = [];
  if (hint) notes.push(h("p", { class: "hint", id: `${id}-hint` }, hint));
  if (error) notes.push(h("p", { class: "error", id: `${id}-error` }, error));
  if (error) control.setAttribute("aria-invalid", "true");
  if (required) control.setAttribute("aria-required", "true");
  if (notes.length) control.setAttribute("aria-describedby", notes.map((note) => note.id).join(" "));
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label, required ? null : h("span", { class: "quiet" }, ` ${t("form.optional")}`)),
    control,
    notes,
  );
}

export const select = (attributes, options, chosen) =>
  h("select", attributes, options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)));

/** Returns a random idempotency key. A request that is sent twice with the same key creates one report. */
export const newIdempotencyKey = () => `page-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** Downloads a file. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
