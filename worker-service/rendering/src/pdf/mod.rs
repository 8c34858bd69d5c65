//! Renders a report as a PDF: tagged (PDF/UA-1), archivable (PDF/A-2a), with bookmarks.

mod pieces;
mod tables;

use thiserror::Error;
use typesetting::{
    Block, Callout, Color, ColumnWidth, Direction, Document, Fact, Footer, Grid, Heading, Insets, Level,
    Link, Metadata, Paragraph, Rule, Span, Standards, Time,
};

use self::pieces::{Words, anchor, aside, note, outside, points};
use super::{
    texts::shortened,
    view::{self, EvidenceView, FindingView, QuoteView, Reason, View},
};

const TINT: Color = Color::new(0xf3, 0xf5, 0xf8);
const LOW: Color = Color::new(0x1b, 0x6b, 0x44);
const MEDIUM: Color = Color::new(0x8a, 0x4b, 0x00);
const HIGH: Color = Color::new(0xa4, 0x20, 0x1a);
const UNDETERMINED: Color = Color::new(0x54, 0x43, 0x8a);
/// Maximum width of the title at the top of a page, which has one line, in half-width columns.
const TITLE_MAX: usize = 88;

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
    document.header = Some(shortened(&view.title, TITLE_MAX));
    document.footer = Some(Footer { start: view.written.clone(), end: words.text("page").to_owned() });
    document.blocks =
        [first_page(words), body(words), tables::of(words), method(words), evidence(words)].concat();
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

/// Returns a document that consists of the first page.
#[cfg(test)]
pub(super) fn first_page_alone(view: &View<'_>) -> Document {
    Document { blocks: first_page(Words(view)), ..document(view) }
}

/// Returns the first page, which can be read alone.
fn first_page(words: Words<'_>) -> Vec<Block> {
    let view = words.0;
    let kind = Paragraph::from_spans(vec![aside(words.text("kind").to_uppercase())]);
    let mut title = Heading::new(Level::Title, view.company);
    title.compact = true;
    let mut blocks = vec![Block::Paragraph(kind), Block::Heading(title)];
    let identity = match &view.purpose {
        Some(purpose) => format!("{}\n{purpose}", view.identity),
        None => view.identity.clone(),
    };
    blocks.push(Block::Paragraph(
        Paragraph::from_spans(vec![Span::new(identity).color(Color::MUTED)]).spaced(4.0, 10.0),
    ));
    blocks.push(Block::Callout(verdict(words)));
    if view.front.reasons.is_empty() {
        blocks.extend(tables::sources(words, words.compact("searched")));
    } else {
        let reasons = view.front.reasons.iter().map(|reason| self::reason(reason, words));
        blocks.extend([words.compact("reasons"), Block::NumberedList(reasons.collect())]);
    }
    let mut decisions = vec![words.compact("decisions")];
    decisions.extend(points(
        &view.front.decisions,
        view.front.more_decisions.as_ref(),
        words.text("no_decisions"),
        words,
    ));
    blocks.push(Block::Callout(Callout {
        fill: None,
        border: Some(Rule { width: 1.2, color: Color::TEXT }),
        bar: None,
        padding: Insets::symmetric(11.0, 14.0),
        blocks: decisions,
    }));
    blocks.push(words.compact("gaps"));
    blocks.extend(points(&view.front.gaps, view.front.more_gaps.as_ref(), &view.front.no_gaps, words));
    blocks
}

/// Returns the callout with the risk level, the score, and what they mean.
fn verdict(words: Words<'_>) -> Callout {
    let view = words.0;
    let color = level_color(view.level);
    let said = |key: &'static str, value: Span| {
        vec![
            Paragraph::from_spans(vec![aside(words.text(key))]),
            Paragraph::from_spans(vec![value]).spaced(7.0, 9.0),
        ]
    };
    let grid = Grid {
        columns: vec![ColumnWidth::Auto, ColumnWidth::Fraction(1.0)],
        column_gap: 40.0,
        row_gap: 12.0,
        rows: vec![vec![
            said("level", Span::new(view.level_name).size(20.0).bold().color(color)),
            said("score", Span::new(&view.score_text).size(20.0).bold()),
        ]],
    };
    let mut meaning = vec![Span::new(&view.front.meaning).bold()];
    if !view.why.is_empty() {
        meaning.extend([Span::new(words.text("between")), Span::new(&view.why)]);
    }
    Callout {
        fill: Some(TINT),
        border: None,
        bar: Some(Rule { width: 5.0, color }),
        padding: Insets::symmetric(13.0, 16.0),
        blocks: vec![Block::Grid(grid), Block::Paragraph(Paragraph::from_spans(meaning))],
    }
}

