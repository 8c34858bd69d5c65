// The timeline of a report: its attempts, the stages of each, and the waits between them, with their durations.
import { h, svg } from "./dom.js";
import { card } from "./parts.js";
import { isTerminal } from "./states.js";
import { clockTime, date, duration, maybe, number, t } from "./words.js";

/** The width of the drawing in its own units. */
const WIDTH = 1000;
/** The smallest width of a part, so that a short stage can be seen. */
const WIDTH_MIN = 4;

/** @typedef {{ stage: string, from: number, to: number }} Part times in milliseconds since the epoch */

/**
 * Returns the timeline of `report`; null as long as it waits for its first attempt.
 * @param {Api.Report} report
 */
export function timeline(report) {
  const attempts = report.attemptHistory;
  if (!attempts.length) return null;
  const begin = Date.parse(report.createdAt);
  const end = report.endedAt ? Date.parse(report.endedAt) : Date.now();
  const items = attempts.map((attempt, index) => {
    const before = index === 0 ? begin : Date.parse(attempts[index - 1].endedAt ?? "");
    return item(attempt, before, { begin, end });
  });
  const last = attempts[attempts.length - 1];
  const waits = !isTerminal(report) && last.endedAt !== null;
  return card(
    "timeline",
    t("timeline.title"),
    h(
      "p",
      { class: "quiet" },
      t("timeline.about", { submitted: date(report.createdAt), total: duration((end - begin) / 1000) }),
    ),
    h(
      "ol",
      { class: "plain timeline" },
      items,
      waits &&
        h(
          "li",
          {},
          h(
            "p",
            {},
            t("timeline.waits", { duration: duration((end - Date.parse(last.endedAt ?? "")) / 1000) }),
          ),
        ),
    ),
  );
}

/**
 * @param {Api.Attempt} attempt
 * @param {number} before when the report was submitted, or its previous attempt ended
 * @param {{ begin: number, end: number }} all the time that the drawing spans
 */
function item(attempt, before, all) {
  const parts = partsOf(attempt, all.end);
  const wait = parts.length && Number.isFinite(before) ? parts[0].from - before : NaN;
  const outcome = maybe(`timeline.${attempt.outcome}`, attempt.outcome);
  return h(
    "li",
    { class: `attempt attempt-${attempt.outcome}` },
    h(
      "p",
      {},
      h("strong", {}, t("timeline.attempt", { attempt: number(attempt.attempt) })),
      " ",
      h("span", { class: `badge outcome-${attempt.outcome}` }, outcome),
      " ",
      h(
        "span",
        { class: "quiet" },
        attempt.startedAt && clockTime(attempt.startedAt),
        attempt.errorCode && ` · ${attempt.errorCode}`,
      ),
    ),
    parts.length > 0 && drawing(parts, all),
    h(
      "ul",
      { class: "plain durations" },
      wait > 0 && legend("queued", wait),
      parts.map(({ stage, from, to }) => legend(stage, to - from)),
    ),
  );
}

/**
 * Returns the stages of an attempt that have a beginning.
 * @param {Api.Attempt} attempt
 * @param {number} now the end of a stage that has none yet
 * @returns {Part[]}
 */
const partsOf = (attempt, now) =>
  attempt.stages.map(({ stage, startedAt, endedAt }) => ({
    stage,
    from: Date.parse(startedAt),
    to: endedAt ? Date.parse(endedAt) : Math.max(now, Date.parse(startedAt)),
  }));

/** @param {string} stage @param {number} milliseconds */
const legend = (stage, milliseconds) =>
  h(
    "li",
    { class: `part-${stage}` },
    maybe(`timeline.stage_${stage}`, stage),
    " ",
    h("b", {}, duration(milliseconds / 1000)),
  );

/**
 * Draws the stages of an attempt within the time of the whole report. The list below it says the same in words.
 * @param {Part[]} parts
 * @param {{ begin: number, end: number }} all
 */
function drawing(parts, { begin, end }) {
  const scale = WIDTH / Math.max(end - begin, 1);
  const bars = parts.map(({ stage, from, to }) =>
    svg("rect", {
      x: Math.min((from - begin) * scale, WIDTH - WIDTH_MIN),
      width: Math.max((to - from) * scale, WIDTH_MIN),
      y: 0,
      height: 10,
      class: `part-${stage}`,
    }),
  );
  const attributes = {
    viewBox: `0 0 ${WIDTH} 10`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    class: "bars",
  };
  return svg("svg", attributes, svg("rect", { x: 0, y: 0, width: WIDTH, height: 10, class: "track" }), bars);
}
