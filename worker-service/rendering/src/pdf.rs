//! Renders a report as a PDF: tagged (PDF/UA-1), archivable (PDF/A-2a), with bookmarks.

use thiserror::Error;
use typesetting::{
    Bar, Block, Callout, ChartKind, Color, ColumnWidth, Direction, Document, Fact, Footer, Grid, Heading,
    Insets, Level, Link, Metadata, Paragraph, Rule, Span, Standards, Table, Time,
};

use super::{
    charts::Chart,
    view::{self, EvidenceView, FindingView, View},
};

const LINK: Color = Color::new(0x0b, 0x4f, 0x97);
const TINT: Color = Color::new(0xf3, 0xf5, 0xf8);
const LOW: Color = Color::new(0x1b, 0x6b, 0x44);
const MEDIUM: Color = Color::new(0x8a, 0x4b, 0x00);
const HIGH: Color = Color::new(0xa4, 0x20, 0x1a);
const UNDETERMINED: Color = Color::new(0x54, 0x43, 0x8a);
/// Maximum number of characters of the title at the top of a page.
const TITLE_MAX: usize = 70;

/// The error of a PDF that cannot be typeset.
#[derive(Debug, Error)]
#[error("the report cannot be typeset: {0}")]
pub(super) struct PdfError(#[from] typesetting::Error);

/// Returns the PDF. The same report always gives the same bytes.
///
/// # Errors
/// Returns [`PdfError`] if the report cannot be typeset, not even without the standards.
pub(super) fn render(view: &View<'_>) -> Result<Vec<u8>, PdfError> {
    let mut document = document(view);
    typesetting::render(&document)
        .or_else(|error| {
            // A PDF that does not meet the standards is better than none. The warning tells the operator.
            tracing::warn!(%error, "a PDF does not meet its standards and is written without them");
            document.standards = Standards::None;
            typesetting::render(&document)
        })
        .map_err(PdfError)
}

fn document(view: &View<'_>) -> Document {
    let mut metadata = Metadata::new(&view.title, view.language, time(&view.written_at));
    metadata.author = Some("Dossier".to_owned());
    metadata.creator = Some("Dossier".to_owned());
    metadata.identifier = Some(view.ident.clone());
    if view.direction == "rtl" {
        metadata.direction = Direction::RightToLeft;
    }
    let words = Words(view);
    let mut document = Document::new(metadata);
    document.header = Some(short(&view.title));
    document.footer = Some(Footer { start: view.written.clone(), end: words.text("page").to_owned() });
    document.blocks =
        [cover(words), findings(words), charts(words), tables(words), method(words), evidence(words)]
            .into_iter()
            .flatten()
            .collect();
    document
}

/// Parses the time at which the report was written (RFC 3339). A part that cannot be parsed is 0.
fn time(written_at: &str) -> Time {
    let part =
        |from: usize, to: usize| written_at.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(0);
    let year = written_at.get(0..4).and_then(|year| year.parse().ok()).unwrap_or(0);
    Time {
        year,
        month: part(5, 7),
        day: part(8, 10),
        hour: part(11, 13),
        minute: part(14, 16),
        second: part(17, 19),
    }
}

/// Returns `text`, cut to [`TITLE_MAX`] characters so that it fits on one line.
fn short(text: &str) -> String {
    if text.chars().count() <= TITLE_MAX {
        return text.to_owned();
    }
    text.chars().take(TITLE_MAX - 1).chain(['…']).collect()
}

/// A view, with access to its headings and labels.
#[derive(Clone, Copy)]
struct Words<'v>(&'v View<'v>);

impl<'v> Words<'v> {
    fn text(self, key: &'static str) -> &'v str {
        self.0.words.get(key).and_then(|word| word.as_str()).unwrap_or(key)
    }

    fn section(self, key: &'static str) -> Block {
        Block::Heading(Heading::new(Level::Section, self.text(key)))
    }

    /// Returns references to pieces of evidence, separated by commas. Only those to evidence in the report
    /// are links.
    fn cites(self, ids: &[String]) -> Vec<Span> {
        let mut spans = Vec::new();
        for id in ids {
            if !spans.is_empty() {
                spans.push(Span::new(", "));
            }
            spans.push(self.cite(id));
        }
        spans
    }

    fn cite(self, id: &str) -> Span {
        let known = self.0.known.contains(&id);
        if known { Span::new(id).color(LINK).link(Link::Anchor(anchor(id))) } else { Span::new(id) }
    }
}

/// Returns the name of the anchor of a piece of evidence in the appendix.
fn anchor(id: &str) -> String {
    format!("piece-{id}")
}

/// Returns `text` as small text in a soft colour.
fn aside(text: impl Into<String>) -> Span {
    Span::new(text).size(9.0).color(Color::MUTED)
}

/// Returns an explanatory note: `spans` as a paragraph of its own.
fn note(spans: Vec<Span>) -> Block {
    Block::Paragraph(Paragraph::from_spans(spans).spaced(7.0, 9.0))
}

/// Returns a paragraph of text from an external source, in the writing direction of its first letter.
fn outside(text: &str) -> Paragraph {
    Paragraph::of(text).by_first_letter()
}

fn level_color(level: &str) -> Color {
    match level {
        "LOW" => LOW,
        "MEDIUM" => MEDIUM,
        "HIGH" => HIGH,
        _ => UNDETERMINED,
    }
}

fn severity_color(severity: &str) -> Color {
    match severity {
        "high" => HIGH,
        "medium" => MEDIUM,
        _ => Color::MUTED,
    }
}

fn facts(facts: &[view::Fact], size: f32) -> Block {
    let fact = |fact: &view::Fact| Fact {
        label: Paragraph::from_spans(vec![Span::new(&fact.label).color(Color::MUTED)]),
        value: Paragraph::from_spans(vec![Span::new(&fact.value).size(size)]).by_first_letter(),
    };
    Block::Facts(facts.iter().map(fact).collect())
}

fn cover(words: Words<'_>) -> Vec<Block> {
    let view = words.0;
    let mut blocks = vec![
        Block::Paragraph(Paragraph::from_spans(vec![aside(words.text("kind").to_uppercase())])),
        Block::Heading(Heading::new(Level::Title, view.company)),
        Block::Callout(level(words)),
    ];
    if !view.review.is_empty() {
        let review = Paragraph::from_spans(vec![Span::new(words.text("review")).bold()]);
        blocks.push(Block::Callout(Callout {
            fill: None,
            border: Some(Rule { width: 1.2, color: Color::TEXT }),
            bar: None,
            padding: Insets::symmetric(12.0, 14.0),
            blocks: vec![
                Block::Paragraph(Paragraph { keep_with_next: true, ..review }),
                Block::List(view.review.iter().map(Paragraph::of).collect()),
            ],
        }));
    }
    blocks.extend([words.section("company"), facts(&view.facts, 10.0), words.section("summary")]);
    blocks.push(Block::Paragraph(outside(view.summary)));
    if !view.summary_citations.is_empty() {
        let mut spans = vec![aside(format!("{}: ", words.text("rests_on")))];
        spans.extend(words.cites(view.summary_citations).into_iter().map(|span| span.size(9.0)));
        blocks.push(note(spans));
    }
    blocks
}

/// Returns the callout with the risk level, the reasons for it, and the score.
fn level(words: Words<'_>) -> Callout {
    let view = words.0;
    let color = level_color(view.level);
    let said = |key: &'static str, value: Span| {
        Paragraph::from_spans(vec![aside(format!("{}\n", words.text(key))), value])
    };
    let mut why = view.why.iter().map(Span::new);
    let mut reasons = vec![said("why", why.next().unwrap_or_else(|| Span::new("")))];
    reasons.extend(why.map(|reason| Paragraph::from_spans(vec![reason])));
    let grid = Grid {
        columns: vec![ColumnWidth::Auto, ColumnWidth::Fraction(1.0)],
        column_gap: 24.0,
        row_gap: 12.0,
        rows: vec![
            vec![vec![said("level", Span::new(view.level_name).size(20.0).bold().color(color))], reasons],
            vec![vec![said("score", Span::new(&view.score_text).size(13.0).bold())]],
        ],
    };
    Callout {
        fill: Some(TINT),
        border: None,
        bar: Some(Rule { width: 5.0, color }),
        padding: Insets::symmetric(13.0, 14.0),
        blocks: vec![Block::Grid(grid)],
    }
}

fn findings(words: Words<'_>) -> Vec<Block> {
    let mut blocks = vec![words.section("findings")];
    if words.0.groups.is_empty() {
        blocks.push(Block::Paragraph(Paragraph::of(words.0.no_findings)));
    }
    for group in &words.0.groups {
        blocks.push(Block::Heading(Heading::new(Level::Subsection, group.title)));
        group.findings.iter().for_each(|found| finding(found, words, &mut blocks));
    }
    blocks
}

fn finding(found: &FindingView<'_>, words: Words<'_>, blocks: &mut Vec<Block>) {
    let badge = format!("{}: {}", words.text("severity"), found.severity_name);
    let badge = Span::new(badge).size(8.5).bold().color(severity_color(found.severity)).badge();
    let statement = Paragraph::from_spans(vec![badge, Span::new(" "), Span::new(found.statement)]);
    blocks.push(Block::Paragraph(Paragraph {
        keep_with_next: !found.citations.is_empty(),
        ..statement.by_first_letter().spaced(12.0, 7.0)
    }));
    for citation in found.citations {
        let spans = vec![
            Span::new(&citation.quote).color(Color::MUTED),
            Span::new(" "),
            words.cite(&citation.evidence_id),
        ];
        blocks.push(Block::Quote(Paragraph::from_spans(spans).by_first_letter()));
    }
}

fn charts(words: Words<'_>) -> Vec<Block> {
    let mut blocks = vec![words.section("at_a_glance")];
    let kinds = [ChartKind::HorizontalBars, ChartKind::VerticalBars, ChartKind::HorizontalBars];
    for (chart, kind) in words.0.charts.iter().zip(kinds) {
        let text = note(vec![aside(&chart.text)]);
        blocks.push(Block::Group(vec![Block::Chart(self::chart(chart, kind)), text]));
    }
    blocks
}

fn chart(chart: &Chart, kind: ChartKind) -> typesetting::Chart {
    typesetting::Chart {
        kind,
        title: chart.title.clone(),
        alternative: chart.text.clone(),
        bars: chart.bars.iter().map(|bar| Bar { label: bar.label.clone(), value: bar.value }).collect(),
    }
}

fn tables(words: Words<'_>) -> Vec<Block> {
    let view = words.0;
    let mut blocks = vec![words.section("rules")];
    let header = |keys: &[&'static str]| keys.iter().map(|key| Paragraph::of(words.text(key))).collect();
    if view.rules.is_empty() {
        blocks.push(Block::Paragraph(Paragraph::of(words.text("none"))));
    } else {
        let row = |rule: &view::RuleView<'_>| {
            vec![
                Paragraph::from_spans(vec![Span::new(rule.rule).size(9.0)]),
                Paragraph::of(rule.effect),
                Paragraph::of(rule.points.map_or_else(|| "–".to_owned(), |points| points.to_string())),
                Paragraph::from_spans(words.cites(rule.because)),
            ]
        };
        blocks.push(Block::Table(Table {
            columns: vec![
                ColumnWidth::Auto,
                ColumnWidth::Fraction(2.0),
                ColumnWidth::Auto,
                ColumnWidth::Fraction(1.0),
            ],
            header: header(&["rule", "effect", "points", "because"]),
            rows: view.rules.iter().map(row).collect(),
        }));
    }
    blocks.push(words.section("sources"));
    let row = |source: &view::SourceView<'_>| {
        let as_of = source.as_of.as_deref().unwrap_or_else(|| words.text("not_known"));
        let items = source.items.to_string();
        [source.name, source.status_name, as_of, &items].into_iter().map(Paragraph::of).collect()
    };
    blocks.push(Block::Table(Table {
        columns: vec![ColumnWidth::Auto, ColumnWidth::Fraction(1.0), ColumnWidth::Auto, ColumnWidth::Auto],
        header: header(&["source", "outcome", "as_of", "items"]),
        rows: view.sources.iter().map(row).collect(),
    }));
    if !view.dropped.is_empty() {
        blocks.push(words.section("dropped"));
        blocks.push(Block::Table(Table {
            columns: vec![ColumnWidth::Fraction(1.0), ColumnWidth::Fraction(1.0)],
            header: header(&["claim", "left_out_because"]),
            rows: view
                .dropped
                .iter()
                .map(|claim| vec![outside(&claim.statement), Paragraph::of(&claim.reason)])
                .collect(),
        }));
    }
    blocks
}

