//! Paints strips on the pages of the PDF.

use std::collections::HashMap;

use krilla::{
    color::rgb,
    geom::{Path, PathBuilder, Point, Rect},
    num::NormalizedF32,
    paint::{Fill, Stroke, StrokeDash},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, SpanTag},
};

use crate::{
    blocks::{Color, Insets, Link, Rule},
    fonts,
    lines::{CAP_HEIGHT, GlyphRun, Line, Style},
    pages::{PlacedStrip, Position},
    shape::{BADGE_FRAME, BADGE_PADDING},
    strips::{Area, Item, Panel},
    tree::{ElementId, StructureTree},
};

/// The width of an A4 page, in points.
pub(crate) const PAGE_WIDTH: f32 = 595.28;
/// The height of an A4 page, in points.
pub(crate) const PAGE_HEIGHT: f32 = 841.89;
/// The margins of a page, in points: 22 millimetres at the top, 20 at the other edges.
pub(crate) const MARGINS: Insets = Insets { top: 62.36, end: 56.69, bottom: 56.69, start: 56.69 };
/// The width of the text area, in points.
pub(crate) const TEXT_WIDTH: f32 = PAGE_WIDTH - MARGINS.start - MARGINS.end;
/// The height of the text area, in points.
pub(crate) const TEXT_HEIGHT: f32 = PAGE_HEIGHT - MARGINS.top - MARGINS.bottom;
/// Distance that the area of a link extends above the capitals and below the baseline of its text, in points.
const LINK_PADDING: f32 = 2.5;

/// Maximum length of the URL of a link, in bytes. The standards limit strings to 32,767 bytes, and
/// percent-encoding may turn each byte into three.
const URL_MAX: usize = 10_000;

/// The area of a page that is a link.
pub(crate) struct LinkArea {
    pub(crate) rect: Rect,
    pub(crate) link: Link,
    pub(crate) element: ElementId,
    /// The text of the link.
    pub(crate) text: String,
}

/// The painter of one page.
pub(crate) struct Painter<'p, 's> {
    pub(crate) surface: &'p mut Surface<'s>,
    pub(crate) tree: &'p mut StructureTree,
    /// The index of the page, from zero.
    pub(crate) page: usize,
    pub(crate) mirrored: bool,
    /// The positions of the anchors.
    pub(crate) anchors: &'p HashMap<String, Position>,
    /// The links painted so far. Their annotations are added after the page is painted.
    pub(crate) links: Vec<LinkArea>,
}

impl Painter<'_, '_> {
    /// Paints the strips of a page.
    pub(crate) fn strips(&mut self, strips: &[PlacedStrip<'_>], panels: &[Panel]) {
        for (panel, top, bottom) in extents(strips, panels) {
            self.panel(panel, MARGINS.top + top, bottom - top);
        }
        for placed in strips {
            let top = MARGINS.top + placed.y;
            if placed.repeated {
                self.artifact(ArtifactType::PaginationOther, |painter| {
                    painter.repeat(&placed.strip.items, top);
                });
                continue;
            }
            placed.strip.elements.iter().for_each(|element| self.tree.place(*element));
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
            line.runs.iter().for_each(|run| painter.glyphs(line, run, x, area.y));
        });
    }

    fn item(&mut self, item: &Item, top: f32) {
        match item {
            Item::Fill { area, color, element: None } => {
                self.artifact(ArtifactType::Layout, |painter| painter.fill(*area, top, *color));
            }
            Item::Fill { area, color, element: Some(element) } => {
                self.content(*element, |painter| painter.fill(*area, top, *color));
                self.extend_bounds(*element, *area, top);
            }
            Item::Stroke { points, rule, dash, element } => {
                let Some(path) = self.path(points, top) else { return };
                self.content(*element, |painter| painter.stroke(&path, rule.width, rule.color, *dash));
                if let Some(area) = area_around(points) {
                    self.extend_bounds(*element, area, top);
                }
            }
            Item::Text { line, x, y, width, element } => {
                self.extend_bounds(*element, Area { x: *x, y: *y, width: *width, height: line.height }, top);
                let x = self.x(*x, *width);
                self.badges(line, x, top + y);
                self.text(line, x, top + y, *element);
            }
        }
    }

