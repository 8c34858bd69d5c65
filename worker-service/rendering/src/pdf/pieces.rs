//! The pieces of which the parts of the PDF consist: headings, references, tables, and texts in their styles.

use typesetting::{Block, Color, ColumnWidth, Heading, Level, Link, Paragraph, Span, Table};

use crate::view::{Point, View};

const LINK: Color = Color::new(0x0b, 0x4f, 0x97);
/// Maximum number of rows of a table that is kept on one page.
const SHORT_TABLE: usize = 8;

/// A view, with access to its headings and labels.
#[derive(Clone, Copy)]
pub(super) struct Words<'v>(pub(super) &'v View<'v>);

impl<'v> Words<'v> {
    pub(super) fn text(self, key: &'static str) -> &'v str {
        self.0.words.get(key).and_then(|word| word.as_str()).unwrap_or(key)
    }

    /// Returns the label `key` with its value.
    pub(super) fn labelled(self, key: &'static str, value: &str) -> String {
        format!("{}{}{value}", self.text(key), self.text("colon"))
    }

    pub(super) fn section(self, key: &'static str) -> Block {
        Block::Heading(Heading::new(Level::Section, self.text(key)))
    }

    /// Returns the heading of a section that takes little space.
    pub(super) fn compact(self, key: &'static str) -> Block {
        let mut heading = Heading::new(Level::Section, self.text(key));
        heading.compact = true;
        Block::Heading(heading)
    }

    pub(super) fn subsection(self, key: &'static str) -> Block {
        Block::Heading(Heading::new(Level::Subsection, self.text(key)))
    }

    /// Returns the section `key`, which consists of a table with these columns, or nothing if there are no rows.
    pub(super) fn table(
        self,
        key: &'static str,
        columns: &[(&'static str, ColumnWidth)],
        rows: Vec<Vec<Paragraph>>,
    ) -> Vec<Block> {
        self.table_below(self.section(key), columns, rows)
    }

    /// Returns a heading with a table that has these columns, or nothing if there are no rows.
    pub(super) fn table_below(
        self,
        heading: Block,
        columns: &[(&'static str, ColumnWidth)],
        rows: Vec<Vec<Paragraph>>,
    ) -> Vec<Block> {
        if rows.is_empty() {
            return Vec::new();
        }
        let table = Table {
            columns: columns.iter().map(|(_, width)| *width).collect(),
            header: columns.iter().map(|(key, _)| Paragraph::of(self.text(key))).collect(),
            rows,
        };
        let is_short = table.rows.len() <= SHORT_TABLE;
        let blocks = vec![heading, Block::Table(table)];
        if is_short { vec![Block::Group(blocks)] } else { blocks }
    }

    /// Returns references to pieces of evidence, separated by commas. Only those to evidence in the report
    /// are links.
    pub(super) fn cites(self, ids: &[String]) -> Vec<Span> {
        let mut spans = Vec::new();
        for id in ids {
            if !spans.is_empty() {
                spans.push(Span::new(", "));
            }
            spans.push(self.cite(id));
        }
        spans
    }

    pub(super) fn cite(self, id: &str) -> Span {
        let known = self.0.known.contains(&id);
        if known { Span::new(id).color(LINK).link(Link::Anchor(anchor(id))) } else { Span::new(id) }
    }
}

/// Returns the name of the anchor of a piece of evidence in the appendix.
pub(super) fn anchor(id: &str) -> String {
    format!("piece-{id}")
}

/// Returns `text` as small text in a soft colour.
pub(super) fn aside(text: impl Into<String>) -> Span {
    Span::new(text).size(9.0).color(Color::MUTED)
}

/// Returns an explanatory note: `spans` as a paragraph of its own.
pub(super) fn note(spans: Vec<Span>) -> Block {
    Block::Paragraph(Paragraph::from_spans(spans).spaced(7.0, 9.0))
}

/// Returns a paragraph of text from an external source, in the writing direction of its first letter.
pub(super) fn outside(text: &str) -> Paragraph {
    Paragraph::of(text).by_first_letter()
}

/// Returns a list of decisions or gaps, with the number of those that are not shown, or the text `none` without any.
pub(super) fn points(points: &[Point], more: Option<&String>, none: &str, words: Words<'_>) -> Vec<Block> {
    if points.is_empty() {
        return vec![Block::Paragraph(Paragraph::of(none))];
    }
    let item = |point: &Point| {
        let mut spans = vec![Span::new(&point.text)];
        if !point.citations.is_empty() {
            spans.push(Span::new(" "));
            spans.extend(words.cites(&point.citations));
        }
        Paragraph::from_spans(spans).by_first_letter()
    };
    let mut blocks = vec![Block::List(points.iter().map(item).collect())];
    blocks.extend(more.map(|more| note(vec![aside(more)])));
    blocks
}