fn method(words: Words<'_>) -> Vec<Block> {
    let mut blocks = vec![words.section("method")];
    blocks.extend(words.0.method.iter().map(|text| Block::Paragraph(Paragraph::of(*text))));
    blocks.push(Block::Heading(Heading::new(Level::Subsection, words.text("versions"))));
    blocks.push(facts(&words.0.versions, 9.0));
    blocks
}

fn evidence(words: Words<'_>) -> Vec<Block> {
    let mut blocks = vec![words.section("evidence")];
    if words.0.evidence.is_empty() {
        blocks.push(Block::Paragraph(Paragraph::of(words.text("no_evidence"))));
    }
    for piece in &words.0.evidence {
        let mut heading = Heading::new(Level::Subsection, format!("{}: {}", piece.id, piece.title));
        heading.anchor = Some(anchor(piece.id));
        blocks.push(Block::Heading(heading));
        blocks.push(Block::Paragraph(outside(piece.text)));
        blocks.push(note(origin(piece, words)));
    }
    blocks
}

/// Returns the origin of a piece of evidence: its source, dates, address and digest.
fn origin(piece: &EvidenceView<'_>, words: Words<'_>) -> Vec<Span> {
    let mut parts = vec![format!("{}: {}", words.text("source"), piece.source)];
    parts.extend(piece.published.as_ref().map(|day| format!("{}: {day}", words.text("published"))));
    parts.push(format!("{}: {}", words.text("retrieved"), piece.retrieved));
    let mut spans = vec![aside(parts.join(" · "))];
    if let Some(url) = piece.url {
        spans.push(aside(format!("\n{}: ", words.text("address"))));
        spans.push(aside(url).link(Link::Url(url.to_owned())));
    }
    spans.push(aside(format!("\nSHA-256: {}", piece.sha256)));
    spans
}
