//! Shapes the text of a paragraph and breaks it into lines.

use std::{borrow::Cow, ops::Range, rc::Rc};

use parley::{
    Alignment, AlignmentOptions, FontFamily, IndentOptions, Layout, LineBreak, OverflowWrap, TextStyle,
};

use crate::{
    autospace,
    blocks::{BaseDirection, Paragraph, Span},
    document::Direction,
    fonts::{self, BOLD, REGULAR, Shaper},
    lines::{Line, Style, StyleIndex},
    tree::{ElementId, Role, StructureTree},
};

/// Space between the text of a badge and the frame at its sides, in points. The first line is indented by the
/// space on both sides and the margin, and the text of the badge is moved back: a space within the text would
/// be on the wrong side in some mixtures of directions.
pub(crate) const BADGE_PADDING: f32 = 4.0;
/// Distance between the capitals of a badge and the frame above and below them, in points.
pub(crate) const BADGE_FRAME: f32 = 2.9;
/// Space between the frame of a badge and the text that follows, in points.
const BADGE_MARGIN: f32 = 3.4;
/// Maximum number of times that a text is shaped again because no font has all characters of a cluster.
const ATTEMPTS: usize = 3;

/// A shaped paragraph.
pub(crate) struct Shaped {
    layout: Layout<StyleIndex>,
    text: Rc<str>,
    styles: Rc<[Style]>,
}

