//! Measures how long it takes to render a document: `cargo bench -p typesetting`. The target for a small
//! document is ten milliseconds or less.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that tells what it saw"
)]

use std::time::Instant;

use typesetting::{
    Bar, Block, Callout, Chart, ChartKind, Color, ColumnWidth, Document, Fact, Footer, Heading, Insets,
    Level, Link, Metadata, Paragraph, Rule, Span, Table, Time,
};

const ROUNDS: usize = 31;
const TEXTS: [&str; 4] = [
    "The regulator fined the company 4.2 million pounds for hiding the losses of its clients. It appealed.",
    "検査データの不正を理由に、同社は行政処分を受けた。社長は記者会見で謝罪した。",
    "Суд оштрафовал компанию за уклонение от уплаты налогов и обязал её вернуть средства.",
    "Die Staatsanwaltschaft hat die Ermittlungen auf zwei weitere Länder ausgeweitet.",
];

/// Returns a report with this number of `pieces` of evidence, which contain `texts` in turn.
fn report(pieces: usize, texts: &[&str]) -> Document {
    let written = Time { year: 2026, month: 1, day: 5, hour: 12, minute: 0, second: 0 };
    let mut document = Document::new(Metadata::new("A company: report", "en", written));
    document.header = Some("A company: report".to_owned());
    document.footer =
        Some(Footer { start: "5 January 2026".to_owned(), end: "Page {page} of {pages}".to_owned() });
    let section = |text: &str| Block::Heading(Heading::new(Level::Section, text));
    let blocks = &mut document.blocks;
    blocks.push(Block::Heading(Heading::new(Level::Title, "A company")));
    blocks.push(Block::Callout(Callout {
        fill: Some(Color::new(0xf3, 0xf5, 0xf8)),
        border: None,
        bar: Some(Rule { width: 5.0, color: Color::BAR }),
        padding: Insets::symmetric(12.0, 14.0),
        blocks: vec![Block::Paragraph(Paragraph::of("The level is high."))],
    }));
    let fact = |label: &str, value: &str| Fact { label: Paragraph::of(label), value: Paragraph::of(value) };
    blocks.push(Block::Facts(vec![fact("Name", "A company"), fact("Country", "United Kingdom")]));
    blocks.push(section("Findings"));
    for index in 0..pieces {
        let id = format!("E{index}");
        blocks.push(Block::Paragraph(Paragraph::from_spans(vec![
            Span::new("Severity: high").bold().size(8.5).badge(),
            Span::new(" A news item speaks of a fine."),
        ])));
        let quote = vec![
            Span::new(texts[index % texts.len()]),
            Span::new(" "),
            Span::new(&id).link(Link::Anchor(id.clone())),
        ];
        blocks.push(Block::Quote(Paragraph::from_spans(quote)));
    }
    blocks.push(section("At a glance"));
    let bars = (0..12).map(|month| Bar { label: format!("2026-{month:02}"), value: month % 5 }).collect();
    blocks.push(Block::Chart(Chart {
        kind: ChartKind::VerticalBars,
        title: "News by month".to_owned(),
        alternative: "News by month".to_owned(),
        bars,
    }));
    blocks.push(section("Sources"));
    blocks.push(Block::Table(Table {
        columns: vec![ColumnWidth::Auto, ColumnWidth::Fraction(1.0), ColumnWidth::Auto],
        header: ["Source", "Outcome", "Items"].map(Paragraph::of).to_vec(),
        rows: (0..5).map(|_| ["News", "Answered", "5"].map(Paragraph::of).to_vec()).collect(),
    }));
    blocks.push(section("Evidence"));
    for index in 0..pieces {
        let mut heading = Heading::new(Level::Subsection, format!("E{index}: report {index} on the company"));
        heading.anchor = Some(format!("E{index}"));
        blocks.push(Block::Heading(heading));
        blocks.push(Block::Paragraph(Paragraph::of([texts[index % texts.len()]; 6].join(" "))));
        let digest = "0123456789abcdef".repeat(4);
        blocks.push(Block::Paragraph(Paragraph::from_spans(vec![
            Span::new(digest).size(9.0).color(Color::MUTED),
        ])));
    }
    document
}

fn measure(name: &str, document: &Document) {
    let started = Instant::now();
    let size = typesetting::render(document).unwrap().len() / 1024;
    let first = started.elapsed();
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            typesetting::render(document).unwrap();
            started.elapsed()
        })
        .collect();
    times.sort();
    println!("| {name} | {first:.1?} | {:.1?} | {size} |", times[ROUNDS / 2]);
}

fn main() {
    println!("| document | first | median | size, KiB |");
    println!("| --- | --- | --- | --- |");
    measure("small, Latin", &report(5, &TEXTS[..1]));
    measure("small, four languages", &report(5, &TEXTS));
    measure("50 pieces", &report(50, &TEXTS));
    measure("200 pieces", &report(200, &TEXTS));
    let hostile: Vec<String> =
        ["x", "あ", "\u{301}", "\u{1f600}", "ا"].iter().map(|text| text.repeat(4_000)).collect();
    for text in &hostile {
        let name = format!("4,000 times {}", text.chars().next().unwrap().escape_unicode());
        measure(&name, &report(1, &[text]));
    }
}
