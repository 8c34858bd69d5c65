//! Shapes the text of a paragraph and breaks it into lines.

use std::{borrow::Cow, rc::Rc};

use parley::{
    Alignment, AlignmentOptions, BaseDirection, FontFamily, IndentOptions, Layout, LineBreak, OverflowWrap,
    StyleProperty,
};

use crate::{
    blocks::{Paragraph, Reading, Span},
    document::Direction,
    fonts::{self, BOLD, REGULAR, Shaper},
    lines::{Ink, Line, Style},
    tree::{Part, Role, Tree},
};

/// Space between the text of a badge and its frame, and space after the frame, in points. The first line is
/// indented by the space on both sides, and the text of the badge is moved back: a space within the text
/// would be on the wrong side in some mixtures of directions.
pub(crate) const BADGE: (f32, f32) = (4.0, 3.4);
/// Maximum number of times that a text is shaped again because no font has all characters of a cluster.
const ATTEMPTS: usize = 3;

/// A shaped paragraph.
pub(crate) struct Shaped {
    layout: Layout<Ink>,
    text: Rc<str>,
    styles: Rc<[Style]>,
}

impl Shaped {
    /// Shapes `paragraph`, whose links become parts of `part`.
    pub(crate) fn new(
        paragraph: &Paragraph,
        direction: Direction,
        part: Option<Part>,
        tree: &mut Tree,
        shaper: &mut Shaper,
    ) -> Self {
        let styles = paragraph.spans.iter().map(|span| Style {
            size: span.size,
            color: span.color,
            badge: span.badge,
            link: span.link.clone().map(|link| (link, tree.add(Role::Link, part))),
        });
        let styles = styles.collect();
        let base = match runs(paragraph, direction) {
            Direction::LeftToRight => BaseDirection::Ltr,
            Direction::RightToLeft => BaseDirection::Rtl,
        };
        let mut texts: Vec<Cow<'_, str>> =
            paragraph.spans.iter().map(|span| fonts::drawable(&span.text)).collect();
        let mut layout = shape(&paragraph.spans, &texts, base, shaper);
        for attempt in 1..=ATTEMPTS {
            let missing = missing(&layout, &texts.concat());
            if missing.is_empty() {
                break;
            }
            // In a cluster that no font has as a whole, characters other than letters and digits are replaced
            // by their code points; in the last attempt, all of its characters are.
            texts = replace(&texts, &missing, attempt == ATTEMPTS);
            layout = shape(&paragraph.spans, &texts, base, shaper);
        }
        Self { layout, text: texts.concat().into(), styles }
    }

    /// Returns the width of its widest line, in points, if lines end only at its own line breaks.
    pub(crate) fn widest(&self) -> f32 {
        self.layout.calculate_content_widths().max
    }

    /// Breaks the paragraph into lines no wider than `width`, in points.
    pub(crate) fn lines(&mut self, width: f32) -> Vec<Line> {
        self.layout.break_all_lines(Some(width.max(1.0)));
        self.layout.align(Alignment::Start, AlignmentOptions::default());
        let line = |line| Line::of(&line, &self.layout, &self.text, &self.styles);
        let mut lines: Vec<Line> = self.layout.lines().map(line).collect();
        if let Some(first) = lines.first_mut() {
            let back = BADGE.0 + BADGE.1;
            first.move_badge(if self.layout.is_rtl() { back } else { -back });
        }
        lines
    }
}

/// Returns the direction of a paragraph in a document with the direction `document`.
pub(crate) fn runs(paragraph: &Paragraph, document: Direction) -> Direction {
    if paragraph.reading == Reading::Document {
        return document;
    }
    let texts = paragraph.spans.iter().filter(|span| !span.badge);
    match texts.flat_map(|span| span.text.chars()).find(|c| c.is_alphabetic()) {
        Some(letter) if is_right_to_left(letter) => Direction::RightToLeft,
        Some(_) => Direction::LeftToRight,
        None => document,
    }
}

/// Returns whether a letter is written from right to left.
fn is_right_to_left(letter: char) -> bool {
    let planes = [0x590..=0x8ff, 0xfb1d..=0xfdff, 0xfe70..=0xfeff, 0x1_0800..=0x1_0fff, 0x1_e800..=0x1_efff];
    planes.iter().any(|plane| plane.contains(&u32::from(letter)))
}

/// Shapes `texts`, one for each of `spans`, without breaking lines.
fn shape(spans: &[Span], texts: &[Cow<'_, str>], base: BaseDirection, shaper: &mut Shaper) -> Layout<Ink> {
    let text = texts.concat();
    let mut builder = shaper.layout.ranged_builder(&mut shaper.fonts, &text, 1.0, false);
    builder.set_base_direction(base);
    builder.push_default(StyleProperty::FontFamily(FontFamily::List(Cow::Borrowed(&REGULAR))));
    builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
    builder.push_default(StyleProperty::LineBreak(LineBreak::Strict));
    let mut start = 0;
    for (index, (span, text)) in spans.iter().zip(texts).enumerate() {
        let end = start + text.len();
        if start < end {
            let ink = Ink(u16::try_from(index).unwrap_or(u16::MAX));
            builder.push(StyleProperty::Brush(ink), start..end);
            builder.push(StyleProperty::FontSize(span.size), start..end);
            if span.bold {
                builder.push(StyleProperty::FontFamily(FontFamily::List(Cow::Borrowed(&BOLD))), start..end);
            }
        }
        start = end;
    }
    let mut layout = builder.build(&text);
    if spans.first().is_some_and(|span| span.badge) {
        layout.set_text_indent(2.0 * BADGE.0 + BADGE.1, IndentOptions::default());
    }
    layout.break_all_lines(None);
    layout
}

/// Returns the byte ranges of the clusters that the font chosen for them does not have.
fn missing(layout: &Layout<Ink>, text: &str) -> Vec<std::ops::Range<usize>> {
    let mut missing = Vec::new();
    for line in layout.lines() {
        for run in line.runs() {
            for cluster in run.clusters() {
                let range = cluster.text_range();
                if cluster.glyphs().any(|glyph| glyph.id == 0) && text.get(range.clone()) != Some("\n") {
                    missing.push(range);
                }
            }
        }
    }
    missing
}

/// Replaces characters in the byte ranges `places` of the joined texts by their code points: all characters,
/// or only those that are not letters or digits.
fn replace<'a>(texts: &[Cow<'a, str>], places: &[std::ops::Range<usize>], all: bool) -> Vec<Cow<'a, str>> {
    let mut start = 0;
    let mut replaced = Vec::new();
    for text in texts {
        let mut new = String::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let bad = places.iter().any(|place| place.contains(&(start + at)));
            if bad && (all || !c.is_alphanumeric()) {
                new.push_str(&fonts::code_point(c));
            } else {
                new.push(c);
            }
        }
        start += text.len();
        replaced.push(Cow::Owned(new));
    }
    replaced
}