impl Shaped {
    /// Shapes `paragraph`, whose links become children of `element`.
    pub(crate) fn new(
        paragraph: &Paragraph,
        direction: Direction,
        element: Option<ElementId>,
        tree: &mut StructureTree,
        shaper: &mut Shaper,
    ) -> Self {
        let styles = paragraph.spans.iter().map(|span| Style {
            size: span.size,
            color: span.color,
            badge: span.badge,
            link: span.link.clone().map(|link| (link, tree.add(Role::Link, element))),
        });
        let styles = styles.collect();
        let base = match direction_of(paragraph, direction) {
            Direction::LeftToRight => parley::BaseDirection::Ltr,
            Direction::RightToLeft => parley::BaseDirection::Rtl,
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
        let line = |line| Line::from_layout(&line, &self.layout, &self.text, &self.styles);
        let mut lines: Vec<Line> = self.layout.lines().map(line).collect();
        if let Some(first) = lines.first_mut() {
            let back = BADGE_PADDING + BADGE_MARGIN;
            first.move_badge(if self.layout.is_rtl() { back } else { -back });
        }
        lines
    }
}

/// Returns the base direction of a paragraph in a document with the direction `document`.
pub(crate) fn direction_of(paragraph: &Paragraph, document: Direction) -> Direction {
    if paragraph.direction == BaseDirection::Document {
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
    let blocks = [0x590..=0x8ff, 0xfb1d..=0xfdff, 0xfe70..=0xfeff, 0x1_0800..=0x1_0fff, 0x1_e800..=0x1_efff];
    blocks.iter().any(|block| block.contains(&u32::from(letter)))
}

/// Shapes `texts`, one for each of `spans`, without breaking lines.
fn shape(
    spans: &[Span],
    texts: &[Cow<'_, str>],
    base: parley::BaseDirection,
    shaper: &mut Shaper,
) -> Layout<StyleIndex> {
    let text = texts.concat();
    let mut builder = shaper.layout.style_run_builder(&mut shaper.fonts, &text, 1.0, false);
    builder.set_base_direction(base);
    let mut changes = autospace::changes(&text).peekable();
    let mut start = 0;
    for (index, (span, text)) in spans.iter().zip(texts).enumerate() {
        let end = start + text.len();
        let plain = builder.push_style(text_style(index, span, 0.0));
        // There are few different distances, and many characters with each.
        let mut moved_styles: Vec<(u32, u16)> = Vec::new();
        while let Some((range, change)) = changes.next_if(|(range, _)| range.start < end) {
            let bits = change.to_bits();
            let known = moved_styles.iter().find(|(known, _)| *known == bits).map(|(_, style)| *style);
            let moved = known.unwrap_or_else(|| {
                let style = builder.push_style(text_style(index, span, change * span.size));
                moved_styles.push((bits, style));
                style
            });
            builder.push_style_run(plain, start..range.start);
            start = range.end.min(end);
            builder.push_style_run(moved, range.start..start);
        }
        builder.push_style_run(plain, start..end);
        start = end;
    }
    let mut layout = builder.build(&text);
    if spans.first().is_some_and(|span| span.badge) {
        layout.set_text_indent(2.0 * BADGE_PADDING + BADGE_MARGIN, IndentOptions::default());
    }
    layout.break_all_lines(None);
    layout
}

/// Returns the style of the span with this index, with `letter_spacing` points after each character.
fn text_style(index: usize, span: &Span, letter_spacing: f32) -> TextStyle<'static, 'static, StyleIndex> {
    let families = if span.bold { &BOLD } else { &REGULAR };
    TextStyle {
        font_family: FontFamily::List(Cow::Borrowed(families)),
        font_size: span.size,
        brush: StyleIndex(u16::try_from(index).unwrap_or(u16::MAX)),
        overflow_wrap: OverflowWrap::Anywhere,
        line_break: LineBreak::Strict,
        letter_spacing,
        ..TextStyle::default()
    }
}

/// Returns the byte ranges of the clusters that the font chosen for them does not have.
fn missing(layout: &Layout<StyleIndex>, text: &str) -> Vec<Range<usize>> {
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

/// Replaces characters in the byte ranges `missing` of the joined texts by their code points: all characters,
/// or only those that are not letters or digits.
fn replace<'a>(texts: &[Cow<'a, str>], missing: &[Range<usize>], all: bool) -> Vec<Cow<'a, str>> {
    let mut is_missing = vec![false; texts.iter().map(|text| text.len()).sum()];
    for range in missing {
        is_missing.get_mut(range.clone()).unwrap_or_default().fill(true);
    }
    let mut start = 0;
    let mut replaced = Vec::new();
    for text in texts {
        let mut new = String::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let missing = is_missing.get(start + at).copied().unwrap_or_default();
            if missing && (all || !c.is_alphanumeric()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the lines of a paragraph of this width, in points.
    fn lines(text: &str, width: f32) -> Vec<String> {
        let mut shaper = Shaper::take();
        let paragraph = Paragraph::of(text);
        let mut shaped =
            Shaped::new(&paragraph, Direction::LeftToRight, None, &mut StructureTree::default(), &mut shaper);
        let lines = shaped.lines(width);
        shaper.give_back();
        let line = |line: &Line| line.runs.iter().filter_map(|run| text.get(run.range())).collect::<String>();
        lines.iter().map(line).collect()
    }

    #[test]
    fn no_line_of_japanese_begins_or_ends_with_a_character_that_must_not_stand_there() {
        let text = "検査データの不正（二〇二五年）を理由に、同社は「行政処分」を受けた。コーポレート・ガバナンスの強化、\
            ならびに再発防止を「急ぐ」と発表した。株式会社ＡＢＣ〈東京〉は、ちょっと待ってと、言った……。";
        for width in 8_u8..60 {
            let lines = lines(text, f32::from(width) * 10.0 + 3.0);
            assert_eq!(lines.concat(), text);
            for line in &lines {
                let (first, last) = (line.chars().next().unwrap(), line.chars().last().unwrap());
                assert!(
                    !"、。，．・：；？！」』）〉》】ーっゃゅょッャュョァィゥェォ々".contains(first),
                    "{width}: {line}"
                );
                assert!(!"「『（〈《【".contains(last), "{width}: {line}");
            }
        }
    }

    #[test]
    fn two_punctuation_marks_in_a_row_take_one_and_a_half_ems() {
        let mut shaper = Shaper::take();
        let mut width = |text: &str| {
            let tree = &mut StructureTree::default();
            Shaped::new(&Paragraph::of(text), Direction::LeftToRight, None, tree, &mut shaper).widest()
        };
        let difference = width("「社」、「社」。") - width("社") * 8.0;
        assert!((difference + 15.0).abs() < 0.1, "{difference}");
    }
}
