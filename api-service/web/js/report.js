// The view of one report: it follows the report, and draws each part of it anew when the report changes.
import * as api from "./api.js";
import { announce, fill, h, update } from "./dom.js";
import { contents } from "./findings.js";
import { actionButton, card, errorBox, facts, level, status, table } from "./parts.js";
import { STAGES, isTerminal } from "./states.js";
import { timeline } from "./timeline.js";
import { deliveries } from "./webhook.js";
import { country, date, duration, maybe, money, number, t } from "./words.js";

/**
 * The words of reports on how far a number was verified. A newer API may add statuses.
 * @type {Record<string, string>}
 */
const NUMBER_WORDS = {
  verified: "numbers.checked",
  formVerified: "numbers.form",
  formNotVerified: "numbers.unverified",
  absent: "numbers.absent",
};

/**
 * Returns the registration number of a report with how far it was verified.
 * @param {Api.Report} report
 */
function numberWithCheck({ request, numberCheck }) {
  const key = NUMBER_WORDS[numberCheck.status];
  const check = key ? t(key, { scheme: numberCheck.scheme }) : numberCheck.message;
  return [request.corporateNumber, check].filter(Boolean).join(" – ");
}

/** @type {("pdf" | "html" | "md" | "json" | "evidence")[]} */
const FILES = ["pdf", "html", "md", "json", "evidence"];

/** @param {Api.Report} report */
function stages(report) {
  const at = report.status === "COMPLETED" ? STAGES.length : STAGES.indexOf(report.progress.stage);
  const items = STAGES.map((stage, index) => {
    const state = index < at ? "done" : index === at ? "now" : "next";
    const isCurrent = state === "now" && !isTerminal(report);
    return h("li", { class: state, "aria-current": isCurrent ? "step" : null }, t(`stage.${stage}`));
  });
  return h("ol", { class: "plain stages" }, items);
}

/** @param {Api.Report} report */
function sources(report) {
  if (!report.sources.length) return null;
  const columns = ["source", "outcome", "items", "as_of"].map((name) => t(`report.${name}`));
  const rows = report.sources.map((source) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, maybe(`sources.${source.source}`, source.source)),
      h(
        "td",
        { "data-label": columns[1] },
        h(
          "span",
          { class: `badge source-${source.status}` },
          maybe(`statuses.${source.status}`, source.status),
        ),
      ),
      h("td", { "data-label": columns[2] }, number(source.items)),
      h("td", { "data-label": columns[3] }, date(source.asOf)),
    ),
  );
  return card("sources", t("report.sources"), table(t("view.sources"), columns, rows, "sources-table"));
}

/** @param {Api.Report} report */
function details(report) {
  const { usage, metadata } = report;
  const tokens = t("view.tokens", { input: number(usage.inputTokens), output: number(usage.outputTokens) });
  return card(
    "details",
    t("view.details"),
    facts([
      [t("report.number"), numberWithCheck(report)],
      [t("report.country"), country(report.request.country)],
      [t("report.purpose"), report.request.purpose],
      [t("view.custom_id"), report.customId],
      .../** @type {[string, string][]} */ (Object.entries(metadata)),
      [t("view.created"), date(report.createdAt)],
      [t("view.ended"), report.endedAt && date(report.endedAt)],
      [t("view.deleted"), date(report.expiresAt)],
      [t("view.cost"), usage.modelCalls ? `${money(usage.costUsd)} · ${tokens}` : null],
      [t("view.report_id"), report.reportId],
    ]),
  );
}

