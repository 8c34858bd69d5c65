//! A document and what is known of it.

use crate::blocks::Block;

/// A document to be set.
#[derive(Clone, Debug)]
pub struct Document {
    /// What is known of it.
    pub metadata: Metadata,
    /// The standards that its PDF meets.
    pub standards: Standards,
    /// The line at the top of each page but the first.
    pub header: Option<String>,
    /// The line at the bottom of each page.
    pub footer: Option<Footer>,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

impl Document {
    /// Returns a document without blocks, header or footer that is to meet the standards.
    #[must_use]
    pub fn new(metadata: Metadata) -> Self {
        Self { metadata, standards: Standards::default(), header: None, footer: None, blocks: Vec::new() }
    }
}

/// The line at the bottom of each page. `{page}` and `{pages}` stand for the page's number and the number of pages.
#[derive(Clone, Debug)]
pub struct Footer {
    /// The text at the start of the line.
    pub start: String,
    /// The text at its end.
    pub end: String,
}

/// What is known of a document.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// Its title, which viewers show in place of the file's name.
    pub title: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// The program that made it.
    pub creator: Option<String>,
    /// Its language, as a BCP 47 tag.
    pub language: String,
    /// The direction in which its lines and columns run.
    pub direction: Direction,
    /// When it was written.
    pub written: Time,
    /// A text that names this document and no other.
    pub identifier: Option<String>,
}

impl Metadata {
    /// Returns the least that the standards ask for; lines run from left to right.
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

/// The direction in which lines and columns run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// As in English.
    #[default]
    LeftToRight,
    /// As in Arabic.
    RightToLeft,
}

/// The standards that a PDF meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standards {
    /// PDF/A-2a, for archives, and PDF/UA-1, for readers who cannot see it.
    #[default]
    Archival,
    /// None; the PDF is tagged all the same.
    None,
}

/// A time in UTC. A part that is out of range becomes the nearest that is in it.
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
