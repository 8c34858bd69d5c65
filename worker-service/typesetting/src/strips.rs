//! Strips: what pages are made of. A strip is as wide as the text and is never broken.
//!
//! Places are counted from the start of the text and the top of the strip, in points, and are mirrored when painted
//! where a document runs from right to left.

use crate::{
    blocks::{Color, Level},
    lines::Line,
    tree::Part,
};

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// What stands on a strip.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A line of text in a box that begins at `x`; its capitals begin at `y`.
    Text { line: Line, x: f32, y: f32, width: f32, part: Part },
    /// A filled rectangle: content of a part, or decoration.
    Fill { area: Area, color: Color, part: Option<Part> },
}

impl Item {
    /// Moves it down, in points.
    fn down(&mut self, by: f32) {
        match self {
            Self::Text { y, .. } => *y += by,
            Self::Fill { area, .. } => area.y += by,
        }
    }
}

/// A strip.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strip {
    /// The space above, unless it is the first of a page.
    pub(crate) gap: f32,
    pub(crate) height: f32,
    /// Whether the next strip stays on its page.
    pub(crate) keep: bool,
    /// Whether the next strip belongs to the same group, which one page holds if it can.
    pub(crate) bound: bool,
    pub(crate) items: Vec<Item>,
    /// The innermost panel that it is part of.
    pub(crate) panel: Option<usize>,
    /// The table whose header stands above it.
    pub(crate) table: Option<usize>,
    /// The heading that begins here.
    pub(crate) heading: Option<usize>,
    /// Parts that begin here even if nothing is painted of them, such as empty cells.
    pub(crate) parts: Vec<Part>,
}

impl Strip {
    /// Adds space within the strip, above what stands on it.
    pub(crate) fn pad_top(&mut self, by: f32) {
        self.items.iter_mut().for_each(|item| item.down(by));
        self.height += by;
    }
}

/// A panel, which reaches from its first strip of a page to its last.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) x: f32,
    pub(crate) width: f32,
    pub(crate) fill: Option<Color>,
    pub(crate) stroke: Option<(f32, Color)>,
    pub(crate) bar: Option<(f32, Color)>,
    /// Whether the bar stands at the end, where a text that runs against the document begins.
    pub(crate) bar_at_end: bool,
    /// The panel around it.
    pub(crate) around: Option<usize>,
}

/// The header of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) strips: Vec<Strip>,
    pub(crate) height: f32,
}

/// A heading, for bookmarks and links.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) level: Level,
    pub(crate) text: String,
    pub(crate) anchor: Option<String>,
}