/** @type {import("./app.js").View} */
export async function report(main, signal, _query, id) {
  const part = () => h("div", {});
  const parts = {
    note: part(),
    completed: part(),
    connection: part(),
    state: part(),
    verdict: part(),
    contents: part(),
    timeline: h("div", { class: "whole" }),
    webhook: h("div", { class: "whole" }),
    sources: part(),
    details: part(),
  };
  const title = h("h1", { tabindex: "-1" }, t("view.loading"));
  fill(
    main,
    h("p", { class: "back" }, h("a", { href: "#/reports" }, t("view.back"))),
    title,
    parts.completed,
    h(
      "div",
      { class: "report" },
      h("div", {}, parts.note, parts.connection, parts.state, parts.verdict, parts.contents),
      h("div", { class: "about" }, parts.timeline, parts.webhook, parts.sources, parts.details),
    ),
  );
  /** @type {Api.Report | null} */
  let shown = null;
  let clock = 0;
  let loaded = false;
  /** Ends the reads of the webhook, which a resubmission removes. */
  let webhook = new AbortController();
  signal.addEventListener("abort", () => clearInterval(clock));

  const elapsed = h("span", {});
  const tick = () => {
    if (!shown) return;
    const end = shown.endedAt ? Date.parse(shown.endedAt) : Date.now();
    elapsed.textContent = duration((end - Date.parse(shown.createdAt)) / 1000);
    update(parts.timeline, timeline(shown));
  };

  /** @param {"cancel" | "resubmit"} command */
  async function run(command) {
    const before = shown;
    const report = await api.command(id, command);
    // What the event stream has brought meanwhile is newer.
    if (shown === before) show(report);
    if (command === "resubmit") watch();
  }

  /**
   * Opens a file through a new link, because links expire after ten minutes.
   * @param {(typeof FILES)[number]} kind
   */
  async function open(kind) {
    const { links } = await api.report(id);
    const link = links[kind];
    if (!link) throw new api.Problem(404, { code: "artifact_not_found", detail: t("view.no_file") }, null);
    if (kind === "html") window.open(link, "_blank", "noopener");
    else h("a", { href: link, rel: "noreferrer" }).click();
  }

  /** @param {Api.Report} report */
  const completed = ({ status: name }) =>
    name === "COMPLETED" &&
    h(
      "p",
      { class: "state" },
      status(name),
      h("span", { class: "quiet" }, " ", t("view.took"), " ", elapsed),
    );

  /** @param {Api.Report} report */
  function state(report) {
    if (report.status === "COMPLETED") return null;
    const isOpen = !isTerminal(report);
    const cancel = actionButton(t("view.cancel"), () => run("cancel"), parts.note, { id: "cancel" });
    const resubmit = actionButton(t("view.resubmit"), () => run("resubmit"), parts.note, {
      id: "resubmit",
      class: "main",
    });
    const isFailed = report.status === "FAILED";
    return h(
      "section",
      { class: "card", "aria-label": t("view.progress") },
      h(
        "div",
        { class: "head" },
        h(
          "div",
          {},
          status(report.status),
          h("span", { class: "quiet" }, " ", t(isOpen ? "view.so_far" : "view.took"), " ", elapsed),
        ),
        h(
          "div",
          { class: "actions" },
          isOpen && cancel,
          ["FAILED", "CANCELLED"].includes(report.status) && resubmit,
        ),
      ),
      h("progress", { max: 100, value: report.progress.percent, "aria-label": t("view.progress") }),
      stages(report),
      report.error && h("p", { class: isFailed ? "trouble" : "review" }, report.error.message),
    );
  }

  /** @param {Api.Report} report */
  function verdict(report) {
    if (report.status !== "COMPLETED") return null;
    const files = FILES.filter((kind) => report.links[kind]);
    const { review } = report;
    return card(
      "verdict",
      t("view.verdict"),
      h(
        "p",
        { class: "verdict" },
        level(report.riskLevel),
        " ",
        t("view.score", { score: report.riskScore }),
      ),
      review.required &&
        h(
          "div",
          { class: "review" },
          h("p", {}, h("strong", {}, t("view.review"))),
          h(
            "ul",
            {},
            review.reasons.map((reason) => h("li", { lang: report.request.language }, reason)),
          ),
        ),
      h("p", { class: "summary", lang: report.request.language }, report.summary),
      h(
        "div",
        { class: "actions", role: "group", "aria-label": t("view.files") },
        files.map((kind) =>
          actionButton(t(`file.${kind}`), () => open(kind), parts.note, { id: `file-${kind}` }),
        ),
      ),
    );
  }

  /** @param {Api.Report} report */
  async function drawContents(report) {
    if (report.status !== "COMPLETED" || loaded) return;
    loaded = true;
    try {
      const document = await api.contents(id);
      if (!signal.aborted) fill(parts.contents, contents(document, report.request.language));
    } catch (problem) {
      loaded = false;
      fill(
        parts.contents,
        errorBox(problem, () => drawContents(report)),
      );
    }
  }

  /** @param {Api.Report} report */
  function show(report) {
    if (signal.aborted) return;
    if (shown && shown.status !== report.status) {
      announce(`${report.request.companyName}: ${t(`status.${report.status}`)}`);
    } else if (shown && shown.progress.stage !== report.progress.stage) {
      announce(t(`stage.${report.progress.stage}`));
    }
    const hasJustEnded = isTerminal(report) && (!shown || !isTerminal(shown));
    shown = report;
    title.textContent = report.request.companyName;
    document.title = `${report.request.companyName} – Dossier`;
    clearInterval(clock);
    if (!isTerminal(report)) {
      clock = window.setInterval(tick, 1000);
      loaded = false;
      fill(parts.contents);
      webhook.abort();
      fill(parts.webhook);
    }
    fill(parts.completed, completed(report));
    fill(parts.state, state(report));
    fill(parts.verdict, verdict(report));
    fill(parts.sources, sources(report));
    fill(parts.details, details(report));
    tick();
    drawContents(report);
    if (hasJustEnded && report.request.callbackUrl) {
      webhook = new AbortController();
      deliveries(parts.webhook, AbortSignal.any([signal, webhook.signal]), id);
    }
  }

  function watch() {
    /** @param {boolean} connected */
    const connection = (connected) => {
      if (signal.aborted) return;
      const lost = h("p", { class: "trouble", role: "status", id: "reconnecting" }, t("view.reconnecting"));
      fill(parts.connection, connected ? null : lost);
    };
    api.follow(id, { changed: show, connection, signal }).then(
      () => connection(true),
      (problem) => {
        if (!signal.aborted) fill(parts.note, errorBox(problem));
      },
    );
  }

  try {
    const report = await api.report(id, signal);
    show(report);
    if (!isTerminal(report)) watch();
  } catch (problem) {
    if (!signal.aborted)
      fill(
        parts.note,
        errorBox(problem, () => location.reload()),
      );
  }
}
