//! What a document is made of. Lengths are in points.

/// A part of a document that takes the whole width.
#[derive(Clone, Debug)]
pub enum Block {
    /// The heading of what follows.
    Heading(Heading),
    /// A paragraph.
    Paragraph(Paragraph),
    /// Paragraphs with a bullet each.
    List(Vec<Paragraph>),
    /// A paragraph of somebody else's words, with a bar at its start.
    Quote(Paragraph),
    /// Labels, each with its value beside it.
    Facts(Vec<Fact>),
    /// Paragraphs in columns that mean nothing by themselves.
    Grid(Grid),
    /// Blocks on a panel.
    Callout(Callout),
    /// A table.
    Table(Table),
    /// A chart of bars.
    Chart(Chart),
    /// Blocks that stay on one page where one can hold them.
    Group(Vec<Block>),
    /// An empty space of this height, which is left out at the top of a page.
    Space(f32),
}

/// A heading, which never ends a page.
#[derive(Clone, Debug)]
pub struct Heading {
    /// Its level.
    pub level: Level,
    /// Its text, which is its bookmark as well.
    pub text: String,
    /// The name that links lead here by. Of several headings with the same name, links lead to the first.
    pub anchor: Option<String>,
}

impl Heading {
    /// Returns a heading that no link leads to.
    #[must_use]
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self { level, text: text.into(), anchor: None }
    }
}

/// The level of a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The document's own title, which is no bookmark.
    Title,
    /// A part of the document, with a rule below.
    Section,
    /// A part of a section.
    Subsection,
}

/// A paragraph.
#[derive(Clone, Debug, Default)]
pub struct Paragraph {
    /// Its text, in order.
    pub spans: Vec<Span>,
    /// The direction in which it runs.
    pub reading: Reading,
    /// The space above, where the block before wants no more; nine points by default.
    pub above: Option<f32>,
    /// The space below, where the block after wants no more; nine points by default.
    pub below: Option<f32>,
    /// Whether its last line stays on the page of what follows.
    pub keep_with_next: bool,
}

impl Paragraph {
    /// Returns a paragraph of one plain text.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self::from_spans(vec![Span::new(text)])
    }

    /// Returns a paragraph of these texts.
    #[must_use]
    pub fn from_spans(spans: Vec<Span>) -> Self {
        Self { spans, ..Self::default() }
    }

    /// Lets the paragraph run in the direction of its first letter.
    #[must_use]
    pub fn by_first_letter(mut self) -> Self {
        self.reading = Reading::FirstLetter;
        self
    }

    /// Sets the space above and below, in points.
    #[must_use]
    pub fn spaced(mut self, above: f32, below: f32) -> Self {
        (self.above, self.below) = (Some(above), Some(below));
        self
    }
}

/// What the direction of a paragraph follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// The document.
    #[default]
    Document,
    /// Its first letter that is not part of a badge, for text from outside.
    FirstLetter,
}

/// A text in one style. A line break in it is kept.
#[derive(Clone, Debug)]
pub struct Span {
    /// The text.
    pub text: String,
    /// The size in points.
    pub size: f32,
    /// Whether it is bold.
    pub bold: bool,
    /// Its colour.
    pub color: Color,
    /// Whether a frame in its colour surrounds it, which needs room only the first text of a paragraph has.
    pub badge: bool,
    /// Where it leads.
    pub link: Option<Link>,
}

impl Span {
    /// Returns a plain text of ten points.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), size: 10.0, bold: false, color: Color::INK, badge: false, link: None }
    }

    /// Makes it bold.
    #[must_use]
    pub fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// Sets its size in points.
    #[must_use]
    pub fn size(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    /// Sets its colour.
    #[must_use]
    pub fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// Surrounds it with a frame in its colour. Only the first text of a paragraph has the room for it.
    #[must_use]
    pub fn badge(mut self) -> Self {
        self.badge = true;
        self
    }

    /// Lets it lead somewhere.
    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.link = Some(link);
        self
    }
}

/// Where a text leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To the heading with this anchor; to nowhere if there is none.
    Anchor(String),
    /// To this address.
    Url(String),
}

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Color {
    /// The colour of plain text.
    pub const INK: Self = Self::new(0x17, 0x20, 0x2c);
    /// The colour of quiet text.
    pub const SOFT: Self = Self::new(0x4d, 0x59, 0x69);
    /// The colour of rules and of the rest of a bar.
    pub const RULE: Self = Self::new(0xcf, 0xd6, 0xdf);
    /// The colour of bars.
    pub const BAR: Self = Self::new(0x33, 0x55, 0x7d);

    /// Returns the colour of these parts.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }
}

/// A label with its value.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The label.
    pub label: Paragraph,
    /// The value.
    pub value: Paragraph,
}

/// The width of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// So many points.
    Fixed(f32),
    /// What its widest line takes, as far as there is room.
    Auto,
    /// Its share of what the other columns leave.
    Fraction(f32),
}

/// Paragraphs in columns.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The widths of the columns.
    pub columns: Vec<Width>,
    /// The space between columns.
    pub column_gap: f32,
    /// The space between rows.
    pub row_gap: f32,
    /// The paragraphs of each cell, by row.
    pub rows: Vec<Vec<Vec<Paragraph>>>,
}

/// A table, whose header is repeated on each of its pages.
#[derive(Clone, Debug)]
pub struct Table {
    /// The widths of the columns.
    pub columns: Vec<Width>,
    /// The header's cells.
    pub header: Vec<Paragraph>,
    /// The other cells, by row. A row that no page can hold goes on on the next.
    pub rows: Vec<Vec<Paragraph>>,
}

/// Blocks on a panel.
#[derive(Clone, Debug)]
pub struct Callout {
    /// The colour of the panel.
    pub fill: Option<Color>,
    /// The width and colour of the line around it.
    pub stroke: Option<(f32, Color)>,
    /// The width and colour of the bar at its start.
    pub bar: Option<(f32, Color)>,
    /// The space at its sides, and at its top and bottom.
    pub inset: (f32, f32),
    /// What stands on it. A callout in a callout has no panel of its own.
    pub blocks: Vec<Block>,
}

/// A chart of bars.
#[derive(Clone, Debug)]
pub struct Chart {
    /// How its bars stand.
    pub kind: ChartKind,
    /// What it shows.
    pub title: String,
    /// The same as a text, for whoever does not see it.
    pub alternative: String,
    /// The bars, in order. A chart without bars is its title.
    pub bars: Vec<Bar>,
}

/// How the bars of a chart stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Below each other, each with its label and its value.
    Rows,
    /// Beside each other, with the labels of the first and the last.
    Columns,
}

/// A bar of a chart.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Its label.
    pub label: String,
    /// Its value.
    pub value: u32,
}
