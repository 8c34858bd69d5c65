//! Tests of rendered documents: tags, standards, links, page breaks, and scripts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "what is not there fails the test")]

use typesetting::{
    Bar, Block, Callout, Chart, ChartKind, Color, ColumnWidth, Direction, Document, Fact, Footer, Heading,
    Insets, Level, LineChart, Link, Marker, Metadata, Paragraph, Rule, Series, Span, Standards, Table, Time,
    render,
};

const WRITTEN: Time = Time { year: 2026, month: 1, day: 5, hour: 12, minute: 0, second: 0 };

fn document(blocks: Vec<Block>) -> Document {
    let mut document = Document::new(Metadata::new("A report", "en-GB", WRITTEN));
    document.header = Some("A report".to_owned());
    document.footer = Some(Footer { start: "5 January".to_owned(), end: "{page} of {pages}".to_owned() });
    document.blocks = blocks;
    document
}

fn section(text: &str) -> Block {
    Block::Heading(Heading::new(Level::Section, text))
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(Paragraph::of(text))
}

/// Counts the occurrences of a text in the uncompressed parts of the PDF.
fn count(pdf: &[u8], what: &str) -> usize {
    pdf.windows(what.len()).filter(|window| *window == what.as_bytes()).count()
}

fn pages(pdf: &[u8]) -> usize {
    count(pdf, "/Type/Page") + count(pdf, "/Type /Page")
        - count(pdf, "/Type/Pages")
        - count(pdf, "/Type /Pages")
}

fn table(rows: usize, text: &str) -> Block {
    Block::Table(Table {
        columns: vec![ColumnWidth::Auto, ColumnWidth::Fraction(1.0), ColumnWidth::Fixed(60.0)],
        header: ["Source", "Outcome", "Items"].map(Paragraph::of).to_vec(),
        rows: (0..rows).map(|_| [text, text, ""].map(Paragraph::of).to_vec()).collect(),
    })
}

fn everything() -> Document {
    let mut heading = Heading::new(Level::Subsection, "E1: a piece");
    heading.anchor = Some("E1".to_owned());
    let chart = |kind| Chart {
        kind,
        title: "News".to_owned(),
        alternative: "January: 2".to_owned(),
        bars: vec![Bar { label: "January".to_owned(), value: 2 }, Bar { label: "May".to_owned(), value: 0 }],
    };
    document(vec![
        Block::Heading(Heading::new(Level::Title, "A company")),
        Block::Callout(Callout {
            fill: Some(Color::RULE),
            border: Some(Rule { width: 1.0, color: Color::TEXT }),
            bar: Some(Rule { width: 5.0, color: Color::BAR }),
            padding: Insets::symmetric(12.0, 14.0),
            blocks: vec![Block::List(vec![Paragraph::of("One"), Paragraph::of("Two")])],
        }),
        section("Company"),
        Block::Facts(vec![Fact { label: Paragraph::of("Name"), value: Paragraph::of("A company") }]),
        Block::Paragraph(Paragraph::from_spans(vec![
            Span::new("High").bold().badge(),
            Span::new(" as said in "),
            Span::new("E1").link(Link::Anchor("E1".to_owned())),
            Span::new(" and nowhere in "),
            Span::new("E2").link(Link::Anchor("E2".to_owned())),
        ])),
        Block::Quote(Paragraph::of("A quote.")),
        Block::Chart(chart(ChartKind::HorizontalBars)),
        Block::Chart(chart(ChartKind::VerticalBars)),
        Block::LineChart(line_chart(Some(3.0))),
        table(2, "Text"),
        Block::Space(20.0),
        Block::Heading(heading),
        Block::Group(vec![Block::Paragraph(Paragraph::from_spans(vec![
            Span::new("https://a.example/ü").link(Link::Url("https://a.example/ü".to_owned())),
        ]))]),
    ])
}

fn line_chart(dash: Option<f32>) -> LineChart {
    LineChart {
        title: "Shares".to_owned(),
        alternative: "At 0.5: 10 %".to_owned(),
        x_labels: ["0", "0.5", "1"].map(str::to_owned).to_vec(),
        y_labels: ["0 %", "100 %"].map(str::to_owned).to_vec(),
        series: vec![Series {
            label: "Found".to_owned(),
            color: Color::BAR,
            dash,
            points: vec![(0.0, 1.0), (0.5, 0.1), (1.0, 0.0)],
        }],
        marker: Some(Marker { at: 0.75, label: "in use".to_owned() }),
    }
}

