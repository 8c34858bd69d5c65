//! Paints strips on the pages of the PDF.

use std::collections::HashMap;

use krilla::{
    color::rgb,
    geom::{Path, PathBuilder, Point, Rect},
    num::NormalizedF32,
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, SpanTag},
};

use crate::{
    blocks::{Color, Link},
    fonts,
    lines::{Glyphs, Line, Style},
    pages::Placed,
    shape::BADGE,
    strips::{Area, Item, Panel},
    tree::{Part, Tree},
};

/// The width and height of A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.28, 841.89);
/// The margins at the sides, the top and the bottom, in points: 20, 22 and 20 millimetres.
pub(crate) const MARGIN: (f32, f32, f32) = (56.69, 62.36, 56.69);
/// The width of the text area, in points.
pub(crate) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN.0;
/// The height of the text area, in points.
pub(crate) const HEIGHT: f32 = PAGE.1 - MARGIN.1 - MARGIN.2;
/// Distance that a link reaches above the capitals and below the baseline of its text, in points.
const REACH: f32 = 2.5;

/// Maximum length of the URL of a link, in bytes. The standards limit strings to 32,767 bytes, and
/// percent-encoding may turn each byte into three.
const URL_MAX: usize = 10_000;

/// A link on a page.
pub(crate) struct Hot {
    pub(crate) rect: Rect,
    pub(crate) link: Link,
    pub(crate) part: Part,
    /// The text of the link.
    pub(crate) text: String,
}

/// The painter of one page.
pub(crate) struct Painter<'p, 's> {
    pub(crate) surface: &'p mut Surface<'s>,
    pub(crate) tree: &'p mut Tree,
    /// The index of the page, from zero.
    pub(crate) page: usize,
    pub(crate) mirrored: bool,
    /// The positions of the anchors: the page, from zero, and the distance from its top, in points.
    pub(crate) anchors: &'p HashMap<String, (usize, f32)>,
    /// The links painted so far. Their annotations are added after the page is painted.
    pub(crate) links: Vec<Hot>,
}

impl Painter<'_, '_> {
    /// Paints the strips of a page.
    pub(crate) fn strips(&mut self, strips: &[Placed<'_>], panels: &[Panel]) {
        for (panel, top, bottom) in extents(strips, panels) {
            self.panel(panel, MARGIN.1 + top, bottom - top);
        }
        for placed in strips {
            let top = MARGIN.1 + placed.y;
            if placed.repeated {
                self.artifact(ArtifactType::PaginationOther, |painter| {
                    painter.again(&placed.strip.items, top);
                });
                continue;
            }
            placed.strip.parts.iter().for_each(|part| self.tree.place(*part));
            for item in &placed.strip.items {
                self.item(item, top);
            }
        }
    }

    /// Paints a header or footer line, which is no content of the document. `area.y` is the top of its
    /// capitals.
    pub(crate) fn running(&mut self, line: &Line, kind: ArtifactType, area: Area) {
        let x = self.x(area.x, area.width);
        self.artifact(kind, |painter| {
            line.glyphs.iter().for_each(|glyphs| painter.glyphs(line, glyphs, x, area.y));
        });
    }

    fn item(&mut self, item: &Item, top: f32) {
        match item {
            Item::Fill { area, color, part: None } => {
                self.artifact(ArtifactType::Layout, |painter| painter.fill(*area, top, *color));
            }
            Item::Fill { area, color, part: Some(part) } => {
                self.content(*part, |painter| painter.fill(*area, top, *color));
                self.bound(*part, *area, top);
            }
            Item::Text { line, x, y, width, part } => {
                self.bound(*part, Area { x: *x, y: *y, width: *width, height: line.height }, top);
                let x = self.x(*x, *width);
                self.badges(line, x, top + y);
                self.text(line, x, top + y, *part);
            }
        }
    }

    /// Paints a line as content of `part`. Each link in it is content of its own part.
    fn text(&mut self, line: &Line, x: f32, y: f32, part: Part) {
        for glyphs in line.glyphs.chunk_by(|one, next| one.style == next.style) {
            let Some(first) = glyphs.first() else { continue };
            let link = line.styles.get(first.style).and_then(|style| style.link.clone());
            let link = link.filter(|(link, _)| match link {
                Link::Anchor(anchor) => self.anchors.contains_key(anchor),
                Link::Url(url) => !url.is_empty() && url.len() <= URL_MAX,
            });
            self.content(link.as_ref().map_or(part, |(_, part)| *part), |painter| {
                glyphs.iter().for_each(|glyphs| painter.glyphs(line, glyphs, x, y));
            });
            let (left, right) = ends(glyphs);
            let (top, bottom) = (y - REACH, y + line.height + REACH);
            if let (Some((link, part)), Some(rect)) =
                (link, Rect::from_ltrb(x + left, top, x + right, bottom))
            {
                let text = glyphs.iter().filter_map(|glyphs| line.text.get(glyphs.range())).collect();
                self.links.push(Hot { rect, link, part, text });
            }
        }
    }

    /// Paints the frames around badges.
    fn badges(&mut self, line: &Line, x: f32, y: f32) {
        for glyphs in line.glyphs.chunk_by(|one, next| one.style == next.style) {
            let style = glyphs.first().and_then(|first| line.styles.get(first.style));
            let Some(style) = style.filter(|style| style.badge) else { continue };
            let (left, right) = ends(glyphs);
            let height = crate::lines::CAPITALS * style.size;
            let top = y + line.height - height - 2.9;
            if let Some(path) = rounded(x + left - BADGE.0, top, x + right + BADGE.0, top + height + 5.8, 1.5)
            {
                let color = style.color;
                self.artifact(ArtifactType::Layout, |painter| painter.stroke(&path, 0.8, color));
            }
        }
    }

    /// Paints the items of a repeated table header, without tags.
    fn again(&mut self, items: &[Item], top: f32) {
        for item in items {
            match item {
                Item::Fill { area, color, .. } => self.fill(*area, top, *color),
                Item::Text { line, x, y, width, .. } => {
                    let x = self.x(*x, *width);
                    line.glyphs.iter().for_each(|glyphs| self.glyphs(line, glyphs, x, top + y));
                }
            }
        }
    }

    fn panel(&mut self, panel: &Panel, top: f32, height: f32) {
        let whole = Area { x: panel.x, y: 0.0, width: panel.width, height };
        if let Some(color) = panel.fill {
            self.artifact(ArtifactType::Layout, |painter| painter.fill(whole, top, color));
        }
        if let Some((width, color)) = panel.bar {
            let x = if panel.bar_at_end { panel.x + panel.width - width } else { panel.x };
            let bar = Area { x, width, ..whole };
            self.artifact(ArtifactType::Layout, |painter| painter.fill(bar, top, color));
        }
        if let (Some((width, color)), Some(rect)) = (panel.stroke, self.rect(whole, top)) {
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            if let Some(path) = path.finish() {
                self.artifact(ArtifactType::Layout, |painter| painter.stroke(&path, width, color));
            }
        }
    }

    fn fill(&mut self, area: Area, top: f32, color: Color) {
        let mut path = PathBuilder::new();
        self.rect(area, top).into_iter().for_each(|rect| path.push_rect(rect));
        if let Some(path) = path.finish() {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(paint(color)));
            self.surface.draw_path(&path);
        }
    }

