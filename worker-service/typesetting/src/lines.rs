//! Lines of shaped text, ready to be painted.

use std::{ops::Range, rc::Rc};

use krilla::text::{GlyphId, KrillaGlyph};
use parley::{Cluster, Layout, Line as Broken, PositionedLayoutItem, Run};

use crate::{blocks::Color, tree::ElementId};

/// The index of a glyph's style in [`Line::styles`], which is that of its span in the paragraph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StyleIndex(pub(crate) u16);

/// The style in which a span is painted.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) size: f32,
    pub(crate) color: Color,
    pub(crate) badge: bool,
    /// The target of the link, and its element of the structure tree.
    pub(crate) link: Option<(crate::blocks::Link, ElementId)>,
}

/// Adjacent glyphs of one font in one style, to be drawn at once.
#[derive(Clone, Debug)]
pub(crate) struct GlyphRun {
    /// The index of the font.
    pub(crate) font: usize,
    /// The index of the style in [`Line::styles`].
    pub(crate) style: usize,
    /// The distance from the left edge of the line's box, in points.
    pub(crate) x: f32,
    pub(crate) width: f32,
    pub(crate) glyphs: Vec<KrillaGlyph>,
}

impl GlyphRun {
    /// Returns the byte range of its text in the text of the paragraph.
    pub(crate) fn range(&self) -> Range<usize> {
        let start = self.glyphs.iter().map(|glyph| glyph.text_range.start).min().unwrap_or_default();
        start..self.glyphs.iter().map(|glyph| glyph.text_range.end).max().unwrap_or(start)
    }
}

/// A line of text.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The text of the whole paragraph, which glyphs refer to.
    pub(crate) text: Rc<str>,
    pub(crate) styles: Rc<[Style]>,
    /// The height from its baseline to the top of its capitals, in points.
    pub(crate) height: f32,
    /// The glyphs, in reading order.
    pub(crate) runs: Vec<GlyphRun>,
}

/// The height of capitals, as a fraction of the font size.
pub(crate) const CAP_HEIGHT: f32 = 0.714;

impl Line {
    /// Converts a line that `layout` has broken.
    pub(crate) fn from_layout(
        line: &Broken<'_, StyleIndex>,
        layout: &Layout<StyleIndex>,
        text: &Rc<str>,
        styles: &Rc<[Style]>,
    ) -> Self {
        let mut runs = Vec::new();
        let mut last = None;
        for item in line.items() {
            let PositionedLayoutItem::GlyphRun(item) = item else { continue };
            // A run with several styles is several items in a row; the first one adds the whole run.
            if last.replace(item.run().index()) != Some(item.run().index()) {
                let start = item.offset();
                push_run(item.run(), start, layout, text, &mut runs);
            }
        }
        runs.sort_by_key(|run| run.range().start);
        let sizes = runs.iter().filter_map(|run| Some(styles.get(run.style)?.size));
        let size = sizes.reduce(f32::max).or_else(|| Some(styles.first()?.size)).unwrap_or_default();
        Self { text: Rc::clone(text), styles: Rc::clone(styles), height: CAP_HEIGHT * size, runs }
    }

    /// Moves the badge at the start of the paragraph, if there is one, to the right by `by` points.
    pub(crate) fn move_badge(&mut self, by: f32) {
        let badge = self.styles.first().is_some_and(|style| style.badge);
        self.runs.iter_mut().filter(|run| badge && run.style == 0).for_each(|run| run.x += by);
    }
}

/// Adds the glyphs of a run that begins at `x` to `into`.
fn push_run(
    run: &Run<'_, StyleIndex>,
    mut x: f32,
    layout: &Layout<StyleIndex>,
    text: &str,
    into: &mut Vec<GlyphRun>,
) {
    let font = usize::try_from(run.font().data.id()).unwrap_or(usize::MAX);
    let size = run.font_size();
    let mut clusters: Vec<(Range<usize>, Cluster<'_, StyleIndex>)> = Vec::new();
    for cluster in run.clusters() {
        let range = cluster.text_range();
        match clusters.last_mut() {
            Some(last) if cluster.is_ligature_continuation() => last.0.end = range.end,
            _ if text.get(range.clone()) == Some("\n") => {}
            _ => clusters.push((range, cluster)),
        }
    }
    if run.is_rtl() {
        clusters.reverse();
    }
    for (range, cluster) in clusters {
        let style = layout
            .styles()
            .get(usize::from(cluster.style_index()))
            .map_or(0, |style| usize::from(style.brush.0));
        let fits =
            |last: &&mut GlyphRun| last.font == font && last.style == style && last.x + last.width == x;
        if into.last_mut().filter(fits).is_none() {
            into.push(GlyphRun { font, style, x, width: 0.0, glyphs: Vec::new() });
        }
        let Some(last) = into.last_mut() else { return };
        for glyph in cluster.glyphs() {
            let (advance, right, down) = (glyph.advance / size, glyph.x / size, glyph.y / size);
            let id = GlyphId::new(glyph.id);
            last.glyphs.push(KrillaGlyph::new(id, advance, right, -down, 0.0, range.clone(), None));
            last.width += glyph.advance;
        }
        x = last.x + last.width;
    }
}
