// The list of reports: searched and filtered by what its address says, refreshed while it is shown, with a button
// for more, and an export.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { actionButton, field, level, poll, save, select, status, table } from "./parts.js";
import { countries } from "./schemes.js";
import { LEVELS, STATUSES, isTerminal } from "./states.js";
import { country, date, plural, t } from "./words.js";

/** The time between two reads of the list in milliseconds, while reports are in progress and otherwise. */
const ACTIVE_INTERVAL = 3000;
const IDLE_INTERVAL = 15_000;
/** The time without a key press after which a search begins, in milliseconds. */
const TYPING_PAUSE = 300;
/** Number of reports that each press of the button adds. */
const STEP = 20;
/** Maximum size of a page, which the API reads from the table with one request. */
const PAGE_SIZE_MAX = 100;

const FILTERS = ["name", "corporateNumber", "status", "riskLevel", "review", "country", "from", "to"];

/** @type {import("./app.js").View} */
export async function reports(main, signal, query) {
  /** @type {Record<string, string>} */
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  // What the user did may fail, and stays to be read when a later read succeeds.
  const note = h("div", {});
  const readNote = h("div", {});
  const rows = h("tbody", {});
  const more = h("div", { class: "actions" });
  const clear = h("div", { class: "chips" });
  /** @type {Api.Report[]} */
  let shown = [];
  let hasMore = false;
  /** How often the button for more was pressed, plus one. */
  let steps = 1;
  /** @type {number | null} */
  let announced = null;
  let typing = 0;

  const isFiltered = () => Object.values(filters).some(Boolean);

  /** Keeps the filters in the address, so that it can be shared and the back button returns to it. */
  function changed() {
    const chosen = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
    history.replaceState(null, "", `#/reports${chosen.size ? `?${chosen}` : ""}`);
    steps = 1;
    drawClear();
    again();
  }

  /** @param {string} name @param {HTMLInputElement | HTMLSelectElement} node */
  const control = (name, node) => {
    node.id = `filter-${name}`;
    node.value = filters[name];
    const take = () => {
      clearTimeout(typing);
      if (filters[name] === node.value.trim()) return;
      filters[name] = node.value.trim();
      changed();
    };
    node.addEventListener("change", take);
    if (node.type === "search") {
      node.addEventListener("input", () => {
        clearTimeout(typing);
        typing = window.setTimeout(take, TYPING_PAUSE);
      });
    }
    return field(name, t(`list.${name}`), node, { plain: true });
  };

  /** @type {[string, string]} */
  const any = ["", t("list.any")];
  /** @param {string[]} values @param {string} words @returns {[string, string][]} */
  const named = (values, words) => values.map((value) => [value, t(`${words}.${value}`)]);
  /** @type {[string, string][]} */
  const codes = (await countries()).map((code) => [code, country(code)]);
  if (signal.aborted) return;
  const search = { type: "search", autocomplete: "off", spellcheck: "false" };
  const form = h(
    "form",
    {
      class: "filters",
      role: "search",
      "aria-label": t("list.filters"),
      submit: (event) => event.preventDefault(),
    },
    control("name", h("input", { ...search, placeholder: t("list.name_hint"), maxlength: 200 })),
    control("corporateNumber", h("input", { ...search, maxlength: 80 })),
    control("status", select({}, [any, ...named(STATUSES, "status")])),
    control("riskLevel", select({}, [any, ...named(LEVELS, "levels")])),
    control("review", select({}, [any, ["true", t("list.review_yes")], ["false", t("list.review_no")]])),
    control("country", select({}, [any, ...codes])),
    control("from", h("input", { type: "date" })),
    control("to", h("input", { type: "date" })),
  );

  // On a phone the filters would fill the first screen, so they are folded until there are some.
  const wide = matchMedia("(min-width: 40.01rem)");
  const isOpen = () => wide.matches || isFiltered();
  const filterBox = h(
    "details",
    { class: "filter-box", open: isOpen() },
    h("summary", { id: "filters" }, t("list.filters")),
    form,
  );
  wide.addEventListener("change", () => (filterBox.open = isOpen()), { signal });

  const exportAll = async () => save(await api.exportCsv(filters), "reports.csv");

  /** @param {Api.Report} report */
  const row = (report) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "a",
          { href: `#/reports/${report.reportId}`, id: `r-${report.reportId}` },
          report.request.companyName,
        ),
        h(
          "span",
          { class: "quiet number" },
          [report.request.corporateNumber, report.customId].filter(Boolean).join(" · "),
        ),
      ),
      h("td", { class: "country", "data-label": t("list.country") }, country(report.request.country)),
      h(
        "td",
        { "data-label": t("list.status") },
        status(report.status),
        isTerminal(report) ? null : h("span", { class: "quiet" }, ` ${report.progress.percent} %`),
      ),
      h(
        "td",
        { "data-label": t("list.level") },
        level(report.riskLevel),
        report.review.required ? h("span", { class: "flag" }, t("list.review_flag")) : null,
      ),
      h("td", { "data-label": t("list.created") }, date(report.createdAt)),
    );

  // Filters that the API refuses can be cleared, too, so this waits for no response.
  const drawClear = () =>
    fill(clear, isFiltered() ? h("a", { href: "#/reports", id: "clear" }, t("list.clear")) : null);

  function draw() {
    const nothing = [
      t(isFiltered() ? "list.none_match" : "list.empty"),
      " ",
      h("a", { href: "#/new" }, t("nav.new")),
    ];
    fill(rows, shown.length ? shown.map(row) : h("tr", {}, h("td", { colspan: 5, class: "empty" }, nothing)));
    fill(more, hasMore ? h("button", { type: "button", id: "more", click: next }, t("list.more")) : null);
    const open = shown.filter((report) => !isTerminal(report)).length;
    if (announced !== null && announced !== open) announce(plural("list.open", open));
    announced = open;
  }

  /**
   * Reads all reports that are shown, and returns the milliseconds after which to read them again.
   * @param {AbortSignal} current
   */
  async function read(current) {
    /** @type {Api.Report[]} */
    let found = [];
    /** @type {string | null} */
    let token = null;
    // A page may be short, or empty, although more follow: then each step reads one of them.
    for (let page = 0; page < steps && found.length < STEP * steps; page += 1) {
      const pageSize = Math.min(STEP * steps - found.length, PAGE_SIZE_MAX);
      const answer = await api.list({ ...filters, pageSize }, token, current);
      found = [...found, ...answer.reports];
      token = answer.nextPageToken;
      if (!token) break;
    }
    [shown, hasMore] = [found, token !== null];
    draw();
    return shown.some((report) => !isTerminal(report)) ? ACTIVE_INTERVAL : IDLE_INTERVAL;
  }

  function next() {
    steps += 1;
    again();
  }

  const columns = ["company", "country", "status", "level", "created"].map((name) => t(`list.${name}`));
  fill(
    main,
    h(
      "div",
      { class: "head" },
      h("h1", { tabindex: "-1" }, t("list.title")),
      h(
        "div",
        { class: "actions" },
        actionButton(t("list.export"), exportAll, note, { id: "export" }),
        h("a", { class: "button main", href: "#/new" }, t("nav.new")),
      ),
    ),
    filterBox,
    clear,
    note,
    readNote,
    h("div", { class: "card flush" }, table(t("list.title"), columns, rows)),
    more,
  );
  signal.addEventListener("abort", () => clearTimeout(typing));
  drawClear();
  const again = poll(signal, read, { note: readNote, retry: ACTIVE_INTERVAL });
}
