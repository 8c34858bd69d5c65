// The list of reports: with filters, refreshed while it is shown, with a button for more, and an export.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { TERMINAL, errorBox, field, level, save, select, status } from "./parts.js";
import { country, date, t } from "./words.js";
import { countries } from "./schemes.js";

/** The time between two reads of the list in milliseconds, while reports are in progress and otherwise. */
const ACTIVE_INTERVAL = 3000;
const IDLE_INTERVAL = 15_000;

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
  let announced = null;
  let latest = 0;

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
      save(await api.exportCsv(filters), "reports.csv");
    } catch (problem) {
      fill(note, errorBox(problem));
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
    if (announced !== null && announced !== open) announce(t("list.open", { count: open }));
    announced = open;
  }

  async function read() {
    clearTimeout(timer);
    // A late response to a read with other filters must not be shown.
    const request = (latest += 1);
    let [open, wait] = [true, 0];
    if (!document.hidden) {
      try {
        const page = await api.list(filters, null, signal);
        if (request !== latest) return;
        // Older reports that the button has loaded stay, unless they are on the first page now.
        const onPage = new Set(page.reports.map((report) => report.reportId));
        const oldest = page.reports.at(-1)?.createdAt ?? "";
        const rest = shown.length > page.reports.length ? shown.filter((report) => !onPage.has(report.reportId) && report.createdAt < oldest) : [];
        if (!rest.length) token = page.nextPageToken;
        shown = [...page.reports, ...rest];
        open = page.reports.some((report) => !TERMINAL.includes(report.status));
        fill(note);
        draw();
      } catch (problem) {
        if (signal.aborted || request !== latest) return;
        fill(note, errorBox(problem));
        if (problem.status === 401) return;
        wait = Math.min(problem.retryAfter ?? 0, 60) * 1000;
      }
    }
    if (!signal.aborted && request === latest) timer = setTimeout(read, Math.max(wait, open ? ACTIVE_INTERVAL : IDLE_INTERVAL));
  }

  async function next() {
    const request = latest;
    try {
      const page = await api.list(filters, token, signal);
      if (request !== latest) return;
      const known = new Set(shown.map((report) => report.reportId));
      shown = [...shown, ...page.reports.filter((report) => !known.has(report.reportId))];
      token = page.nextPageToken;
      draw();
    } catch (problem) {
      if (!signal.aborted) fill(note, errorBox(problem));
    }
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  if (signal.aborted) return;
  fill(main, h("div", { class: "head" }, h("h1", { tabindex: "-1" }, t("list.title")), h("a", { class: "button main", href: "#/new" }, t("nav.new"))), form, note, h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": t("list.title") }, table), more);
  read();
}