    fn stroke(&mut self, path: &Path, width: f32, color: Color) {
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke { paint: srgb(color).into(), width, ..Stroke::default() }));
        self.surface.draw_path(path);
        self.surface.set_stroke(None);
    }

    fn glyphs(&mut self, line: &Line, glyphs: &Glyphs, x: f32, y: f32) {
        let style = line.styles.get(glyphs.style);
        if let (Some(Style { size, color, .. }), Some(font)) = (style, fonts::face(glyphs.font)) {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(paint(*color)));
            let start = Point::from_xy(x + glyphs.x, y + line.height);
            self.surface.draw_glyphs(start, &glyphs.glyphs, font, &line.text, *size, false);
        }
    }

    /// Tags what `paint` draws as content of `part`.
    fn content(&mut self, part: Part, paint: impl FnOnce(&mut Self)) {
        let identifier = self.surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        paint(self);
        self.surface.end_tagged();
        self.tree.content(part, identifier);
    }

    /// Tags what `paint` draws as an artifact, which is not content of the document.
    fn artifact(&mut self, kind: ArtifactType, paint: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
        paint(self);
        self.surface.end_tagged();
    }

    /// Extends the bounding box of a part by `area`.
    fn bound(&mut self, part: Part, area: Area, top: f32) {
        if let Some(rect) = self.rect(area, top) {
            self.tree.bound(part, self.page, rect);
        }
    }

    /// Returns the distance from the left edge of the page to that of a box, in points. `x` is the distance
    /// of the box from the start edge of the text area.
    fn x(&self, x: f32, width: f32) -> f32 {
        MARGIN.0 + if self.mirrored { WIDTH - x - width } else { x }
    }

    fn rect(&self, area: Area, top: f32) -> Option<Rect> {
        Rect::from_xywh(self.x(area.x, area.width), top + area.y, area.width, area.height)
    }
}

/// Returns the panels of a page with their top and bottom, outer panels first.
fn extents<'a>(strips: &[Placed<'_>], panels: &'a [Panel]) -> Vec<(&'a Panel, f32, f32)> {
    let mut extents: Vec<(usize, f32, f32)> = Vec::new();
    for Placed { strip, y, .. } in strips {
        let mut next = strip.panel;
        while let Some(number) = next {
            match extents.iter_mut().find(|extent| extent.0 == number) {
                Some(extent) => extent.2 = y + strip.height,
                None => extents.push((number, *y, y + strip.height)),
            }
            next = panels.get(number).and_then(|panel| panel.around);
        }
    }
    extents.sort_by_key(|extent| extent.0);
    extents.into_iter().filter_map(|(number, top, bottom)| Some((panels.get(number)?, top, bottom))).collect()
}

/// Returns the left and the right edge of `glyphs`.
fn ends(glyphs: &[Glyphs]) -> (f32, f32) {
    let left = glyphs.iter().map(|glyphs| glyphs.x).fold(f32::MAX, f32::min);
    let right = glyphs.iter().map(|glyphs| glyphs.x + glyphs.width).fold(f32::MIN, f32::max);
    (left, right)
}

fn rounded(left: f32, top: f32, right: f32, bottom: f32, radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.quad_to(right, top, right, top + radius);
    path.line_to(right, bottom - radius);
    path.quad_to(right, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.quad_to(left, bottom, left, bottom - radius);
    path.line_to(left, top + radius);
    path.quad_to(left, top, left + radius, top);
    path.close();
    path.finish()
}

fn srgb(color: Color) -> rgb::Color {
    rgb::Color::new(color.red, color.green, color.blue)
}

fn paint(color: Color) -> Fill {
    Fill { paint: srgb(color).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}
