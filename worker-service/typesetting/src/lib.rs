//! Renders documents as PDF: paragraphs, lists, tables and charts on A4 pages, tagged for readers who cannot
//! see them.
//!
//! A [`Document`] is a list of [`Block`]s with [`Metadata`]; [`render`] converts it to the bytes of a PDF.
//! Text may be untrusted and in any script: it is never interpreted as markup, and a character that no font
//! has is printed as its code point. The fonts are part of the crate, and nothing is read from the disk or
//! the network. The same document always gives the same bytes.
//!
//! ```
//! use typesetting::{Block, Document, Heading, Level, Metadata, Paragraph, Time};
//!
//! let written = Time { year: 2026, month: 1, day: 5, hour: 12, minute: 0, second: 0 };
//! let mut document = Document::new(Metadata::new("A letter", "en", written));
//! document.blocks.push(Block::Heading(Heading::new(Level::Section, "Greeting")));
//! document.blocks.push(Block::Paragraph(Paragraph::of("Good morning.")));
//! assert!(typesetting::render(&document)?.starts_with(b"%PDF-1.7"));
//! # Ok::<(), typesetting::Error>(())
//! ```

mod autospace;
mod blocks;
mod charts;
mod document;
mod error;
mod flow;
mod fonts;
mod grid;
mod line_charts;
mod lines;
mod pages;
mod paint;
mod shape;
mod strips;
mod tree;
mod write;

pub use self::{
    blocks::{
        Bar, BaseDirection, Block, Callout, Chart, ChartKind, Color, ColumnWidth, Fact, Grid, Heading,
        Insets, Level, LineChart, Link, Marker, Paragraph, Rule, Series, Span, Table,
    },
    document::{Direction, Document, Footer, Metadata, Standards, Time},
    error::Error,
    fonts::drawable,
    write::render,
};
