// Submits the requests in a CSV file, and shows the result of each line.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { requests } from "./csv.js";
import { errorBox, field, newIdempotencyKey, save } from "./parts.js";
import { t } from "./words.js";

/** Maximum number of requests in one call of the API. */
const CALL_SIZE = 1000;

export function batch(main) {
  const file = h("input", { type: "file", id: "csv", accept: ".csv,text/csv" });
  const note = h("div", {});
  const outcome = h("div", {});
  const button = h("button", { class: "main", type: "submit", disabled: true, id: "send" }, t("batch.submit"));
  let items = [];
  let idempotencyKey = newIdempotencyKey();

  file.addEventListener("change", async () => {
    items = [];
    idempotencyKey = newIdempotencyKey();
    fill(outcome);
    const chosen = file.files[0];
    if (!chosen) return;
    const read = requests(await chosen.text());
    const errors = [
      ...read.missing.map((name) => t("batch.missing", { name })),
      ...read.unknown.map((name) => t("batch.unknown", { name: name || "?" })),
      ...(read.items.length === 0 && !read.missing.length ? [t("batch.no_rows")] : []),
    ];
    items = errors.length ? [] : read.items;
    button.disabled = items.length === 0;
    fill(note, errors.length
      ? h("div", { class: "trouble", role: "alert" }, h("ul", {}, errors.map((error) => h("li", {}, error))))
      : h("p", { role: "status" }, t("batch.found", { count: items.length })));
  });

  const form = h(
    "form",
    {
      class: "card narrow",
      submit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        const results = [];
        try {
          for (let from = 0; from < items.length; from += CALL_SIZE) {
            const answer = await api.submitAll(items.slice(from, from + CALL_SIZE), idempotencyKey);
            results.push(...answer.results);
          }
          fill(note);
        } catch (problem) {
          fill(note, errorBox(problem));
          button.disabled = false;
        }
        if (results.length) {
          draw(results);
          // The idempotency key stays the same, so the next call finds the accepted reports and retries only
          // the others.
          button.disabled = !results.some((result) => result.error?.retryable);
        }
      },
    },
    h("h1", { tabindex: "-1" }, t("batch.title")),
    h("p", {}, t("batch.about")),
    h("p", {}, h("button", { type: "button", id: "template", click: () => save(new Blob(["companyName,corporateNumber,country,language,purpose\r\n"], { type: "text/csv" }), "template.csv") }, t("batch.template"))),
    field("csv", t("batch.file"), file, { required: true }),
    note,
    button,
  );

  function draw(results) {
    const rejected = results.filter((result) => result.error);
    announce(t("batch.done", { accepted: results.length - rejected.length, rejected: rejected.length }));
    fill(
      outcome,
      h("section", { class: "card", "aria-labelledby": "outcome" },
        h("h2", { id: "outcome" }, t("batch.outcome")),
        h("p", {}, t("batch.done", { accepted: results.length - rejected.length, rejected: rejected.length }), " ", h("a", { href: "#/reports" }, t("nav.reports"))),
        rejected.length
          ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("batch.rejected") }, h("table", {},
              h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("batch.line")), h("th", { scope: "col" }, t("batch.company")), h("th", { scope: "col" }, t("batch.why")))),
              h("tbody", {}, rejected.map((result) => {
                const item = items.find((item) => item.customId === result.customId);
                const reasons = result.error.errors.length ? result.error.errors.map((error) => error.message) : [result.error.detail];
                return h("tr", {}, h("th", { scope: "row" }, (result.customId ?? "").replace("line-", "")), h("td", {}, item?.companyName ?? "—"), h("td", {}, h("ul", { class: "plain" }, reasons.map((reason) => h("li", {}, reason)))));
              }))))
          : null),
    );
  }

  fill(main, form, outcome);
}
