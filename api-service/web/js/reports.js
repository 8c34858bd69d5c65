// The list of reports: filtered, kept up to date, continued by a button, exported.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { TERMINAL, field, level, save, select, status, trouble } from "./parts.js";
import { country, date, t } from "./words.js";
import { countries } from "./schemes.js";

/** How often the list is read again: soon while something is under way. */
const SOON = 3000;
const LATER = 15_000;

const filters = { status: "", country: "", riskLevel: "", from: "", to: "" };

export async function reports(main, signal) {
  const rows = h("tbody", {});
  const table = h(
    "table",
    {},
    h("caption", { class: "unseen" }, t("list.title")),
    h("thead", {}, h("tr", {}, ["company", "country", "status", "level", "created"].map((name) => h("th", { scope: "col" }, t(`list.${name}`))))),
    rows,
  );
  const note = h("div", {});
  const more = h("div", { class: "actions" });
  let shown = [];
  let token = null;
  let timer = 0;
  let counted = null;
  let turns = 0;

  const any = ["", t("list.any")];
  const control = (name, node) => {
    node.addEventListener("change", () => {
      filters[name] = node.value;
      [shown, token] = [[], null];
      read();
    });
    return field(name, t(`list.${name}`), node, { required: true });
  };
  const form = h(
    "form",
    { class: "filters", "aria-label": t("list.filters"), submit: (event) => event.preventDefault() },
    control("status", select({}, [any, ...["PENDING", "PROCESSING", ...TERMINAL].map((value) => [value, t(`status.${value}`)])], filters.status)),
    control("riskLevel", select({}, [any, ...["LOW", "MEDIUM", "HIGH", "UNDETERMINED"].map((value) => [value, t(`levels.${value}`)])], filters.riskLevel)),
    control("country", select({}, [any, ...(await countries()).map((code) => [code, country(code)])], filters.country)),
    control("from", h("input", { type: "date", value: filters.from })),
    control("to", h("input", { type: "date", value: filters.to })),
    h("button", { type: "button", id: "export", click: (event) => exportAll(event.target) }, t("list.export")),
  );
  for (const label of form.querySelectorAll("[aria-required]")) label.removeAttribute("aria-required");

  async function exportAll(button) {
    button.disabled = true;
    try {
      save(await api.exported(filters), "reports.csv");
    } catch (problem) {
      fill(note, trouble(problem));
    }
    button.disabled = false;
  }

  const row = (report) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: `#/reports/${report.reportId}`, id: `r-${report.reportId}` }, report.request.companyName), h("span", { class: "quiet number" }, report.request.corporateNumber)),
      h("td", { "data-label": t("list.country") }, country(report.request.country)),
      h("td", { "data-label": t("list.status") }, status(report.status), TERMINAL.includes(report.status) ? null : h("span", { class: "quiet" }, ` ${report.progress.percent} %`)),
      h("td", { "data-label": t("list.level") }, level(report.riskLevel), report.review.required ? h("span", { class: "flag" }, t("list.review")) : null),
      h("td", { "data-label": t("list.created") }, date(report.createdAt)),
    );

  function draw() {
    if (shown.length) fill(rows, shown.map(row));
    else fill(rows, h("tr", {}, h("td", { colspan: 5, class: "empty" }, t("list.empty"), " ", h("a", { href: "#/new" }, t("nav.new")))));
    fill(more, token ? h("button", { type: "button", id: "more", click: next }, t("list.more")) : null);
    const open = shown.filter((report) => !TERMINAL.includes(report.status)).length;
    if (counted !== null && counted !== open) announce(t("list.open", { count: open }));
    counted = open;
  }

  async function read() {
    clearTimeout(timer);
    // An answer that is late must not show what other filters chose.
    const turn = (turns += 1);
    let open = true;
    if (!document.hidden) {
      try {
        const page = await api.list(filters, null, signal);
        if (turn !== turns) return;
        // What was loaded by the button stays, where it is not on the first page now.
        const first = new Set(page.reports.map((report) => report.reportId));
        const oldest = page.reports.at(-1)?.createdAt ?? "";
        const rest = shown.length > page.reports.length ? shown.filter((report) => !first.has(report.reportId) && report.createdAt < oldest) : [];
        if (!rest.length) token = page.nextPageToken;
        shown = [...page.reports, ...rest];
        open = page.reports.some((report) => !TERMINAL.includes(report.status));
        fill(note);
        draw();
      } catch (problem) {
        if (signal.aborted || turn !== turns) return;
        fill(note, trouble(problem));
        if (problem.status === 401) return;
      }
    }
    if (!signal.aborted && turn === turns) timer = setTimeout(read, open ? SOON : LATER);
  }

  async function next() {
    const turn = turns;
    try {
      const page = await api.list(filters, token, signal);
      if (turn !== turns) return;
      const known = new Set(shown.map((report) => report.reportId));
      shown = [...shown, ...page.reports.filter((report) => !known.has(report.reportId))];
      token = page.nextPageToken;
      draw();
    } catch (problem) {
      if (!signal.aborted) fill(note, trouble(problem));
    }
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  if (signal.aborted) return;
  fill(main, h("div", { class: "head" }, h("h1", { tabindex: "-1" }, t("list.title")), h("a", { class: "button main", href: "#/new" }, t("nav.new"))), form, note, h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": t("list.title") }, table), more);
  read();
}
