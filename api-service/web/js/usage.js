// The usage and cost of the tenant's reports, as charts and as a table of the same numbers. The address names the days.
import * as api from "./api.js";
import { bars, lastDays } from "./chart.js";
import { fill, h } from "./dom.js";
import { card, errorBox, field, table, tile } from "./parts.js";
import { day, money, number, t } from "./words.js";

/** Number of days that are shown unless the address names them. */
const DAYS = 30;

/** @type {import("./app.js").View} */
export function usage(main, signal, query) {
  const days = lastDays(DAYS);
  const from = h("input", { type: "date", id: "from", value: query.get("from") || days[0] });
  const to = h("input", { type: "date", id: "to", value: query.get("to") || days[DAYS - 1] });
  const out = h("div", {});
  const change = () => {
    history.replaceState(null, "", `#/usage?${new URLSearchParams({ from: from.value, to: to.value })}`);
    read();
  };
  const form = h(
    "form",
    { class: "filters", "aria-label": t("list.filters"), submit: (event) => event.preventDefault(), change },
    field("from", t("list.from"), from, { plain: true }),
    field("to", t("list.to"), to, { plain: true }),
  );

  let current = new AbortController();
  async function read() {
    current.abort();
    current = new AbortController();
    const own = AbortSignal.any([signal, current.signal]);
    try {
      fill(out, content(await api.usage(from.value, to.value, own)));
    } catch (problem) {
      if (!own.aborted) fill(out, errorBox(problem));
    }
  }

  fill(main, h("h1", { tabindex: "-1" }, t("usage.title")), form, out);
  read();
}

/** @param {Api.Usage} report */
function content(report) {
  const tiles = h(
    "ul",
    { class: "plain tiles" },
    tile(t("usage.reports"), number(report.reports)),
    tile(t("usage.cost"), money(report.costUsd)),
    tile(t("usage.calls"), number(report.modelCalls)),
    tile(t("usage.tokens"), number(report.inputTokens + report.outputTokens)),
  );
  if (!report.days.length) return [tiles, h("p", { class: "card" }, t("usage.none"))];
  return [
    tiles,
    h(
      "div",
      { class: "columns" },
      card(
        "plot-reports",
        t("usage.plot_reports"),
        bars(report, (one) => one.reports, number),
      ),
      card(
        "plot-cost",
        t("usage.plot_cost"),
        bars(report, (one) => one.costUsd, money),
      ),
    ),
    h("div", { class: "card flush numbers" }, days(report)),
  ];
}

/** @param {Api.Usage} report */
function days(report) {
  const columns = ["day", "reports", "calls", "input", "output", "cost"].map((name) => t(`usage.${name}`));
  const rows = [...report.days].reverse().map((one) => {
    const values = [
      number(one.reports),
      number(one.modelCalls),
      number(one.inputTokens),
      number(one.outputTokens),
      money(one.costUsd),
    ];
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, day(one.date)),
      values.map((value, index) => h("td", { "data-label": columns[index + 1] }, value)),
    );
  });
  return table(t("usage.table"), columns, rows);
}
