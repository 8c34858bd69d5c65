// The dashboard: what waits for a person, what failed, what is in progress and for how long, and what it costs. Read
// again while it is shown.
import * as api from "./api.js";
import { bars, lastDays } from "./chart.js";
import { announce, fill, h } from "./dom.js";
import { firstRequest } from "./first_request.js";
import { actionButton, card, errorBox, level, pauseAfter, poll, status, tile } from "./parts.js";
import { DAYS, readProgress, readResults } from "./overview_state.js";
import { waitsSince } from "./states.js";
import { resendButton, webhookState } from "./webhook.js";
import { date, duration, maybe, money, number, plural, t } from "./words.js";

/** The time between two reads of the reports in progress in milliseconds, while there are some and otherwise. */
const ACTIVE_INTERVAL = 5000;
const IDLE_INTERVAL = 30_000;
/** The time between two reads of everything else in milliseconds. It changes seldom, and takes many more requests. */
const RESULTS_INTERVAL = 60_000;
/** Number of reports that a card lists. */
const LISTED = 5;
/** @type {import("./app.js").View} */
export async function overview(main, signal) {
  // What the user did may fail, and stays to be read when a later read succeeds.
  const note = h("div", {});
  const unreadNote = h("div", {});
  /** Errors of a read as a whole, which are faults of the page: each part says for itself that it could not be read. */
  const notes = [h("div", {}), h("div", {})];
  const body = h("div", {}, h("p", { class: "quiet" }, t("view.loading")));
  /** @type {number | null} */
  let announced = null;
  /** @type {import("./overview_state.js").Progress | null} */
  let progress = null;
  /** @type {import("./overview_state.js").Results | null} */
  let results = null;
  const request = h("a", { class: "button main", href: "#/new", hidden: true }, t("nav.new"));
  fill(
    main,
    h("div", { class: "head" }, h("h1", { tabindex: "-1" }, t("nav.overview")), request),
    note,
    unreadNote,
    notes,
    body,
  );

  function draw() {
    if (!progress || !results) return;
    const isEmpty = progress.isEmpty === true;
    request.hidden = isEmpty;
    showProblems();
    // The first request stays as it is while it is shown, with the language that was chosen.
    if (!isEmpty) fill(body, dashboard({ ...progress, ...results }, note, changed));
    else if (!body.querySelector(".first")) fill(body, firstRequest());
    const count = results.review.value?.reports.length ?? announced;
    if (announced !== null && count !== null && announced !== count)
      announce(plural("overview.review_count", count));
    announced = count;
  }

  /** Shows each error of the last reads once. */
  function showProblems() {
    const parts = [
      ...(progress ? [progress.waiting, progress.processing] : []),
      ...(results ? [results.review, results.failed, results.undelivered, results.usage] : []),
    ];
    const failed = parts.map(({ problem }) => problem).filter(Boolean);
    const problems = new Map(failed.map((problem) => [String(problem), problem]));
    const key = [...problems.keys()].join();
    // An alert that is drawn again would be read out again.
    if (key !== unreadNote.dataset.key)
      fill(
        unreadNote,
        [...problems.values()].map((problem) => errorBox(problem)),
      );
    unreadNote.dataset.key = key;
  }

  /** @param {AbortSignal} current */
  async function readOpen(current) {
    progress = await readProgress(progress?.isEmpty !== false, current);
    draw();
    const { waiting, processing } = progress;
    const isActive = [waiting, processing].some(({ value }) => value?.reports.length);
    const pauses = [waiting, processing].map(({ problem }) => pauseAfter(problem));
    return Math.max(isActive ? ACTIVE_INTERVAL : IDLE_INTERVAL, ...pauses);
  }

  /** @param {AbortSignal} current */
  async function readRest(current) {
    results = await readResults(current);
    draw();
    return RESULTS_INTERVAL;
  }

  function changed() {
    againOpen();
    againRest();
  }

  const againOpen = poll(signal, readOpen, { note: notes[0], retry: IDLE_INTERVAL });
  const againRest = poll(signal, readRest, { note: notes[1], retry: RESULTS_INTERVAL });
}

/** @typedef {import("./overview_state.js").Part<import("./overview_state.js").Found>} FoundPart */

/**
 * Returns the number of reports, which a plus sign follows if there may be more.
 * @param {FoundPart} part
 */
const count = ({ value }) => (value ? `${number(value.reports.length)}${value.more ? "+" : ""}` : "—");

/**
 * Says that a part could not be read. The error itself is shown above all parts.
 * @param {import("./overview_state.js").Part<unknown>} part
 */
const unread = ({ problem }) => (problem ? h("p", { class: "quiet unread" }, t("overview.unread")) : null);

/**
 * @param {import("./overview_state.js").Progress & import("./overview_state.js").Results} state
 * @param {HTMLElement} note where errors are shown
 * @param {() => void} changed is called after a change
 */
