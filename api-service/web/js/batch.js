// Submits the requests in a CSV file, which is chosen or dropped on the page: shows what is wrong with it before it is
// sent, and the result of each line afterwards.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { requests } from "./csv.js";
import { card, errorBox, newIdempotencyKey, save, table } from "./parts.js";
import { check } from "./preview.js";
import { schemes } from "./schemes.js";
import { country, plural, t } from "./words.js";

/** Maximum number of requests in one call of the API. */
const CALL_SIZE = 1000;
/** Number of lines without errors that the preview shows. */
const SHOWN = 10;
const TEMPLATE =
  "customId,companyName,corporateNumber,country,language,purpose\r\nrow-1,Calder Vane Shipping Ltd,99104372,GB,en,supplier onboarding\r\n";

/** @type {import("./app.js").View} */
export async function batch(main, signal) {
  const known = await schemes();
  if (signal.aborted) return;
  const note = h("div", {});
  const preview = h("div", {});
  const outcome = h("div", {});
  const fileName = h("span", { class: "file-name" });
  /** @type {import("./csv.js").Item[]} */
  let items = [];
  let idempotencyKey = newIdempotencyKey();
  /** The file that was chosen last: reading an earlier one may take longer. @type {File | null} */
  let chosen = null;
  const input = h("input", {
    type: "file",
    id: "csv",
    accept: ".csv,text/csv",
    class: "file",
    "aria-describedby": "csv-hint",
  });

  /** Takes a file. Shows an error if it cannot be read. @param {File} file */
  const take = (file) => read(file).catch((problem) => fill(note, errorBox(problem)));

  /** @param {File} file */
  async function read(file) {
    chosen = file;
    const text = await file.text();
    // While lines are being sent, the page must stay with the file that they are from.
    if (chosen !== file || input.disabled) return;
    items = [];
    idempotencyKey = newIdempotencyKey();
    fill(outcome);
    fileName.textContent = file.name;
    const found = requests(text);
    const errors = [
      ...found.missing.map((name) => t("batch.missing", { name })),
      ...found.unknown.map((name) => t("batch.unknown", { name: name || "?" })),
      ...(found.items.length === 0 && !found.missing.length ? [t("batch.no_rows")] : []),
    ];
    if (errors.length) {
      fill(preview);
      fill(
        note,
        h(
          "div",
          { class: "trouble", role: "alert" },
          h(
            "ul",
            {},
            errors.map((error) => h("li", {}, error)),
          ),
        ),
      );
      return;
    }
    const checked = check(found.items, known);
    items = checked.filter(({ errors }) => !errors.length).map(({ item }) => item);
    fill(note);
    fill(preview, previewCard(checked));
    announce(plural("batch.found", items.length));
  }

  /** @param {import("./preview.js").Checked[]} checked */
  function previewCard(checked) {
    const wrong = checked.filter(({ errors }) => errors.length);
    const right = checked.filter(({ errors }) => !errors.length);
    const noted = right.filter(({ warnings }) => warnings.length);
    const others = right.filter(({ warnings }) => !warnings.length);
    const rows = [...wrong, ...noted, ...others.slice(0, SHOWN)].sort((a, b) => a.item.line - b.item.line);
    const columns = ["line", "company", "number", "country", "check"].map((name) => t(`batch.${name}`));
    const submit = h(
      "button",
      { class: "main", type: "button", id: "send", disabled: !items.length, click: send },
      plural("batch.submit", items.length),
    );
    return card(
      "preview",
      t("batch.preview"),
      h(
        "p",
        {},
        plural("batch.found", right.length),
        wrong.length > 0 && h("strong", { class: "then" }, plural("batch.left_out", wrong.length)),
      ),
      table(
        t("batch.lines"),
        columns,
        rows.map(({ item: { line, request }, errors, warnings }) =>
          h(
            "tr",
            { class: errors.length ? "wrong" : null },
            h("th", { scope: "row", "data-label": columns[0] }, line),
            h("td", { "data-label": columns[1] }, request.companyName ?? "—"),
            h("td", { "data-label": columns[2], class: "nowrap" }, request.corporateNumber ?? "—"),
            h("td", { class: "country", "data-label": columns[3] }, countryName(request.country, known)),
            h(
              "td",
              { "data-label": columns[4] },
              errors.length + warnings.length
                ? h(
                    "ul",
                    { class: "plain" },
                    errors.map((error) => h("li", { class: "error" }, error)),
                    warnings.map((warning) => h("li", { class: "warning" }, warning)),
                  )
                : h("span", { class: "good" }, t("batch.good")),
            ),
          ),
        ),
      ),
      others.length > SHOWN && h("p", { class: "quiet" }, plural("batch.more_rows", others.length - SHOWN)),
      h("div", { class: "actions" }, submit),
    );
  }

  /** @param {MouseEvent} event */
  async function send({ target }) {
    const button = /** @type {HTMLButtonElement} */ (target);
    button.disabled = true;
    input.disabled = true;
    let isIncomplete = false;
    /** @type {Api.BatchResult[]} */
    const results = [];
    try {
      for (let from = 0; from < items.length; from += CALL_SIZE) {
        const part = items.slice(from, from + CALL_SIZE).map(({ request }) => request);
        results.push(...(await api.submitAll(part, idempotencyKey)).results);
      }
      fill(note);
    } catch (problem) {
      fill(note, errorBox(problem));
      isIncomplete = true;
    }
    input.disabled = false;
    if (results.length) fill(outcome, outcomeCard(results));
    // The idempotency key stays the same, so the next try finds the accepted reports and creates only the others.
    button.disabled = !isIncomplete && !results.some((result) => result.error?.retryable);
  }

  /** @param {Api.BatchResult[]} results */
  function outcomeCard(results) {
    const rejected = results.filter((result) => result.error);
    const summary = t("batch.done", {
      accepted: results.length - rejected.length,
      rejected: rejected.length,
    });
    announce(summary);
    const columns = ["line", "company", "why"].map((name) => t(`batch.${name}`));
    const rows = rejected.map(({ customId, error }) => {
      const item = items.find(({ request }) => request.customId === customId);
      const reasons = error?.errors.length ? error.errors.map(({ message }) => message) : [error?.detail];
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, item?.line ?? "—"),
        h("td", { "data-label": columns[1] }, item?.request.companyName ?? "—"),
        h(
          "td",
          { "data-label": columns[2] },
          h(
            "ul",
            { class: "plain" },
            reasons.map((reason) => h("li", {}, reason)),
          ),
        ),
      );
    });
    return card(
      "outcome",
      t("batch.outcome"),
      h("p", {}, summary, " ", h("a", { href: "#/reports" }, t("nav.reports"))),
      rejected.length > 0 && table(t("batch.rejected"), columns, rows),
    );
  }

  const template = () => save(new Blob([TEMPLATE], { type: "text/csv" }), "template.csv");
  fill(
    main,
    h("h1", { tabindex: "-1" }, t("batch.title")),
    h(
      "section",
      { class: "card" },
      h("p", {}, t("batch.about")),
      dropZone(input, fileName, signal, take),
      h("p", {}, h("button", { type: "button", id: "template", click: template }, t("batch.template"))),
    ),
    note,
    preview,
    outcome,
  );
}

