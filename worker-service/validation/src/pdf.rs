//! The pack as PDF: tagged (PDF/UA-1), archivable (PDF/A-2a), with bookmarks.

use sha2::{Digest as _, Sha256};
use typesetting::{
    Block, Callout, Color, ColumnWidth, Fact, Footer, Grid, Heading, Insets, Level, LineChart, Marker,
    Metadata, Paragraph, Rule, Series, Span, Time,
};

use crate::document::{Chart, Column, Document, Figure, Part, Section, Table};

const TINT: Color = Color::new(0xf3, 0xf5, 0xf8);
/// The lines of a chart, in this order: colours that differ in lightness as well, and dashes.
const LINES: [(Color, Option<f32>); 3] = [
    (Color::BAR, None),
    (Color::new(0x8a, 0x4b, 0x00), Some(5.0)),
    (Color::new(0xa4, 0x20, 0x1a), Some(2.0)),
];
/// Font size in tables.
const TABLE_SIZE: f32 = 8.5;

/// Returns the PDF. Its identifier is derived from `data`, the figures that it shows.
///
/// # Errors
/// Returns an error if the document cannot be set, or does not meet the standards.
pub(crate) fn render(document: &Document, data: &[u8]) -> Result<Vec<u8>, typesetting::Error> {
    let (year, month, day) = document.written;
    let written = Time { year, month, day, hour: 0, minute: 0, second: 0 };
    let mut metadata = Metadata::new(&document.title, "en", written);
    metadata.author = Some("Dossier".to_owned());
    metadata.creator = Some("Dossier".to_owned());
    metadata.identifier = Some(hex::encode(Sha256::digest(data)));
    let mut pdf = typesetting::Document::new(metadata);
    pdf.header = Some(document.title.clone());
    pdf.footer = Some(Footer { start: document.footer.clone(), end: "{page} / {pages}".to_owned() });
    pdf.blocks = vec![
        Block::Heading(Heading::new(Level::Title, &document.title)),
        Block::Paragraph(Paragraph::from_spans(vec![Span::new(&document.subtitle).color(Color::MUTED)])),
    ];
    pdf.blocks.extend(document.sections.iter().flat_map(section));
    typesetting::render(&pdf)
}

fn section(section: &Section) -> Vec<Block> {
    let mut heading = Heading::new(Level::Section, &section.title);
    heading.anchor = Some(section.id.to_owned());
    let mut blocks = vec![Block::Heading(heading)];
    section.parts.iter().for_each(|part| add(part, &mut blocks));
    blocks
}

/// Adds the blocks of a part.
fn add(part: &Part, blocks: &mut Vec<Block>) {
    match part {
        Part::Heading { text } => blocks.push(Block::Heading(Heading::new(Level::Subsection, text))),
        Part::Text { text } => blocks.push(Block::Paragraph(Paragraph::of(text))),
        Part::List { items } => blocks.push(Block::List(items.iter().map(Paragraph::of).collect())),
        Part::Facts { facts } => {
            let fact = |(label, value): &(String, String)| Fact {
                label: Paragraph::from_spans(vec![Span::new(label).color(Color::MUTED)]),
                value: Paragraph::of(value).by_first_letter(),
            };
            blocks.push(Block::Facts(facts.iter().map(fact).collect()));
        }
        Part::Figures { title, figures } => blocks.push(self::figures(title, figures)),
        Part::Table(table) => {
            blocks.push(Block::Paragraph(Paragraph {
                keep_with_next: true,
                ..Paragraph::from_spans(vec![Span::new(&table.caption).size(9.0).bold()]).spaced(14.0, 4.0)
            }));
            blocks.push(Block::Table(self::table(table)));
        }
        Part::Chart(chart) => {
            let text = Paragraph::from_spans(vec![Span::new(&chart.text).size(9.0).color(Color::MUTED)]);
            blocks.push(Block::Group(vec![Block::LineChart(self::chart(chart)), Block::Paragraph(text)]));
        }
    }
}

/// Returns the panel with the most important figures.
fn figures(title: &str, figures: &[Figure]) -> Block {
    let cell = |figure: &Figure| {
        vec![Paragraph::from_spans(vec![
            Span::new(format!("{}\n", figure.label)).size(9.0).color(Color::MUTED),
            Span::new(format!("{}\n", figure.value)).size(18.0).bold(),
            Span::new(&figure.detail).size(8.5).color(Color::MUTED),
        ])]
    };
    let grid = Grid {
        columns: figures.iter().map(|_| ColumnWidth::Fraction(1.0)).collect(),
        column_gap: 16.0,
        row_gap: 12.0,
        rows: vec![figures.iter().map(cell).collect()],
    };
    let title = Paragraph::from_spans(vec![Span::new(title).bold()]);
    Block::Callout(Callout {
        fill: Some(TINT),
        border: None,
        bar: Some(Rule { width: 5.0, color: Color::BAR }),
        padding: Insets::symmetric(12.0, 14.0),
        blocks: vec![
            Block::Paragraph(Paragraph { keep_with_next: true, ..title.by_first_letter() }),
            Block::Grid(grid),
        ],
    })
}

fn table(table: &Table) -> typesetting::Table {
    let width = |column: &Column| {
        if column.number { ColumnWidth::Fixed(column.width) } else { ColumnWidth::Fraction(column.width) }
    };
    let cell =
        |text: &String| Paragraph::from_spans(vec![Span::new(text).size(TABLE_SIZE)]).by_first_letter();
    let header =
        |column: &Column| Paragraph::from_spans(vec![Span::new(column.title).size(TABLE_SIZE).bold()]);
    typesetting::Table {
        columns: table.columns.iter().map(width).collect(),
        header: table.columns.iter().map(header).collect(),
        rows: table.rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
    }
}

fn chart(chart: &Chart) -> LineChart {
    let series = chart.lines.iter().zip(LINES.into_iter().cycle()).map(|(line, (color, dash))| Series {
        label: line.label.to_owned(),
        color,
        dash,
        points: line.points.clone(),
    });
    let (at, label) = chart.marker.clone();
    LineChart {
        title: chart.title.clone(),
        alternative: chart.text.clone(),
        x_labels: chart.x_labels.clone(),
        y_labels: chart.y_labels.clone(),
        series: series.collect(),
        marker: Some(Marker { at, label }),
    }
}
