//! A document and its metadata.

use crate::blocks::Block;

/// A document to be rendered.
#[derive(Clone, Debug)]
pub struct Document {
    /// The metadata.
    pub metadata: Metadata,
    /// The standards that the PDF must meet.
    pub standards: Standards,
    /// The line at the top of each page except the first.
    pub header: Option<String>,
    /// The line at the bottom of each page.
    pub footer: Option<Footer>,
    /// The content, in order.
    pub blocks: Vec<Block>,
}

impl Document {
    /// Returns a document without blocks, header or footer. Its PDF must meet [`Standards::Archival`].
    #[must_use]
    pub fn new(metadata: Metadata) -> Self {
        Self { metadata, standards: Standards::default(), header: None, footer: None, blocks: Vec::new() }
    }
}

/// The line at the bottom of each page. `{page}` and `{pages}` are replaced by the page number and the number
/// of pages.
#[derive(Clone, Debug)]
pub struct Footer {
    /// The text at the start of the line.
    pub start: String,
    /// The text at the end of the line.
    pub end: String,
}

/// The metadata of a document.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The title, which viewers show instead of the file name.
    pub title: String,
    /// The author.
    pub author: Option<String>,
    /// The program that created the document.
    pub creator: Option<String>,
    /// The language, as a BCP 47 tag.
    pub language: String,
    /// The direction of lines and columns.
    pub direction: Direction,
    /// The creation date of the PDF.
    pub written: Time,
    /// An identifier that is unique to this document.
    pub identifier: Option<String>,
}

impl Metadata {
    /// Returns the minimum that the standards require, with lines from left to right.
    #[must_use]
    pub fn new(title: impl Into<String>, language: impl Into<String>, written: Time) -> Self {
        Self {
            title: title.into(),
            author: None,
            creator: None,
            language: language.into(),
            direction: Direction::default(),
            written,
            identifier: None,
        }
    }
}

/// The direction of lines and columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// As in English.
    #[default]
    LeftToRight,
    /// As in Arabic.
    RightToLeft,
}

/// The standards that a PDF must meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standards {
    /// PDF/A-2a, for archives, and PDF/UA-1, for accessibility.
    #[default]
    Archival,
    /// None. The PDF is tagged nevertheless.
    None,
}

/// A time in UTC. A component that is out of range is replaced by the nearest valid one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The year.
    pub year: u16,
    /// The month, from 1 to 12.
    pub month: u8,
    /// The day, from 1 to 31.
    pub day: u8,
    /// The hour, from 0 to 23.
    pub hour: u8,
    /// The minute, from 0 to 59.
    pub minute: u8,
    /// The second, from 0 to 59.
    pub second: u8,
}
