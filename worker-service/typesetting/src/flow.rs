//! Converts blocks to strips, the units that are later distributed over pages. All lengths are in points.

use std::num::NonZeroU16;

use crate::{
    blocks::{Block, Callout, Color, Heading, Insets, Level, Paragraph, Rule, Span},
    document::Direction,
    fonts::{self, Shaper},
    lines::Line,
    shape::{self, BADGE_FRAME, Shaped},
    strips::{Area, Header, HeadingTarget, Item, Panel, Strip},
    tree::{ElementId, Role, StructureTree},
};

/// Default space between paragraphs.
pub(crate) const BETWEEN_PARAGRAPHS: f32 = 9.0;
/// Default space between other blocks.
pub(crate) const BETWEEN_BLOCKS: f32 = 12.0;
/// Space between the lines of a paragraph, as a fraction of its font size.
pub(crate) const LEADING: f32 = 0.62;
/// Space above and below a quotation.
const BESIDE_QUOTE: f32 = 7.0;
/// Indentation of the text of a list item.
const BULLET: f32 = 11.0;
/// Indentation of the text of a numbered list item.
const NUMBER: f32 = 17.0;
/// Length of a title from which on it is set in smaller letters, if it is compact, in characters.
const LONG_TITLE: usize = 60;

/// The column in which blocks are laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container {
    /// The distance from the start edge of the text area.
    pub(crate) x: f32,
    pub(crate) width: f32,
    /// The index of the panel behind it.
    pub(crate) panel: Option<usize>,
    /// The parent of the blocks in the structure tree.
    pub(crate) parent: Option<ElementId>,
}

