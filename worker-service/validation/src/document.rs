//! The pack as a document, from which page and PDF are rendered: they have the same content in the same order.

use serde::Serialize;

/// A document.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) title: String,
    /// The line below the title.
    pub(crate) subtitle: String,
    /// The line at the bottom of pages.
    pub(crate) footer: String,
    /// The date that the file states as its own: year, month, day.
    #[serde(skip)]
    pub(crate) written: (u16, u8, u8),
    pub(crate) sections: Vec<Section>,
}

/// A section with a heading.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    /// The target of links to it.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) parts: Vec<Part>,
}

/// A part of a section.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Part {
    Heading {
        text: String,
    },
    Text {
        text: String,
    },
    List {
        items: Vec<String>,
    },
    Facts {
        facts: Vec<(String, String)>,
    },
    /// The most important figures.
    Figures {
        title: String,
        figures: Vec<Figure>,
    },
    Table(Table),
    Chart(Chart),
}

impl Part {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    pub(crate) fn heading(text: impl Into<String>) -> Self {
        Self::Heading { text: text.into() }
    }
}

/// An important figure.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) detail: String,
}

/// A table.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    /// What the table shows.
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Whether it holds numbers.
    pub(crate) number: bool,
    /// Of a column of numbers, its width in points; of another one, its share of the width that those leave.
    #[serde(skip)]
    pub(crate) width: f32,
}

/// The width of a column of numbers, in points.
const NUMBER_WIDTH: f32 = 47.0;
/// The width of a column of numbers under a long title, in points.
const LONG_TITLE_WIDTH: f32 = 56.0;
/// The width of a column of intervals, in points.
const INTERVAL_WIDTH: f32 = 71.0;

impl Column {
    pub(crate) const fn text(title: &'static str, share: f32) -> Self {
        Self { title, number: false, width: share }
    }

    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, number: true, width: NUMBER_WIDTH }
    }

    pub(crate) const fn long_number(title: &'static str) -> Self {
        Self { title, number: true, width: LONG_TITLE_WIDTH }
    }

    pub(crate) const fn interval(title: &'static str) -> Self {
        Self { title, number: true, width: INTERVAL_WIDTH }
    }
}

/// A chart of shares by threshold.
#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// The content of the chart as text.
    pub(crate) text: String,
    pub(crate) x_labels: Vec<String>,
    pub(crate) y_labels: Vec<String>,
    pub(crate) lines: Vec<ChartLine>,
    /// The marked position of the horizontal axis, from 0 to 1, and its label.
    pub(crate) marker: (f32, String),
}

/// A line of a chart.
#[derive(Debug, Serialize)]
pub(crate) struct ChartLine {
    pub(crate) label: &'static str,
    /// Points from 0 to 1, from the left and from the bottom.
    pub(crate) points: Vec<(f32, f32)>,
}