/**
 * Returns the name of a country, or what stands in its place.
 * @param {unknown} code
 * @param {import("./schemes.js").Schemes} known
 */
function countryName(code, known) {
  if (!code) return "—";
  const text = String(code);
  return Object.hasOwn(known.countries ?? {}, text) ? country(text) : text;
}

/**
 * Returns a file input with a zone around it. While the input is enabled, a file can also be dropped anywhere on the page.
 * @param {HTMLInputElement} input
 * @param {HTMLElement} name where the name of the file is shown
 * @param {AbortSignal} signal
 * @param {(file: File) => void} take
 */
function dropZone(input, name, signal, take) {
  const zone = h(
    "label",
    { class: "drop", for: "csv" },
    h("strong", {}, t("batch.drop")),
    h("span", { class: "quiet", id: "csv-hint" }, t("batch.drop_hint")),
    name,
  );
  input.addEventListener("change", () => {
    if (input.files?.[0]) take(input.files[0]);
    // The same file can be chosen again after it was changed.
    input.value = "";
  });
  /** @param {DragEvent} event */
  const isFile = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener(
    "dragover",
    (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      if (!input.disabled) zone.classList.add("over");
      else if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
    },
    { signal },
  );
  document.addEventListener("dragleave", (event) => !event.relatedTarget && zone.classList.remove("over"), {
    signal,
  });
  document.addEventListener(
    "drop",
    (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      zone.classList.remove("over");
      const file = event.dataTransfer?.files[0];
      if (file && !input.disabled) take(file);
    },
    { signal },
  );
  return h("div", { class: "drop-field" }, input, zone);
}
