// The contents of a completed report: each claim beside the sources that it cites, with the quote highlighted, then
// the rules, the evidence, and the claims that were left out.
import { h } from "./dom.js";
import { card, facts } from "./parts.js";
import { excerpt, locate } from "./quotes.js";
import { date, maybe, t } from "./words.js";

/** Number of characters that are shown on each side of a quote. */
const CONTEXT = 160;

/**
 * @param {Api.Document} document
 * @param {string} language of the report
 */
export function contents(document, language) {
  const evidence = new Map(document.evidence.map((piece) => [piece.id, piece]));
  const { findings, rules, dropped } = document;
  return [
    card(
      "findings",
      t("report.findings"),
      findings.length
        ? h(
            "ol",
            { class: "plain" },
            findings.map((finding) => h("li", {}, claim(finding, evidence, language))),
          )
        : h("p", {}, t(noFindings(document))),
    ),
    card(
      "why",
      t("view.why"),
      rules.length
        ? h(
            "ul",
            {},
            rules.map((rule) =>
              h("li", {}, h("span", { lang: language }, rule.effect), " ", rule.because.map(cite)),
            ),
          )
        : h("p", {}, t("view.no_rules")),
    ),
    card(
      "evidence",
      t("report.evidence"),
      document.evidence.length
        ? document.evidence.map((piece) => source(piece, quotesFrom(piece.id, findings)))
        : h("p", {}, t("report.no_evidence")),
    ),
    dropped.length > 0 &&
      card(
        "dropped",
        t("report.dropped"),
        h(
          "ul",
          {},
          dropped.map(({ statement, reason }) =>
            h("li", {}, h("span", { lang: language }, statement), h("p", { class: "quiet" }, reason)),
          ),
        ),
      ),
  ];
}

/** @param {Api.Document} document */
function noFindings({ riskLevel, rules, dropped }) {
  if (riskLevel === "UNDETERMINED") return "report.no_findings_undetermined";
  return rules.length || dropped.length ? "report.no_findings_left" : "report.no_findings";
}

/**
 * Returns a claim, and beside it the passages of the sources that it cites.
 * @param {Api.Finding} finding
 * @param {Map<string, Api.Evidence>} evidence
 * @param {string} language
 */
function claim(finding, evidence, language) {
  const severity = h(
    "span",
    { class: `badge level-${finding.severity}` },
    t(`severities.${finding.severity}`),
  );
  return h(
    "article",
    { class: "finding" },
    h(
      "div",
      { class: "claim" },
      h(
        "p",
        {},
        severity,
        " ",
        h("span", { class: "quiet" }, maybe(`categories.${finding.category}`, finding.category)),
      ),
      h("p", { lang: language }, finding.statement),
    ),
    h(
      "div",
      { class: "passages" },
      h("h3", { class: "unseen" }, t("view.passages")),
      finding.citations.map((citation) => passage(citation, evidence.get(citation.evidenceId))),
    ),
  );
}

/**
 * Returns the passage of a source around a quote.
 * @param {Api.Citation} citation
 * @param {Api.Evidence | undefined} piece
 */
function passage({ evidenceId, quote }, piece) {
  const span = piece ? locate(piece.text, quote) : null;
  const text = piece && span ? excerpt(piece.text, span, CONTEXT) : { before: "", quote, after: "" };
  return h(
    "blockquote",
    { class: "passage" },
    h("p", { lang: "" }, text.before, h("mark", {}, text.quote), text.after),
    h(
      "footer",
      { class: "quiet" },
      cite(evidenceId),
      piece && [
        maybe(`sources.${piece.source}`, piece.source),
        " · ",
        h("span", { lang: "" }, piece.title),
        piece.publishedAt && ` · ${date(piece.publishedAt)}`,
      ],
    ),
  );
}

/**
 * Returns the quotes that findings take from a piece of evidence.
 * @param {string} id
 * @param {Api.Finding[]} findings
 */
const quotesFrom = (id, findings) =>
  findings
    .flatMap((finding) => finding.citations)
    .filter((citation) => citation.evidenceId === id)
    .map((citation) => citation.quote);

/**
 * Returns a piece of evidence, with the quotes in its text highlighted.
 * @param {Api.Evidence} piece
 * @param {string[]} quotes
 */
function source(piece, quotes) {
  return h(
    "details",
    { id: `evidence-${piece.id}` },
    h(
      "summary",
      {},
      h("strong", {}, piece.id),
      " ",
      h("span", { class: "quiet" }, maybe(`sources.${piece.source}`, piece.source)),
      " ",
      h("span", { lang: "" }, piece.title),
    ),
    h("p", { lang: "", class: "evidence" }, marked(piece.text, quotes)),
    facts([
      [t("report.address"), piece.url],
      [t("report.published"), piece.publishedAt && date(piece.publishedAt)],
      [t("report.retrieved"), date(piece.retrievedAt)],
      ["SHA-256", piece.sha256],
    ]),
  );
}

/**
 * Returns `text` with each of the quotes in it highlighted. Of quotes that overlap, only the first is.
 * @param {string} text
 * @param {string[]} quotes
 */
function marked(text, quotes) {
  const spans = quotes.map((quote) => locate(text, quote)).filter((span) => span !== null);
  spans.sort((a, b) => a.start - b.start);
  const parts = [];
  let at = 0;
  for (const { start, end } of spans) {
    if (start < at) continue;
    parts.push(text.slice(at, start), h("mark", {}, text.slice(start, end)));
    at = end;
  }
  return [...parts, text.slice(at)];
}

/**
 * Returns a link that opens a piece of evidence and moves the focus to it.
 * @param {string} evidence
 */
const cite = (evidence) => [
  h(
    "button",
    {
      type: "button",
      class: "cite",
      "aria-label": t("view.show_evidence", { id: evidence }),
      click: () => {
        const target = /** @type {HTMLDetailsElement | null} */ (
          document.getElementById(`evidence-${evidence}`)
        );
        if (!target) return;
        target.open = true;
        target.querySelector("summary")?.focus();
        target.scrollIntoView({ block: "nearest" });
      },
    },
    evidence,
  ),
  " ",
];