    /// Paints a line as content of `element`. Each link in it is content of its own element.
    fn text(&mut self, line: &Line, x: f32, y: f32, element: ElementId) {
        for runs in line.runs.chunk_by(|one, next| one.style == next.style) {
            let Some(first) = runs.first() else { continue };
            let link = line.styles.get(first.style).and_then(|style| style.link.clone());
            let link = link.filter(|(link, _)| match link {
                Link::Anchor(anchor) => self.anchors.contains_key(anchor),
                Link::Url(url) => !url.is_empty() && url.len() <= URL_MAX,
            });
            self.content(link.as_ref().map_or(element, |(_, element)| *element), |painter| {
                runs.iter().for_each(|run| painter.glyphs(line, run, x, y));
            });
            let (left, right) = edges(runs);
            let (top, bottom) = (y - LINK_PADDING, y + line.height + LINK_PADDING);
            if let (Some((link, element)), Some(rect)) =
                (link, Rect::from_ltrb(x + left, top, x + right, bottom))
            {
                let text = runs.iter().filter_map(|run| line.text.get(run.range())).collect();
                self.links.push(LinkArea { rect, link, element, text });
            }
        }
    }

    /// Paints the frames around badges.
    fn badges(&mut self, line: &Line, x: f32, y: f32) {
        for runs in line.runs.chunk_by(|one, next| one.style == next.style) {
            let style = runs.first().and_then(|first| line.styles.get(first.style));
            let Some(style) = style.filter(|style| style.badge) else { continue };
            let (left, right) = edges(runs);
            let height = CAP_HEIGHT * style.size;
            let top = y + line.height - height - BADGE_FRAME;
            let (left, right) = (x + left - BADGE_PADDING, x + right + BADGE_PADDING);
            if let Some(path) = rounded(left, top, right, top + height + 2.0 * BADGE_FRAME, 1.5) {
                let color = style.color;
                self.artifact(ArtifactType::Layout, |painter| painter.stroke(&path, 0.8, color, None));
            }
        }
    }

    /// Paints the items of a repeated table header, without tags.
    fn repeat(&mut self, items: &[Item], top: f32) {
        for item in items {
            match item {
                Item::Fill { area, color, .. } => self.fill(*area, top, *color),
                Item::Stroke { points, rule, dash, .. } => {
                    if let Some(path) = self.path(points, top) {
                        self.stroke(&path, rule.width, rule.color, *dash);
                    }
                }
                Item::Text { line, x, y, width, .. } => {
                    let x = self.x(*x, *width);
                    line.runs.iter().for_each(|run| self.glyphs(line, run, x, top + y));
                }
            }
        }
    }

    fn panel(&mut self, panel: &Panel, top: f32, height: f32) {
        let whole = Area { x: panel.x, y: 0.0, width: panel.width, height };
        if let Some(color) = panel.fill {
            self.artifact(ArtifactType::Layout, |painter| painter.fill(whole, top, color));
        }
        if let Some(Rule { width, color }) = panel.bar {
            let x = if panel.bar_at_end { panel.x + panel.width - width } else { panel.x };
            let bar = Area { x, width, ..whole };
            self.artifact(ArtifactType::Layout, |painter| painter.fill(bar, top, color));
        }
        if let (Some(Rule { width, color }), Some(rect)) = (panel.border, self.rect(whole, top)) {
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            if let Some(path) = path.finish() {
                self.artifact(ArtifactType::Layout, |painter| painter.stroke(&path, width, color, None));
            }
        }
    }

