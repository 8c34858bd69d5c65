// A bar chart of a number per day. It has a text alternative, and the days can be read by keyboard in the table beside it.
import { h, svg } from "./dom.js";
import { day, t } from "./words.js";

const DAY = 24 * 3600 * 1000;
/** The width of a bar with its gap, and the height of the chart, in the units of the drawing. */
const [STEP, HEIGHT] = [22, 140];
/** The room above the highest bar, and the line at its height. */
const ROOM = 2;

/** @param {number} time in milliseconds since the epoch */
const iso = (time) => new Date(time).toISOString().slice(0, 10);

/**
 * Returns the last `count` days (UTC), today included, oldest first.
 * @param {number} count
 */
export const lastDays = (count) =>
  Array.from({ length: count }, (_, index) => iso(Date.now() - (count - 1 - index) * DAY));

/**
 * @param {Api.Usage} usage
 * @param {(day: Api.DayUsage) => number} value
 * @param {(value: number) => string} format
 */
export function bars(usage, value, format) {
  const days = [];
  for (let time = Date.parse(usage.from); time <= Date.parse(usage.to); time += DAY) {
    const found = usage.days.find((one) => one.date === iso(time));
    days.push({ date: iso(time), value: found ? value(found) : 0 });
  }
  const max = Math.max(...days.map((one) => one.value));
  const width = days.length * STEP;
  const top = days.find((one) => one.value === max);
  const text = t("usage.plot_text", { max: format(max), day: top ? day(top.date) : "" });
  return h(
    "div",
    { class: "chart" },
    h("p", { class: "quiet" }, t("usage.max", { max: format(max) })),
    svg(
      "svg",
      { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", preserveAspectRatio: "none", "aria-label": text },
      svg("line", { x1: 0, y1: ROOM, x2: width, y2: ROOM, class: "limit" }),
      svg("line", { x1: 0, y1: HEIGHT - 1, x2: width, y2: HEIGHT - 1, class: "axis" }),
      days.map((one, index) => {
        const height = (one.value / (max || 1)) * (HEIGHT - 1 - ROOM);
        const place = {
          x: index * STEP + 3,
          y: HEIGHT - 1 - height,
          width: STEP - 6,
          height,
          rx: 2,
          class: "bar",
        };
        return svg("rect", place, svg("title", {}, `${day(one.date)}: ${format(one.value)}`));
      }),
    ),
    h("p", { class: "quiet span" }, h("span", {}, day(usage.from)), h("span", {}, day(usage.to))),
  );
}
