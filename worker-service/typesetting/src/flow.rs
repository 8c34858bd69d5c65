//! Converts blocks to strips, the units that are later distributed over pages. All lengths are in points.

use std::num::NonZeroU16;

use crate::{
    blocks::{Block, Callout, Color, Heading, Level, Paragraph, Span},
    document::Direction,
    fonts::{self, Shaper},
    lines::Line,
    shape::{self, Shaped},
    strips::{Area, Header, Item, Mark, Panel, Strip},
    tree::{Part, Role, Tree},
};

/// Default space between paragraphs.
pub(crate) const BETWEEN_PARAGRAPHS: f32 = 9.0;
/// Default space between other blocks.
pub(crate) const BETWEEN_BLOCKS: f32 = 12.0;
/// Space between the lines of a paragraph, as a fraction of its font size.
pub(crate) const LEADING: f32 = 0.62;
/// Indentation of the text of a list item.
const BULLET: f32 = 11.0;

/// The place in which blocks are laid out: the distance from the start edge, the width, the index of the
/// panel, and the parent in the structure tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) x: f32,
    pub(crate) width: f32,
    pub(crate) panel: Option<usize>,
    pub(crate) part: Option<Part>,
}

/// A layout under construction: the strips of a document, and the panels, table headers and headings to which
/// they refer by index.
pub(crate) struct Flow<'a> {
    pub(crate) tree: &'a mut Tree,
    pub(crate) shaper: &'a mut Shaper,
    pub(crate) direction: Direction,
    pub(crate) strips: Vec<Strip>,
    pub(crate) panels: Vec<Panel>,
    pub(crate) headers: Vec<Header>,
    pub(crate) marks: Vec<Mark>,
    /// The space below that the last block requests; `None` at the top of the document or of a panel.
    below: Option<f32>,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(tree: &'a mut Tree, shaper: &'a mut Shaper, direction: Direction) -> Self {
        Self {
            tree,
            shaper,
            direction,
            strips: Vec::new(),
            panels: Vec::new(),
            headers: Vec::new(),
            marks: Vec::new(),
            below: None,
        }
    }

    /// Adds the strips of `blocks`.
    pub(crate) fn blocks(&mut self, blocks: &[Block], place: Place) {
        for block in blocks {
            match block {
                Block::Heading(heading) => self.heading(heading, place),
                Block::Paragraph(paragraph) => {
                    let part = self.tree.add(Role::Paragraph, place.part);
                    self.paragraph(paragraph, place, part);
                }
                Block::List(items) => self.list(items, place),
                Block::Quote(paragraph) => self.quote(paragraph, place),
                Block::Facts(facts) => self.facts(facts, place),
                Block::Grid(grid) => self.grid(grid, place),
                Block::Callout(callout) => self.callout(callout, place),
                Block::Table(table) => self.table(table, place),
                Block::Chart(chart) => self.chart(chart, place),
                Block::Group(blocks) => {
                    let first = self.strips.len();
                    self.blocks(blocks, place);
                    self.bind(first);
                }
                Block::Space(height) => self.below = Some(self.below.unwrap_or_default() + height),
            }
        }
    }

    /// Binds all strips from the index `first` into a group, which is kept on one page if it fits on one.
    pub(crate) fn bind(&mut self, first: usize) {
        let until = self.strips.len().saturating_sub(1).max(first);
        for strip in self.strips.get_mut(first..until).unwrap_or_default() {
            strip.bound = true;
        }
    }

    /// Returns the space above a block that requests `above`: the larger of this and the space that the
    /// previous block requests below. Remembers `below` for the next block.
    pub(crate) fn space(&mut self, above: f32, below: f32) -> f32 {
        let space = self.below.map_or(0.0, |last| last.max(above));
        self.below = Some(below);
        space
    }

    /// Shapes `paragraph`, whose links become parts of `part`.
    pub(crate) fn shaped(&mut self, paragraph: &Paragraph, part: Part) -> Shaped {
        Shaped::new(paragraph, self.direction, Some(part), self.tree, self.shaper)
    }

    /// Breaks `paragraph` into lines of this `width` and returns each with the space above it. Its links
    /// become parts of `part`.
    pub(crate) fn lines(&mut self, paragraph: &Paragraph, width: f32, part: Part) -> Vec<(f32, Line)> {
        if paragraph.spans.iter().all(|span| span.text.is_empty()) {
            return Vec::new();
        }
        let mut shaped = self.shaped(paragraph, part);
        with_leading(shaped.lines(width), paragraph)
    }

    /// Adds a paragraph as content of `part`. Returns the index of its first strip.
    pub(crate) fn paragraph(&mut self, paragraph: &Paragraph, place: Place, part: Part) -> usize {
        let first = self.strips.len();
        let lines = self.lines(paragraph, place.width, part);
        if lines.is_empty() {
            return first;
        }
        let above = paragraph.above.unwrap_or(BETWEEN_PARAGRAPHS);
        let space = self.space(above, paragraph.below.unwrap_or(BETWEEN_PARAGRAPHS));
        let count = lines.len();
        for (index, (leading, line)) in lines.into_iter().enumerate() {
            // A broken paragraph has at least two lines on each page (no widows or orphans).
            let keep =
                if index + 1 == count { paragraph.keep_with_next } else { index == 0 || index + 2 == count };
            self.strips.push(Strip {
                gap: if index == 0 { space } else { leading },
                height: line.height,
                keep,
                panel: place.panel,
                items: vec![Item::Text { line, x: place.x, y: 0.0, width: place.width, part }],
                ..Strip::default()
            });
        }
        first
    }

    fn heading(&mut self, heading: &Heading, place: Place) {
        let text = fonts::drawable(&heading.text).replace('\n', " ");
        let said = fonts::described(&text);
        let (role, size, above, below) = match heading.level {
            Level::Title => (Role::Title, 24.0, 16.0, 18.0),
            Level::Section => (Role::Heading(NonZeroU16::MIN, said.clone()), 14.0, 24.0, 9.5),
            Level::Subsection => {
                (Role::Heading(NonZeroU16::MIN.saturating_add(1), said.clone()), 11.0, 14.0, 7.0)
            }
        };
        let part = self.tree.add(role, place.part);
        let paragraph = Paragraph {
            keep_with_next: true,
            ..Paragraph::from_spans(vec![Span::new(&text).bold().size(size)])
                .by_first_letter()
                .spaced(above, below)
        };
        let first = self.paragraph(&paragraph, place, part);
        for strip in self.strips.get_mut(first..).unwrap_or_default() {
            strip.keep = true;
        }
        if heading.level == Level::Section
            && let Some(last) = self.strips.get_mut(first..).and_then(<[Strip]>::last_mut)
        {
            let area = Area { x: place.x, y: last.height + 5.0, width: place.width, height: 1.0 };
            last.items.push(Item::Fill { area, color: Color::RULE, part: None });
            last.height += 6.0;
        }
        if let Some(strip) = self.strips.get_mut(first) {
            strip.heading = Some(self.marks.len());
            self.marks.push(Mark { level: heading.level, text: said, anchor: heading.anchor.clone() });
        }
    }

    fn list(&mut self, items: &[Paragraph], place: Place) {
        let list = self.tree.add(Role::List, place.part);
        let mut last = None;
        for item in items {
            let part = self.tree.add(Role::Item, Some(list));
            let label = self.tree.add(Role::Label, Some(part));
            let body = self.tree.add(Role::Body, Some(part));
            let tight = LEADING * size_of(item);
            let item = Paragraph {
                above: item.above.or(last.map(|()| tight)),
                below: item.below.or(Some(tight)),
                ..item.clone()
            };
            let inner = Place { x: place.x + BULLET, width: place.width - BULLET, ..place };
            let first = self.paragraph(&item, inner, body);
            let bullet = Paragraph::from_spans(vec![Span::new("•").size(size_of(&item))]);
            let lines = self.lines(&bullet, BULLET, label);
            if let (Some(strip), Some((_, line))) = (self.strips.get_mut(first), lines.into_iter().next()) {
                let bullet = Item::Text { line, x: place.x, y: 0.0, width: BULLET, part: label };
                strip.items.insert(0, bullet);
                last = Some(());
            }
        }
        if last.is_some() {
            self.below = Some(BETWEEN_PARAGRAPHS);
        }
    }

    fn quote(&mut self, paragraph: &Paragraph, place: Place) {
        let part = self.tree.add(Role::Quote, place.part);
        let bar = Callout {
            fill: None,
            stroke: None,
            bar: Some((2.0, Color::RULE)),
            inset: (10.0, 2.5),
            blocks: vec![],
        };
        let (above, below) = (paragraph.above.unwrap_or(7.0), paragraph.below.unwrap_or(7.0));
        let against = shape::runs(paragraph, self.direction) != self.direction;
        self.on_panel(&bar, place, (above, below), |flow, place| {
            flow.panels.last_mut().into_iter().for_each(|panel| panel.bar_at_end = against);
            let inner = flow.tree.add(Role::Paragraph, Some(part));
            flow.paragraph(&Paragraph { keep_with_next: false, ..paragraph.clone() }, place, inner);
        });
        if let Some(last) = self.strips.last_mut() {
            last.keep |= paragraph.keep_with_next;
        }
    }

    fn callout(&mut self, callout: &Callout, place: Place) {
        let part = self.tree.add(Role::Panel, place.part);
        self.on_panel(callout, place, (BETWEEN_BLOCKS, BETWEEN_BLOCKS), |flow, place| {
            flow.blocks(&callout.blocks, Place { part: Some(part), ..place });
        });
    }

    /// Adds a panel with the look of `callout`, and on it the blocks that `inside` adds. `spacing` is the
    /// space above and below the panel.
    fn on_panel(
        &mut self,
        callout: &Callout,
        place: Place,
        spacing: (f32, f32),
        inside: impl FnOnce(&mut Self, Place),
    ) {
        let panel = Some(self.panels.len());
        let Callout { fill, stroke, bar, .. } = *callout;
        self.panels.push(Panel {
            x: place.x,
            width: place.width,
            fill,
            stroke,
            bar,
            bar_at_end: false,
            around: place.panel,
        });
        let (side, end) = callout.inset;
        let gap = self.space(spacing.0, spacing.1);
        let edge = Strip { height: end, keep: true, panel, ..Strip::default() };
        self.strips.push(Strip { gap, ..edge.clone() });
        self.below = None;
        inside(self, Place { x: place.x + side, width: place.width - 2.0 * side, panel, ..place });
        if let Some(last) = self.strips.last_mut() {
            last.keep = true;
        }
        self.strips.push(Strip { keep: false, ..edge });
        self.below = Some(spacing.1);
    }
}

/// Returns `lines`, each with the space above it.
pub(crate) fn with_leading(lines: Vec<Line>, paragraph: &Paragraph) -> Vec<(f32, Line)> {
    let leading = LEADING * size_of(paragraph);
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| (if index == 0 { 0.0 } else { leading }, line))
        .collect()
}

/// Returns the font size of a paragraph's first span, or ten points without one.
fn size_of(paragraph: &Paragraph) -> f32 {
    paragraph.spans.first().map_or(10.0, |span| span.size)
}