function dashboard(state, note, changed) {
  const { review, failed, waiting, processing, usage, undelivered } = state;
  const from = lastDays(DAYS)[0];
  const queue = waiting.value?.reports ?? [];
  const longest = duration((Date.now() - Math.min(...queue.map(waitsSince))) / 1000);
  // Of more reports than were read, an older one may wait.
  const wait = waiting.value?.more ? `> ${longest}` : longest;
  const open = {
    value: {
      reports: [...(processing.value?.reports ?? []), ...queue],
      more: Boolean(processing.value?.more || waiting.value?.more),
    },
    problem: processing.problem ?? waiting.problem,
  };
  const days = usage.value;
  const missing = undelivered.value?.deliveries ?? [];
  const today = days?.days.find(({ date }) => date === days.to);
  return [
    h(
      "ul",
      { class: "plain tiles" },
      counted(
        "review",
        count(review),
        t("overview.days", { days: DAYS }),
        `#/reports?review=true&from=${from}`,
        Boolean(review.value?.reports.length),
      ),
      counted(
        "failed",
        count(failed),
        t("overview.days", { days: DAYS }),
        `#/reports?status=FAILED&from=${from}`,
        Boolean(failed.value?.reports.length),
      ),
      counted("processing", count(processing), t("overview.processing_about"), "#/reports?status=PROCESSING"),
      counted(
        "waiting",
        count(waiting),
        queue.length ? t("overview.waiting_about", { wait }) : t("overview.waiting_none"),
        "#/reports?status=PENDING",
      ),
      days &&
        counted(
          "spend",
          money(today?.costUsd ?? 0),
          t("overview.spend_total", { days: DAYS, cost: money(days.costUsd) }),
          "#/usage",
        ),
    ),
    h(
      "div",
      { class: "columns" },
      h("div", {}, listing("review", review, toReview), listing("open", open, inProgress)),
      h(
        "div",
        {},
        listing("failed", failed, (report) => [
          h("p", { class: "quiet" }, report.error?.message),
          resubmit(report, note, changed),
        ]),
        Boolean(undelivered.problem || missing.length || undelivered.value?.more) &&
          card(
            "undelivered",
            t("overview.undelivered"),
            unread(undelivered),
            !undelivered.problem &&
              !missing.length &&
              h("p", { class: "quiet" }, t("overview.no_undelivered")),
            missing.length > 0 &&
              h(
                "ul",
                { class: "plain rows" },
                missing.slice(0, LISTED).map((delivery) => missed(delivery, note, changed)),
              ),
            undelivered.value?.more &&
              h(
                "p",
                {},
                h(
                  "a",
                  { href: "#/webhooks?state=failed", id: "all-undelivered" },
                  t("overview.all_undelivered"),
                ),
              ),
          ),
        Boolean(days || usage.problem) &&
          card(
            "spend",
            t("overview.spend_by_day"),
            unread(usage),
            days && bars(days, (one) => one.costUsd, money),
          ),
      ),
    ),
  ];
}

/** @param {Api.Report} report */
const toReview = (report) => [
  h(
    "p",
    { class: "quiet", lang: report.request.language },
    level(report.riskLevel),
    " ",
    report.review.reasons[0],
  ),
];

/** @param {Api.Report} report */
const inProgress = (report) => [
  h(
    "p",
    { class: "quiet" },
    status(report.status),
    " ",
    report.error?.message ?? maybe(`stage.${report.progress.stage}`, report.progress.message),
  ),
  h("progress", { max: 100, value: report.progress.percent, "aria-label": report.request.companyName }),
];

/**
 * Returns a tile that leads to what it counts.
 * @param {string} name
 * @param {string} value
 * @param {string} about
 * @param {string} href
 * @param {boolean} [urgent]
 */
const counted = (name, value, about, href, urgent = false) =>
  tile(t(`overview.${name}`), value, {
    about,
    link: { href, id: `tile-${name}` },
    mood: urgent ? `urgent-${name}` : null,
  });

/**
 * Returns a card with the newest of some reports.
 * @param {string} name
 * @param {FoundPart} part
 * @param {(report: Api.Report) => Page.Children} about
 */
function listing(name, part, about) {
  const rows = (part.value?.reports ?? [])
    .slice(0, LISTED)
    .map((report) =>
      h(
        "li",
        {},
        h(
          "p",
          { class: "row-head" },
          h(
            "a",
            { href: `#/reports/${report.reportId}`, id: `${name}-${report.reportId}` },
            report.request.companyName,
          ),
          h("span", { class: "quiet" }, date(report.endedAt ?? report.createdAt)),
        ),
        about(report),
      ),
    );
  return card(
    `card-${name}`,
    t(`overview.${name}`),
    unread(part),
    rows.length > 0 && h("ul", { class: "plain rows" }, rows),
    !rows.length && !part.problem && h("p", { class: "quiet" }, t(`overview.no_${name}`)),
  );
}

/**
 * @param {Api.Report} report
 * @param {HTMLElement} note
 * @param {() => void} changed
 */
function resubmit({ reportId, request }, note, changed) {
  const action = async () => {
    await api.command(reportId, "resubmit");
    changed();
  };
  return actionButton(t("view.resubmit"), action, note, {
    class: "small",
    id: `resubmit-${reportId}`,
    "aria-label": `${t("view.resubmit")}: ${request.companyName}`,
  });
}

/**
 * @param {Api.Delivery} delivery
 * @param {HTMLElement} note
 * @param {() => void} changed
 */
const missed = (delivery, note, changed) =>
  h(
    "li",
    {},
    h(
      "p",
      { class: "row-head" },
      h(
        "a",
        { href: `#/reports/${delivery.reportId}`, id: `webhook-${delivery.reportId}` },
        delivery.companyName,
      ),
      webhookState(delivery.state),
    ),
    h("p", { class: "quiet" }, delivery.attempts.at(-1)?.error),
    resendButton(delivery.reportId, `missed-${delivery.reportId}`, changed, note),
  );