/// A layout under construction: the strips of a document, and the panels, table headers and headings to which
/// they refer by index.
pub(crate) struct Flow<'a> {
    pub(crate) tree: &'a mut StructureTree,
    pub(crate) shaper: &'a mut Shaper,
    pub(crate) direction: Direction,
    pub(crate) strips: Vec<Strip>,
    pub(crate) panels: Vec<Panel>,
    pub(crate) headers: Vec<Header>,
    pub(crate) headings: Vec<HeadingTarget>,
    /// The indices of the strips that begin a page in any case.
    page_breaks: Vec<usize>,
    /// The space below that the last block requests; `None` at the top of the document or of a panel.
    below: Option<f32>,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(tree: &'a mut StructureTree, shaper: &'a mut Shaper, direction: Direction) -> Self {
        Self {
            tree,
            shaper,
            direction,
            strips: Vec::new(),
            panels: Vec::new(),
            headers: Vec::new(),
            headings: Vec::new(),
            page_breaks: Vec::new(),
            below: None,
        }
    }

    /// Marks the strips that begin a page in any case, once all blocks are added.
    pub(crate) fn break_pages(&mut self) {
        for index in self.page_breaks.drain(..) {
            if let Some(strip) = self.strips.get_mut(index) {
                strip.begins_page = true;
            }
        }
    }

    /// Adds the strips of `blocks`.
    pub(crate) fn blocks(&mut self, blocks: &[Block], container: Container) {
        for block in blocks {
            match block {
                Block::Heading(heading) => self.heading(heading, container),
                Block::Paragraph(paragraph) => {
                    let element = self.tree.add(Role::Paragraph, container.parent);
                    self.paragraph(paragraph, container, element);
                }
                Block::List(items) => self.list(items, false, container),
                Block::NumberedList(items) => self.list(items, true, container),
                Block::Quote(paragraph) => self.quote(paragraph, container),
                Block::Facts(facts) => self.facts(facts, container),
                Block::Grid(grid) => self.grid(grid, container),
                Block::Callout(callout) => self.callout(callout, container),
                Block::Table(table) => self.table(table, container),
                Block::Chart(chart) => self.chart(chart, container),
                Block::LineChart(chart) => self.line_chart(chart, container),
                Block::Group(blocks) => {
                    let first = self.strips.len();
                    self.blocks(blocks, container);
                    self.keep_together(first);
                }
                Block::PageBreak => self.page_breaks.push(self.strips.len()),
                Block::Space(height) => self.below = Some(self.below.unwrap_or_default() + height),
            }
        }
    }

    /// Groups all strips from the index `first`: the group is kept on one page if it fits on one.
    pub(crate) fn keep_together(&mut self, first: usize) {
        let until = self.strips.len().saturating_sub(1).max(first);
        for strip in self.strips.get_mut(first..until).unwrap_or_default() {
            strip.grouped_with_next = true;
        }
    }

    /// Returns the space above a block that requests `above`: the larger of this and the space that the
    /// previous block requests below. Remembers `below` for the next block.
    pub(crate) fn space(&mut self, above: f32, below: f32) -> f32 {
        let space = self.below.map_or(0.0, |last| last.max(above));
        self.below = Some(below);
        space
    }

    /// Shapes `paragraph`, whose links become children of `element`.
    pub(crate) fn shaped(&mut self, paragraph: &Paragraph, element: ElementId) -> Shaped {
        Shaped::new(paragraph, self.direction, Some(element), self.tree, self.shaper)
    }

    /// Breaks `paragraph` into lines of this `width` and returns each with the space above it. Its links
    /// become children of `element`.
    pub(crate) fn lines(
        &mut self,
        paragraph: &Paragraph,
        width: f32,
        element: ElementId,
    ) -> Vec<(f32, Line)> {
        if paragraph.spans.iter().all(|span| span.text.is_empty()) {
            return Vec::new();
        }
        let mut shaped = self.shaped(paragraph, element);
        with_leading(shaped.lines(width), paragraph)
    }

    /// Adds a paragraph as content of `element`. Returns the index of its first strip.
    pub(crate) fn paragraph(
        &mut self,
        paragraph: &Paragraph,
        container: Container,
        element: ElementId,
    ) -> usize {
        let first = self.strips.len();
        let lines = self.lines(paragraph, container.width, element);
        if lines.is_empty() {
            return first;
        }
        let above = paragraph.space_above.unwrap_or(BETWEEN_PARAGRAPHS);
        let space = self.space(above, paragraph.space_below.unwrap_or(BETWEEN_PARAGRAPHS));
        let count = lines.len();
        for (index, (leading, line)) in lines.into_iter().enumerate() {
            // A broken paragraph has at least two lines on each page (no widows or orphans).
            let keep =
                if index + 1 == count { paragraph.keep_with_next } else { index == 0 || index + 2 == count };
            self.strips.push(Strip {
                gap: if index == 0 { space } else { leading },
                height: line.height,
                keep_with_next: keep,
                panel: container.panel,
                items: vec![Item::Text { line, x: container.x, y: 0.0, width: container.width, element }],
                ..Strip::default()
            });
        }
        first
    }

    fn heading(&mut self, heading: &Heading, container: Container) {
        let text = fonts::drawable(&heading.text).replace('\n', " ");
        let said = fonts::described(&text);
        let (role, size, above, below) = match heading.level {
            Level::Title if heading.compact && text.chars().count() > LONG_TITLE => {
                (Role::Title, 15.0, 12.0, 8.0)
            }
            Level::Title if heading.compact => (Role::Title, 24.0, 14.0, 10.0),
            Level::Title => (Role::Title, 24.0, 16.0, 18.0),
            Level::Section if heading.compact => {
                (Role::Heading(NonZeroU16::MIN, said.clone()), 11.5, 15.0, 8.0)
            }
            Level::Section => (Role::Heading(NonZeroU16::MIN, said.clone()), 14.0, 24.0, 9.5),
            Level::Subsection => {
                (Role::Heading(NonZeroU16::MIN.saturating_add(1), said.clone()), 11.0, 14.0, 7.0)
            }
        };
        let element = self.tree.add(role, container.parent);
        let paragraph = Paragraph {
            keep_with_next: true,
            ..Paragraph::from_spans(vec![Span::new(&text).bold().size(size)])
                .by_first_letter()
                .spaced(above, below)
        };
        let first = self.paragraph(&paragraph, container, element);
        for strip in self.strips.get_mut(first..).unwrap_or_default() {
            strip.keep_with_next = true;
        }
        if heading.level == Level::Section
            && !heading.compact
            && let Some(last) = self.strips.get_mut(first..).and_then(<[Strip]>::last_mut)
        {
            let area = Area { x: container.x, y: last.height + 5.0, width: container.width, height: 1.0 };
            last.items.push(Item::Fill { area, color: Color::RULE, element: None });
            last.height += 6.0;
        }
        if let Some(strip) = self.strips.get_mut(first) {
            strip.heading = Some(self.headings.len());
            self.headings.push(HeadingTarget {
                level: heading.level,
                text: said,
                anchor: heading.anchor.clone(),
            });
        }
    }

    fn list(&mut self, items: &[Paragraph], numbered: bool, container: Container) {
        let (role, indent) = if numbered { (Role::NumberedList, NUMBER) } else { (Role::List, BULLET) };
        let list = self.tree.add(role, container.parent);
        let mut last = None;
        for (index, item) in items.iter().enumerate() {
            let element = self.tree.add(Role::Item, Some(list));
            let label = self.tree.add(Role::Label, Some(element));
            let body = self.tree.add(Role::Body, Some(element));
            let tight = LEADING * size_of(item);
            let item = Paragraph {
                space_above: item.space_above.or(last.map(|()| tight)),
                space_below: item.space_below.or(Some(tight)),
                ..item.clone()
            };
            let inner = Container { x: container.x + indent, width: container.width - indent, ..container };
            let first = self.paragraph(&item, inner, body);
            let mark = if numbered { format!("{}.", index + 1) } else { "•".to_owned() };
            let bullet = Paragraph::from_spans(vec![Span::new(mark).size(size_of(&item))]);
            let lines = self.lines(&bullet, indent, label);
            if let (Some(strip), Some((_, line))) = (self.strips.get_mut(first), lines.into_iter().next()) {
                let bullet = Item::Text { line, x: container.x, y: 0.0, width: indent, element: label };
                strip.items.insert(0, bullet);
                last = Some(());
            }
            // A list does not begin with one item at the end of a page.
            if index == 0
                && items.len() > 1
                && let Some(strip) = self.strips.last_mut()
            {
                strip.keep_with_next = true;
            }
        }
        if last.is_some() {
            self.below = Some(BETWEEN_PARAGRAPHS);
        }
    }

    fn quote(&mut self, paragraph: &Paragraph, container: Container) {
        let element = self.tree.add(Role::Quote, container.parent);
        let bar = Callout {
            fill: None,
            border: None,
            bar: Some(Rule { width: 2.0, color: Color::RULE }),
            padding: Insets::symmetric(2.5, 10.0),
            blocks: vec![],
        };
        let above = paragraph.space_above.unwrap_or(BESIDE_QUOTE);
        let below = paragraph.space_below.unwrap_or(BESIDE_QUOTE);
        let against = shape::direction_of(paragraph, self.direction) != self.direction;
        self.on_panel(&bar, container, above, below, |flow, container| {
            flow.panels.last_mut().into_iter().for_each(|panel| panel.bar_at_end = against);
            let inner = flow.tree.add(Role::Paragraph, Some(element));
            flow.paragraph(&Paragraph { keep_with_next: false, ..paragraph.clone() }, container, inner);
        });
        if let Some(last) = self.strips.last_mut() {
            last.keep_with_next |= paragraph.keep_with_next;
        }
    }

    fn callout(&mut self, callout: &Callout, container: Container) {
        let element = self.tree.add(Role::Panel, container.parent);
        self.on_panel(callout, container, BETWEEN_BLOCKS, BETWEEN_BLOCKS, |flow, container| {
            flow.blocks(&callout.blocks, Container { parent: Some(element), ..container });
        });
    }

    /// Adds a panel with the look of `callout`, and on it the blocks that `inside` adds. `above` and `below`
    /// are the spaces around the panel.
    fn on_panel(
        &mut self,
        callout: &Callout,
        container: Container,
        above: f32,
        below: f32,
        inside: impl FnOnce(&mut Self, Container),
    ) {
        let panel = Some(self.panels.len());
        let Callout { fill, border, bar, padding, .. } = *callout;
        self.panels.push(Panel {
            x: container.x,
            width: container.width,
            fill,
            border,
            bar,
            bar_at_end: false,
            outer: container.panel,
        });
        let gap = self.space(above, below);
        let edge = Strip { height: padding.top, keep_with_next: true, panel, ..Strip::default() };
        self.strips.push(Strip { gap, ..edge.clone() });
        self.below = None;
        inside(
            self,
            Container {
                x: container.x + padding.start,
                width: container.width - padding.horizontal(),
                panel,
                ..container
            },
        );
        if let Some(last) = self.strips.last_mut() {
            last.keep_with_next = true;
        }
        self.strips.push(Strip { height: padding.bottom, keep_with_next: false, ..edge });
        self.below = Some(below);
    }
}

/// Returns `lines`, each with the space above it.
pub(crate) fn with_leading(lines: Vec<Line>, paragraph: &Paragraph) -> Vec<(f32, Line)> {
    let leading = LEADING * size_of(paragraph);
    let has_badge = paragraph.spans.first().is_some_and(|span| span.badge);
    let above = |index| match index {
        0 => 0.0,
        // The frame of a badge reaches below its line.
        1 if has_badge => leading + BADGE_FRAME,
        _ => leading,
    };
    lines.into_iter().enumerate().map(|(index, line)| (above(index), line)).collect()
}

/// Returns the font size of a paragraph's first span that is not a badge, or ten points without one.
fn size_of(paragraph: &Paragraph) -> f32 {
    paragraph.spans.iter().find(|span| !span.badge).map_or(10.0, |span| span.size)
}
