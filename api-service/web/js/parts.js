// Parts that more than one view shows.
import { h, fresh } from "./dom.js";
import { maybe, t } from "./words.js";

export const TERMINAL = ["COMPLETED", "FAILED", "CANCELLED"];
export const STAGES = ["queued", "gather", "assess", "render", "publish"];

/** A status in words and shape: colour alone says nothing. */
export const status = (value) => h("span", { class: `badge status-${value.toLowerCase()}` }, t(`status.${value}`));

export const level = (value) =>
  value === null ? h("span", { class: "quiet" }, "—") : h("span", { class: `badge level-${value.toLowerCase()}` }, t(`levels.${value}`));

/** What went wrong, for people; `again` offers another try. */
export function trouble(problem, again) {
  const words = problem.status === 0 ? t("problem.no_answer") : maybe(`problem.${problem.code}`, problem.message);
  const details = problem.errors?.length ? h("ul", {}, problem.errors.map((error) => h("li", {}, error.message))) : null;
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h("p", {}, words),
    details,
    problem.instance && problem.status >= 500 ? h("p", { class: "quiet" }, t("problem.instance", { instance: problem.instance })) : null,
    again ? h("button", { type: "button", click: again }, t("problem.again")) : null,
  );
}

/** A labelled control; `hint` and an error are read with it. */
export function field(name, label, control, { hint = null, error = null, required = false } = {}) {
  const id = control.id || fresh(name);
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

/** A number that names one try of a form: sending it twice makes one report. */
export const onceKey = () => `page-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** Hands the browser a file to save. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