fn reason(reason: &Reason, words: Words<'_>) -> Paragraph {
    let mut spans = vec![Span::new(&reason.text).bold()];
    for proof in &reason.proofs {
        spans.push(Span::new(format!("\n{} ", proof.text)).size(9.0));
        if !proof.origin.is_empty() {
            spans.push(aside(format!("{}\u{a0}·\u{a0}", proof.origin)));
        }
        spans.push(words.cite(&proof.id).size(9.0));
    }
    if let Some(more) = &reason.more {
        spans.push(aside(format!("\n{more}")));
    }
    Paragraph::from_spans(spans).spaced(9.0, 6.0)
}

/// Returns what was searched, the company, the summary and the findings. They follow on the first page if there is room.
fn body(words: Words<'_>) -> Vec<Block> {
    let view = words.0;
    let mut blocks = match view.front.reasons.as_slice() {
        [] => Vec::new(),
        _ => tables::sources(words, words.section("searched")),
    };
    blocks.push(Block::Group(vec![words.section("company"), facts(&view.facts, 10.0)]));
    blocks.push(words.section("summary"));
    blocks.push(Block::Paragraph(outside(view.summary)));
    if !view.summary_citations.is_empty() {
        let mut spans = vec![aside(words.labelled("rests_on", ""))];
        spans.extend(words.cites(view.summary_citations).into_iter().map(|span| span.size(9.0)));
        blocks.push(note(spans));
    }
    blocks.push(words.section("findings"));
    if view.findings.is_empty() {
        blocks.push(Block::Paragraph(Paragraph::of(view.no_findings)));
    }
    view.findings.iter().for_each(|found| finding(found, words, &mut blocks));
    blocks
}

fn finding(found: &FindingView<'_>, words: Words<'_>, blocks: &mut Vec<Block>) {
    let badge = Span::new(words.labelled("severity", found.severity_name))
        .size(8.5)
        .bold()
        .color(severity_color(found.severity))
        .badge();
    let label = Paragraph::from_spans(vec![badge, aside(format!(" {}", found.category))]);
    blocks.push(Block::Paragraph(Paragraph { keep_with_next: true, ..label.spaced(16.0, 8.0) }));
    blocks.push(Block::Paragraph(Paragraph {
        keep_with_next: !found.quotes.is_empty(),
        ..outside(found.statement).spaced(8.0, 7.0)
    }));
    blocks.extend(found.quotes.iter().map(|quote| Block::Quote(self::quote(quote, words))));
}

/// Returns a quote in its context, with its origin below.
fn quote(quote: &QuoteView<'_>, words: Words<'_>) -> Paragraph {
    let mut spans = Vec::new();
    let mut add = |text: &str, span: &dyn Fn(Span) -> Span| {
        if !text.is_empty() {
            spans.push(span(Span::new(text)));
        }
    };
    add(&quote.before, &|span| span.color(Color::MUTED));
    add(quote.quote, &Span::bold);
    add(&quote.after, &|span| span.color(Color::MUTED));
    let origin =
        if quote.origin.is_empty() { String::new() } else { format!("{}\u{a0}·\u{a0}", quote.origin) };
    spans.extend([aside(format!("\n{origin}")), words.cite(quote.id).size(9.0)]);
    spans.extend(quote.strength.as_ref().map(|strength| Span::new(format!("\n{strength}")).size(9.0)));
    Paragraph::from_spans(spans).by_first_letter()
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
        let mut heading =
            Heading::new(Level::Subsection, format!("{}{}{}", piece.id, words.text("colon"), piece.title));
        heading.anchor = Some(anchor(piece.id));
        blocks.push(Block::Heading(heading));
        blocks.push(Block::Paragraph(Paragraph { keep_with_next: true, ..outside(piece.text) }));
        // An address or digest is not broken across pages.
        blocks.push(Block::Group(vec![note(origin(piece, words))]));
    }
    blocks
}

/// Returns the origin of a piece of evidence: its source, dates, address and digest.
fn origin(piece: &EvidenceView<'_>, words: Words<'_>) -> Vec<Span> {
    let mut parts = vec![words.labelled("source", piece.source)];
    parts.extend(piece.published.as_ref().map(|day| words.labelled("published", day)));
    parts.push(words.labelled("retrieved", &piece.retrieved));
    let mut spans = vec![aside(parts.join(" · "))];
    if let Some(url) = piece.url {
        spans.push(aside(format!("\n{}", words.labelled("address", ""))));
        spans.push(aside(url).link(Link::Url(url.to_owned())));
    }
    spans.push(aside(format!("\nSHA-256: {}", piece.sha256)));
    spans
}