    fn fill(&mut self, area: Area, top: f32, color: Color) {
        let mut path = PathBuilder::new();
        self.rect(area, top).into_iter().for_each(|rect| path.push_rect(rect));
        if let Some(path) = path.finish() {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(fill_of(color)));
            self.surface.draw_path(&path);
        }
    }

    /// Strokes a path. `dash` is the length of dashes and gaps.
    fn stroke(&mut self, path: &Path, width: f32, color: Color, dash: Option<f32>) {
        let dash = dash.map(|length| StrokeDash { array: vec![length, length], offset: 0.0 });
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke { paint: srgb(color).into(), width, dash, ..Stroke::default() }));
        self.surface.draw_path(path);
        self.surface.set_stroke(None);
    }

    fn glyphs(&mut self, line: &Line, run: &GlyphRun, x: f32, y: f32) {
        let style = line.styles.get(run.style);
        if let (Some(Style { size, color, .. }), Some(font)) = (style, fonts::face(run.font)) {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(fill_of(*color)));
            let start = Point::from_xy(x + run.x, y + line.height);
            self.surface.draw_glyphs(start, &run.glyphs, font, &line.text, *size, false);
        }
    }

    /// Tags what `paint` draws as content of `element`.
    fn content(&mut self, element: ElementId, paint: impl FnOnce(&mut Self)) {
        let identifier = self.surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        paint(self);
        self.surface.end_tagged();
        self.tree.content(element, identifier);
    }

    /// Tags what `paint` draws as an artifact, which is not content of the document.
    fn artifact(&mut self, kind: ArtifactType, paint: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
        paint(self);
        self.surface.end_tagged();
    }

    /// Extends the bounding box of an element by `area`.
    fn extend_bounds(&mut self, element: ElementId, area: Area, top: f32) {
        if let Some(rect) = self.rect(area, top) {
            self.tree.extend_bounds(element, self.page, rect);
        }
    }

    /// Returns the distance from the left edge of the page to that of a box, in points. `x` is the distance
    /// of the box from the start edge of the text area.
    fn x(&self, x: f32, width: f32) -> f32 {
        MARGINS.start + if self.mirrored { TEXT_WIDTH - x - width } else { x }
    }

    /// Returns the line through `points`.
    fn path(&self, points: &[(f32, f32)], top: f32) -> Option<Path> {
        let mut path = PathBuilder::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.x(*x, 0.0), top + y);
            if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        path.finish()
    }

    fn rect(&self, area: Area, top: f32) -> Option<Rect> {
        Rect::from_xywh(self.x(area.x, area.width), top + area.y, area.width, area.height)
    }
}

/// Returns the panels of a page with their top and bottom, outer panels first.
fn extents<'a>(strips: &[PlacedStrip<'_>], panels: &'a [Panel]) -> Vec<(&'a Panel, f32, f32)> {
    let mut extents: Vec<(usize, f32, f32)> = Vec::new();
    for PlacedStrip { strip, y, .. } in strips {
        let mut next = strip.panel;
        while let Some(number) = next {
            match extents.iter_mut().find(|extent| extent.0 == number) {
                Some(extent) => extent.2 = y + strip.height,
                None => extents.push((number, *y, y + strip.height)),
            }
            next = panels.get(number).and_then(|panel| panel.outer);
        }
    }
    extents.sort_by_key(|extent| extent.0);
    extents.into_iter().filter_map(|(number, top, bottom)| Some((panels.get(number)?, top, bottom))).collect()
}

/// Returns the smallest area that contains all `points`, or `None` without points.
fn area_around(points: &[(f32, f32)]) -> Option<Area> {
    let (x, y) = *points.first()?;
    let edges = points.iter().fold((x, y, x, y), |(left, top, right, bottom), (x, y)| {
        (left.min(*x), top.min(*y), right.max(*x), bottom.max(*y))
    });
    let (left, top, right, bottom) = edges;
    Some(Area { x: left, y: top, width: right - left, height: bottom - top })
}

/// Returns the left and the right edge of `runs`.
fn edges(runs: &[GlyphRun]) -> (f32, f32) {
    let left = runs.iter().map(|run| run.x).fold(f32::MAX, f32::min);
    let right = runs.iter().map(|run| run.x + run.width).fold(f32::MIN, f32::max);
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

fn fill_of(color: Color) -> Fill {
    Fill { paint: srgb(color).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}
