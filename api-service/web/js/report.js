// The view of one report: its progress, verdict, findings with their evidence, and files.
import * as api from "./api.js";
import { announce, fill, h } from "./dom.js";
import { STAGES, TERMINAL, errorBox, level, status } from "./parts.js";
import { country, date, duration, maybe, money, number, t } from "./words.js";

/** The words of reports on how far a number was verified. A newer API may add statuses. */
const NUMBER_WORDS = { verified: "numbers.checked", formVerified: "numbers.form", formNotVerified: "numbers.unverified", absent: "numbers.absent" };

/** Returns the registration number of a report with how far it was verified. */
function numberWithCheck({ request, numberCheck }) {
  const key = NUMBER_WORDS[numberCheck?.status];
  const check = key ? t(key, { scheme: numberCheck.scheme }) : numberCheck?.message;
  return [request.corporateNumber, check].filter(Boolean).join(" – ");
}

const FILES = ["pdf", "html", "md", "json", "evidence"];

export async function report(main, signal, id) {
  const parts = Object.fromEntries(["state", "connection", "verdict", "contents", "sources", "details", "note"].map((name) => [name, h("div", {})]));
  const title = h("h1", { tabindex: "-1" }, t("report.title"));
  fill(main, h("p", { class: "back" }, h("a", { href: "#/reports" }, t("view.back"))), title, parts.note, parts.connection, parts.state, parts.verdict, parts.contents, parts.sources, parts.details);
  let shown = null;
  let clock = 0;
  let loaded = false;
  signal.addEventListener("abort", () => clearInterval(clock));

  const elapsed = h("span", {});
  const tick = () => {
    if (!shown) return;
    const end = shown.endedAt ? new Date(shown.endedAt) : new Date();
    elapsed.textContent = duration((end - new Date(shown.createdAt)) / 1000);
  };

  async function run(command) {
    try {
      show(await api.command(id, command));
      if (command === "resubmit") watch();
      fill(parts.note);
    } catch (problem) {
      fill(parts.note, errorBox(problem));
    }
  }

  /** Opens a file through a new link, because links expire after ten minutes. */
  async function open(kind, button) {
    button.disabled = true;
    try {
      const { links } = await api.report(id);
      const link = links[kind];
      if (!link) throw new api.Problem(404, { code: "artifact_not_found", detail: t("view.no_file") }, null);
      if (kind === "html") window.open(link, "_blank", "noopener");
      else h("a", { href: link, rel: "noreferrer" }).click();
    } catch (problem) {
      fill(parts.note, errorBox(problem));
    }
    button.disabled = false;
  }

  function stages(report) {
    const at = TERMINAL.includes(report.status) && report.status === "COMPLETED" ? STAGES.length : STAGES.indexOf(report.progress.stage);
    return h(
      "ol",
      { class: "stages" },
      STAGES.map((stage, index) =>
        h("li", { class: index < at ? "done" : index === at ? "now" : "next", "aria-current": index === at && !TERMINAL.includes(report.status) ? "step" : null }, t(`stage.${stage}`)),
      ),
    );
  }

  function drawState(report) {
    const open = !TERMINAL.includes(report.status);
    fill(
      parts.state,
      h(
        "section",
        { class: "card", "aria-label": t("view.progress") },
        h("div", { class: "head" }, h("div", {}, status(report.status), h("span", { class: "quiet" }, " ", open ? t("view.so_far") : t("view.took"), " ", elapsed)),
          h("div", { class: "actions" },
            open ? h("button", { type: "button", id: "cancel", click: () => run("cancel") }, t("view.cancel")) : null,
            ["FAILED", "CANCELLED"].includes(report.status) ? h("button", { type: "button", id: "resubmit", class: "main", click: () => run("resubmit") }, t("view.resubmit")) : null,
          )),
        h("progress", { max: 100, value: report.progress.percent, "aria-label": t("view.progress") }),
        stages(report),
        report.error ? h("div", { class: "trouble" }, h("p", {}, report.error.message), report.status !== "FAILED" ? h("p", { class: "quiet" }, t("view.tried_again")) : null) : null,
      ),
    );
  }

  function drawVerdict(report) {
    if (report.status !== "COMPLETED") return fill(parts.verdict);
    fill(
      parts.verdict,
      h(
        "section",
        { class: "card", "aria-labelledby": "verdict" },
        h("h2", { id: "verdict" }, t("view.verdict")),
        h("p", { class: "verdict" }, level(report.riskLevel), " ", h("span", {}, t("view.score", { score: report.riskScore }))),
        report.review.required ? h("div", { class: "review" }, h("p", {}, h("strong", {}, t("report.review"))), h("ul", {}, report.review.reasons.map((reason) => h("li", {}, reason)))) : null,
        h("p", { class: "summary", lang: report.request.language }, report.summary),
        h("div", { class: "actions", role: "group", "aria-label": t("view.files") },
          FILES.filter((kind) => report.links[kind]).map((kind) =>
            h("button", { type: "button", id: `file-${kind}`, click: (event) => open(kind, event.target) }, t(`file.${kind}`)))),
      ),
    );
  }

  function drawSources(report) {
    if (!report.sources.length) return fill(parts.sources);
    fill(
      parts.sources,
      h("section", { class: "card", "aria-labelledby": "sources" }, h("h2", { id: "sources" }, t("report.sources")),
        h("table", {},
          h("thead", {}, h("tr", {}, ["source", "outcome", "items", "as_of"].map((name) => h("th", { scope: "col" }, t(`report.${name}`))))),
          h("tbody", {}, report.sources.map((source) =>
            h("tr", {},
              h("th", { scope: "row" }, maybe(`sources.${source.source}`, source.source)),
              h("td", { "data-label": t("report.outcome") }, h("span", { class: `badge source-${source.status}` }, maybe(`statuses.${source.status}`, source.status))),
              h("td", { "data-label": t("report.items") }, number(source.items)),
              h("td", { "data-label": t("report.as_of") }, date(source.asOf))))))),
    );
  }

  function drawDetails(report) {
    const rows = [
      [t("report.number"), numberWithCheck(report)],
      [t("report.country"), country(report.request.country)],
      [t("report.purpose"), report.request.purpose],
      [t("view.attempt"), report.attempt ? number(report.attempt) : null],
      [t("view.created"), date(report.createdAt)],
      [t("view.ended"), report.endedAt ? date(report.endedAt) : null],
      [t("view.deleted"), date(report.expiresAt)],
      [t("view.cost"), report.usage.modelCalls ? `${money(report.usage.costUsd)} · ${t("view.tokens", { input: number(report.usage.inputTokens), output: number(report.usage.outputTokens) })}` : null],
      [t("report.report"), report.reportId],
    ];
    fill(
      parts.details,
      h("section", { class: "card", "aria-labelledby": "details" }, h("h2", { id: "details" }, t("view.details")),
        h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))),
    );
  }

  /** Returns a link that opens a piece of evidence and moves the focus to it. */
  const cite = (evidence) =>
    h("a", { href: `#${evidence}`, class: "cite", click: (event) => {
      event.preventDefault();
      const target = document.getElementById(`evidence-${evidence}`);
      target.open = true;
      target.querySelector("summary").focus();
      target.scrollIntoView({ block: "nearest" });
    } }, evidence);

  async function drawContents(report) {
    if (report.status !== "COMPLETED" || loaded) return;
    loaded = true;
    let contents;
    try {
      contents = await api.contents(id);
    } catch (problem) {
      loaded = false;
      return fill(parts.contents, errorBox(problem, () => drawContents(report)));
    }
    const language = report.request.language;
    const findings = contents.findings.map((finding) =>
      h("li", { class: "finding" },
        h("p", {}, h("span", { class: `badge level-${finding.severity}` }, t(`severities.${finding.severity}`)), " ", h("span", { class: "quiet" }, maybe(`categories.${finding.category}`, finding.category))),
        h("p", { lang: language }, finding.statement),
        h("ul", { class: "quotes" }, finding.citations.map((citation) => h("li", {}, cite(citation.evidenceId), " ", h("q", { lang: "" }, citation.quote))))));
    const rules = contents.rules.map((rule) => h("li", {}, h("span", { lang: language }, rule.effect), " ", rule.because.map((evidence) => [cite(evidence), " "])));
    const evidence = contents.evidence.map((piece) =>
      h("details", { id: `evidence-${piece.id}` },
        h("summary", {}, h("strong", {}, piece.id), " ", h("span", { class: "quiet" }, maybe(`sources.${piece.source}`, piece.source)), " ", h("span", { lang: "" }, piece.title)),
        h("p", { lang: "", class: "evidence" }, piece.text),
        h("dl", {}, [
          [t("report.address"), piece.url],
          [t("report.published"), piece.publishedAt ? date(piece.publishedAt) : null],
          [t("report.retrieved"), date(piece.retrievedAt)],
          ["SHA-256", piece.sha256],
        ].filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))));
    const none = contents.riskLevel === "UNDETERMINED" ? "report.no_findings_undetermined" : contents.rules.length || contents.dropped.length ? "report.no_findings_left" : "report.no_findings";
    fill(
      parts.contents,
      h("section", { class: "card", "aria-labelledby": "findings" }, h("h2", { id: "findings" }, t("report.findings")), findings.length ? h("ul", { class: "plain" }, findings) : h("p", {}, t(none))),
      h("section", { class: "card", "aria-labelledby": "why" }, h("h2", { id: "why" }, t("report.why")), rules.length ? h("ul", {}, rules) : h("p", {}, t("report.none"))),
      h("section", { class: "card", "aria-labelledby": "evidence" }, h("h2", { id: "evidence" }, t("report.evidence")), evidence.length ? evidence : h("p", {}, t("report.no_evidence"))),
      contents.dropped.length ? h("section", { class: "card", "aria-labelledby": "dropped" }, h("h2", { id: "dropped" }, t("report.dropped")), h("ul", {}, contents.dropped.map((finding) => h("li", {}, h("span", { lang: language }, finding.statement), h("p", { class: "quiet" }, finding.reason))))) : null,
    );
  }

  function show(report) {
    if (signal.aborted) return;
    if (shown && shown.status !== report.status) announce(`${report.request.companyName}: ${t(`status.${report.status}`)}`);
    else if (shown && shown.progress.stage !== report.progress.stage) announce(t(`stage.${report.progress.stage}`));
    shown = report;
    title.textContent = report.request.companyName;
    document.title = `${report.request.companyName} – Dossier`;
    tick();
    clearInterval(clock);
    if (!TERMINAL.includes(report.status)) {
      clock = setInterval(tick, 1000);
      loaded = false;
      fill(parts.contents);
    }
    drawState(report);
    drawVerdict(report);
    drawSources(report);
    drawDetails(report);
    drawContents(report);
  }

  function watch() {
    const connection = (connected) => {
      if (signal.aborted) return;
      fill(parts.connection, connected ? null : h("p", { class: "trouble", role: "status", id: "reconnecting" }, t("view.reconnecting")));
    };
    api.follow(id, { changed: show, connection, signal }).then(() => connection(true)).catch((problem) => {
      if (!signal.aborted) fill(parts.note, errorBox(problem));
    });
  }

  try {
    const report = await api.report(id, signal);
    show(report);
    if (!TERMINAL.includes(report.status)) watch();
  } catch (problem) {
    if (!signal.aborted) fill(parts.note, errorBox(problem, () => location.reload()));
  }
}