#[test]
fn every_part_has_its_tag_and_the_standards_are_met() {
    let pdf = render(&everything()).unwrap();
    for tag in [
        "/H1",
        "/H2",
        "/L",
        "/LI",
        "/Lbl",
        "/LBody",
        "/BlockQuote",
        "/Table",
        "/THead",
        "/TBody",
        "/Figure",
        "/Link",
    ] {
        assert!(count(&pdf, &format!("/S{tag}")) + count(&pdf, &format!("/S {tag}")) > 0, "{tag}");
    }
    let tags = |tag: &str| {
        count(&pdf, &format!("/S/{tag}\n"))
            + count(&pdf, &format!("/S/{tag}/"))
            + count(&pdf, &format!("/S /{tag}\n"))
    };
    assert_eq!((tags("TH"), tags("TD")), (3, 6), "empty cells, too");
    for what in ["pdfuaid:part", "pdfaid:part", "/Outlines", "/StructTreeRoot", "/Lang", "/BBox", "en-GB"] {
        assert!(count(&pdf, what) > 0, "{what}");
    }
}

#[test]
fn links_lead_to_headings_and_addresses_and_never_to_nowhere() {
    let pdf = render(&everything()).unwrap();
    assert_eq!(
        count(&pdf, "/Link\n") + count(&pdf, "/Subtype/Link") + count(&pdf, "/Subtype /Link"),
        count(&pdf, "/URI") / 2 + 1 + count(&pdf, "/S /Link\n")
    );
    assert_eq!(count(&pdf, "https://a.example/%C3%BC"), 1, "addresses are ASCII");
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let first = render(&everything()).unwrap();
    assert_eq!(first, render(&everything()).unwrap());
    let others: Vec<_> = (0..4).map(|_| std::thread::spawn(|| render(&everything()).unwrap())).collect();
    others.into_iter().for_each(|other| assert!(other.join().unwrap() == first));
}

#[test]
fn a_line_chart_is_a_figure_with_a_text_alternative_whatever_it_lacks() {
    let figures = |chart: LineChart| {
        let pdf = render(&document(vec![section("A"), Block::LineChart(chart)])).unwrap();
        (count(&pdf, "/S/Figure") + count(&pdf, "/S /Figure"), count(&pdf, "/Alt"))
    };
    assert_eq!(figures(line_chart(None)), (1, 1));
    let mut bare = line_chart(None);
    bare.alternative = " ".to_owned();
    (bare.x_labels, bare.y_labels, bare.marker) = (vec![], vec![], None);
    bare.series[0].points.truncate(1);
    assert_eq!(figures(bare), (1, 1));
    let without_lines = LineChart { series: vec![], ..line_chart(None) };
    assert_eq!(figures(without_lines), (1, 1));
}

#[test]
fn a_document_without_title_fails_the_standards_and_is_written_without_them() {
    let mut untitled = document(vec![section("A"), paragraph("b")]);
    untitled.metadata.title = String::new();
    let pdf = render(&untitled);
    assert!(matches!(pdf, Err(typesetting::Error::Standards(_))), "{:?}", pdf.map(|pdf| pdf.len()));
    untitled.standards = Standards::None;
    assert!(count(&render(&untitled).unwrap(), "pdfuaid:part") == 0);
}

#[test]
fn an_empty_document_has_one_page() {
    let mut empty = document(vec![]);
    empty.standards = Standards::None;
    assert_eq!(pages(&render(&empty).unwrap()), 1);
}

#[test]
fn long_texts_and_tables_take_as_many_pages_as_they_need() {
    let text = "A sentence that is said again. ".repeat(1_000);
    assert!(pages(&render(&document(vec![section("A"), paragraph(&text)])).unwrap()) > 5);
    let rows = render(&document(vec![section("A"), table(200, "Text")])).unwrap();
    assert!(pages(&rows) > 3);
    let tall = render(&document(vec![section("A"), table(1, &text)])).unwrap();
    assert!(pages(&tall) > 5, "a row that no page can hold goes on on the next");
}

#[test]
fn every_script_and_direction_can_be_set() {
    let texts = [
        "検査データの不正を理由に、同社は行政処分を受けた。「社長」は謝罪した。",
        "שלום עולם (2026) English",
        "مرحبا بالعالم",
        "Привет, мир",
        "여보세요",
        "หน่วยงานกำกับดูแลปรับบริษัท",
        "हैलो वर्ल्ड",
        "გამარჯობა",
        "Բարեւ",
        "你好，世界",
        "e\u{301}\u{301}\u{301} 👩‍👩‍👧 \u{e000} \u{feff} \u{202e}x\u{202c} a\u{93e}",
    ];
    let mut blocks = vec![section("Scripts")];
    for text in texts {
        blocks.push(Block::Paragraph(Paragraph::of(text).by_first_letter()));
        blocks.push(Block::Heading(Heading::new(Level::Subsection, text)));
        blocks.push(table(1, text));
    }
    let mut scripts = document(blocks);
    for direction in [Direction::LeftToRight, Direction::RightToLeft] {
        scripts.metadata.direction = direction;
        render(&scripts).unwrap();
    }
}

#[test]
fn a_character_that_no_font_has_is_its_code_point() {
    assert_eq!(typesetting::drawable("a\u{1f600}\u{7}\n"), "a[U+1F600][U+0007]\n");
    assert_eq!(typesetting::drawable("é 検 ب"), "é 検 ب");
    assert_eq!(typesetting::drawable("\u{202e}x"), "[U+202E]x", "nothing turns the text around it");
}
