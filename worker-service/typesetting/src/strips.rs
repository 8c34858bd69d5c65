//! Strips, the units that pages consist of. A strip spans the text area and is never broken across pages.
//!
//! Positions are relative to the start edge of the text area and the top of the strip, in points. In a
//! document that runs from right to left, they are mirrored when they are painted.

use crate::{
    blocks::{Color, Level, Rule},
    lines::Line,
    tree::ElementId,
};

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// What a strip consists of.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A line of text in a box that begins at `x`. `y` is the top of its capitals.
    Text { line: Line, x: f32, y: f32, width: f32, element: ElementId },
    /// A filled rectangle: content of an element, or decoration without one.
    Fill { area: Area, color: Color, element: Option<ElementId> },
    /// A line through points: content of an element. `dash` is the length of its dashes and gaps.
    Stroke { points: Vec<(f32, f32)>, rule: Rule, dash: Option<f32>, element: ElementId },
}

impl Item {
    /// Moves the item down by `by` points.
    fn down(&mut self, by: f32) {
        match self {
            Self::Text { y, .. } => *y += by,
            Self::Fill { area, .. } => area.y += by,
            Self::Stroke { points, .. } => points.iter_mut().for_each(|point| point.1 += by),
        }
    }
}

/// A row of items across the text area.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strip {
    /// The space above, which is omitted at the top of a page.
    pub(crate) gap: f32,
    pub(crate) height: f32,
    /// Whether the next strip must be on the same page.
    pub(crate) keep_with_next: bool,
    /// Whether the next strip belongs to the same group, which is kept on one page if it fits on one.
    pub(crate) grouped_with_next: bool,
    /// Whether it begins a page in any case.
    pub(crate) begins_page: bool,
    pub(crate) items: Vec<Item>,
    /// The index of the innermost panel that contains it.
    pub(crate) panel: Option<usize>,
    /// The index of the table header to repeat if it begins a page.
    pub(crate) table: Option<usize>,
    /// The index of the heading that begins here.
    pub(crate) heading: Option<usize>,
    /// Parts that begin here even if nothing of them is painted, such as empty cells.
    pub(crate) elements: Vec<ElementId>,
}

impl Strip {
    /// Adds padding of `by` points above the items.
    pub(crate) fn pad_top(&mut self, by: f32) {
        self.items.iter_mut().for_each(|item| item.down(by));
        self.height += by;
    }
}

/// A panel behind strips. On each page, it reaches from its first strip to its last.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) x: f32,
    pub(crate) width: f32,
    pub(crate) fill: Option<Color>,
    pub(crate) border: Option<Rule>,
    pub(crate) bar: Option<Rule>,
    /// Whether the bar is at the end edge, where a text begins whose direction is opposite to the document's.
    pub(crate) bar_at_end: bool,
    /// The index of the panel around it.
    pub(crate) outer: Option<usize>,
}

/// The header of a table, for repetition on further pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) strips: Vec<Strip>,
    pub(crate) height: f32,
}

/// A heading as a target of bookmarks and links.
#[derive(Clone, Debug)]
pub(crate) struct HeadingTarget {
    pub(crate) level: Level,
    pub(crate) text: String,
    pub(crate) anchor: Option<String>,
}
