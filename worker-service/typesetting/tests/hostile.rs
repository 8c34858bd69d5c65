//! Tests that any text can be rendered.
#![allow(clippy::unwrap_used, missing_docs, reason = "what is not there fails the test")]

use proptest::prelude::*;
use typesetting::{
    Bar, Block, Callout, Chart, ChartKind, Color, ColumnWidth, Document, Error, Fact, Footer, Heading,
    Insets, Level, Link, Metadata, Paragraph, Span, Table, Time, render,
};

/// Returns a document that contains `text` in every kind of block.
fn document(text: &str) -> Document {
    let written = Time { year: 0, month: 0, day: 255, hour: 255, minute: 255, second: 255 };
    let mut document = Document::new(Metadata::new(format!("A {text}"), "en", written));
    document.header = Some(text.to_owned());
    document.footer = Some(Footer { start: text.to_owned(), end: text.to_owned() });
    let outside = || Paragraph::of(text).by_first_letter();
    let badge = Span::new(text).bold().badge();
    let link = Span::new(text).link(Link::Url(text.to_owned()));
    let mut heading = Heading::new(Level::Subsection, format!("E1: {text}"));
    heading.anchor = Some(text.to_owned());
    let bars =
        || vec![Bar { label: text.to_owned(), value: u32::MAX }, Bar { label: text.to_owned(), value: 1 }];
    let chart = |kind| Chart { kind, title: text.to_owned(), alternative: text.to_owned(), bars: bars() };
    document.blocks = vec![
        Block::Heading(Heading::new(Level::Section, "All")),
        Block::Paragraph(Paragraph::from_spans(vec![badge, Span::new(text), link])),
        Block::Quote(outside()),
        Block::List(vec![outside(), outside()]),
        Block::Facts(vec![Fact { label: outside(), value: outside() }]),
        Block::Callout(Callout {
            fill: Some(Color::RULE),
            border: None,
            bar: None,
            padding: Insets::symmetric(9.0, 9.0),
            blocks: vec![Block::Quote(outside())],
        }),
        Block::Heading(heading),
        Block::Table(Table {
            columns: vec![ColumnWidth::Auto, ColumnWidth::Fraction(1.0), ColumnWidth::Auto],
            header: vec![outside(), outside(), outside()],
            rows: vec![vec![outside(), outside(), outside()]],
        }),
        Block::Chart(chart(ChartKind::HorizontalBars)),
        Block::Chart(chart(ChartKind::VerticalBars)),
    ];
    document
}

#[test]
fn texts_without_a_break_are_set() {
    for text in
        ["x", "あ", "ا", "ﷺ", "\u{301}", "\u{200d}", "\u{1f600}", "\n", " ", "(", "가", "ก", "\u{202e}"]
    {
        let pdf = render(&document(&text.repeat(4_000)));
        assert!(pdf.is_ok(), "{}: {:?}", text.escape_unicode(), pdf.err());
    }
}

/// Returns texts of any characters.
fn characters() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..60).prop_map(String::from_iter)
}

/// Renders two documents at the same time; returns their texts and the error of each, if there is one.
fn errors(texts: &[String; 2]) -> [(&str, Option<Error>); 2] {
    let error = |text: &str| render(&document(text)).err();
    std::thread::scope(|threads| {
        let [first, second] = texts;
        let other = threads.spawn(|| error(second));
        [(first.as_str(), error(first)), (second.as_str(), other.join().unwrap())]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_set_and_meets_the_standards(texts in ["\\PC{0,80}", "\\PC{0,80}"]) {
        for (text, error) in errors(&texts) {
            prop_assert!(error.is_none(), "{text:?}: {error:?}");
        }
    }

    #[test]
    fn any_characters_are_set(texts in [characters(), characters()]) {
        for (text, error) in errors(&texts) {
            prop_assert!(error.is_none(), "{text:?}: {error:?}");
        }
    }
}
