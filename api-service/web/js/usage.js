// The usage and cost of the tenant's reports, as charts and as a table of the same numbers.
import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { errorBox, field } from "./parts.js";
import { day, money, number, t } from "./words.js";

const iso = (time) => new Date(time).toISOString().slice(0, 10);
const DAY = 24 * 3600 * 1000;

export function usage(main, signal) {
  const from = h("input", { type: "date", value: iso(Date.now() - 29 * DAY) });
  const to = h("input", { type: "date", value: iso(Date.now()) });
  const out = h("div", {});
  const form = h("form", { class: "filters", submit: (event) => event.preventDefault(), change: () => read() }, field("from", t("list.from"), from, { required: true }), field("to", t("list.to"), to, { required: true }));

  async function read() {
    try {
      const report = await api.usage(from.value, to.value);
      if (!signal.aborted) draw(report);
    } catch (problem) {
      if (!signal.aborted) fill(out, errorBox(problem));
    }
  }

  function draw(report) {
    const tile = (name, value) => h("div", { class: "tile" }, h("dt", {}, t(`usage.${name}`)), h("dd", {}, value));
    fill(
      out,
      h("dl", { class: "tiles" }, tile("reports", number(report.reports)), tile("cost", money(report.costUsd)), tile("calls", number(report.modelCalls)), tile("tokens", number(report.inputTokens + report.outputTokens))),
      report.days.length
        ? [plot(report, "reports", (one) => one.reports, number), plot(report, "cost", (one) => one.costUsd, money), table(report)]
        : h("p", { class: "card" }, t("usage.none")),
    );
  }

  function plot(report, name, value, format) {
    const days = [];
    for (let time = Date.parse(report.from); time <= Date.parse(report.to); time += DAY) {
      const date = iso(time);
      days.push({ date, value: value(report.days.find((one) => one.date === date) ?? { reports: 0, costUsd: 0 }) });
    }
    const max = Math.max(...days.map((one) => one.value)) || 1;
    const [width, height, step] = [Math.max(days.length * 22, 220), 140, Math.max(days.length * 22, 220) / days.length];
    const top = days.find((one) => one.value === max);
    return h("figure", { class: "card" },
      h("figcaption", {}, h("h2", {}, t(`usage.plot_${name}`))),
      h("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", preserveAspectRatio: "none", "aria-label": t("usage.plot_text", { max: format(max), day: top ? day(top.date) : "" }) },
        h("line", { x1: 0, y1: height - 1, x2: width, y2: height - 1, class: "axis" }),
        days.map((one, index) => {
          const barHeight = (one.value / max) * (height - 20);
          return h("rect", { x: index * step + 2, y: height - 1 - barHeight, width: step - 4, height: barHeight, class: "bar" }, h("title", {}, `${day(one.date)}: ${format(one.value)}`));
        })),
      h("p", { class: "quiet span" }, h("span", {}, day(report.from)), h("span", {}, t("usage.max", { max: format(max) })), h("span", {}, day(report.to))));
  }

  const table = (report) =>
    h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": t("usage.table") }, h("table", {},
      h("caption", { class: "unseen" }, t("usage.table")),
      h("thead", {}, h("tr", {}, ["day", "reports", "calls", "input", "output", "cost"].map((name) => h("th", { scope: "col" }, t(`usage.${name}`))))),
      h("tbody", {}, [...report.days].reverse().map((one) =>
        h("tr", {}, h("th", { scope: "row" }, day(one.date)), [["reports", number(one.reports)], ["calls", number(one.modelCalls)], ["input", number(one.inputTokens)], ["output", number(one.outputTokens)], ["cost", money(one.costUsd)]].map(([name, text]) => h("td", { "data-label": t(`usage.${name}`) }, text)))))));

  fill(main, h("h1", { tabindex: "-1" }, t("usage.title")), form, out);
  read();
}
