//! The blocks that a document consists of. All lengths are in points.

/// A part of a document that spans the available width.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading of the blocks that follow.
    Heading(Heading),
    /// A paragraph.
    Paragraph(Paragraph),
    /// A bulleted list, with one paragraph per item.
    List(Vec<Paragraph>),
    /// A numbered list, with one paragraph per item.
    NumberedList(Vec<Paragraph>),
    /// A quotation: a paragraph with a vertical bar on the side where its text begins.
    Quote(Paragraph),
    /// A list of labels, each with its value beside it.
    Facts(Vec<Fact>),
    /// Paragraphs in columns that have no meaning of their own: they are tagged as paragraphs, not as a
    /// table.
    Grid(Grid),
    /// Blocks on a panel with an optional background, border and bar.
    Callout(Callout),
    /// A table.
    Table(Table),
    /// A bar chart.
    Chart(Chart),
    /// A line chart.
    LineChart(LineChart),
    /// Blocks that are kept on one page if they fit on one.
    Group(Vec<Block>),
    /// Vertical space of this height, which is omitted at the top of a page.
    Space(f32),
    /// The end of a page: the next block begins on a new one.
    PageBreak,
}

/// A heading, which is kept on the page of the block that follows.
#[derive(Clone, Debug)]
pub struct Heading {
    /// Its level.
    pub level: Level,
    /// Its text, which is also the text of its bookmark.
    pub text: String,
    /// The name by which links refer to this heading. If several headings have the same name, links lead to
    /// the first.
    pub anchor: Option<String>,
    /// Whether it takes little space: a long title is set in smaller letters, and a section has no rule below.
    pub compact: bool,
}

impl Heading {
    /// Returns a heading without an anchor, with the size of its level.
    #[must_use]
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self { level, text: text.into(), anchor: None, compact: false }
    }
}

/// The level of a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The title of the document, which has no bookmark.
    Title,
    /// The heading of a section, with a rule below it.
    Section,
    /// The heading of a part of a section.
    Subsection,
}

/// A paragraph.
#[derive(Clone, Debug, Default)]
pub struct Paragraph {
    /// Its text, as spans in reading order.
    pub spans: Vec<Span>,
    /// What determines its base direction.
    pub direction: BaseDirection,
    /// The minimum space above; the larger of this and the previous block's space below applies. Nine points
    /// by default.
    pub space_above: Option<f32>,
    /// The minimum space below; the larger of this and the next block's space above applies. Nine points by
    /// default.
    pub space_below: Option<f32>,
    /// Whether its last line is kept on the page of the next block.
    pub keep_with_next: bool,
}

impl Paragraph {
    /// Returns a paragraph with one span of plain text.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self::from_spans(vec![Span::new(text)])
    }

    /// Returns a paragraph with these spans.
    #[must_use]
    pub fn from_spans(spans: Vec<Span>) -> Self {
        Self { spans, ..Self::default() }
    }

    /// Sets the direction to that of the first letter ([`BaseDirection::FirstLetter`]).
    #[must_use]
    pub fn by_first_letter(mut self) -> Self {
        self.direction = BaseDirection::FirstLetter;
        self
    }

    /// Sets the space above and below, in points.
    #[must_use]
    pub fn spaced(mut self, above: f32, below: f32) -> Self {
        (self.space_above, self.space_below) = (Some(above), Some(below));
        self
    }
}

/// What determines the base direction of a paragraph, in which its lines begin and its punctuation is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BaseDirection {
    /// The direction of the document.
    #[default]
    Document,
    /// Its first letter outside badges, or the document if it has none. For text from external sources.
    FirstLetter,
}

/// A text in one style. Line breaks in it are kept.
#[derive(Clone, Debug)]
pub struct Span {
    /// The text.
    pub text: String,
    /// The font size, in points.
    pub size: f32,
    /// Whether it is bold.
    pub bold: bool,
    /// Its colour.
    pub color: Color,
    /// Whether a frame in its colour surrounds it. Only the first span of a paragraph gets the space that the
    /// frame needs.
    pub badge: bool,
    /// The target of the link, if the span is one.
    pub link: Option<Link>,
}

impl Span {
    /// Returns a span of plain text in a size of ten points.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), size: 10.0, bold: false, color: Color::TEXT, badge: false, link: None }
    }

    /// Makes the text bold.
    #[must_use]
    pub fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    /// Sets the font size, in points.
    #[must_use]
    pub fn size(mut self, size: f32) -> Self {
        self.size = size;
        self
    }

    /// Sets the colour of the text.
    #[must_use]
    pub fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// Surrounds the text with a frame in its colour. Only the first span of a paragraph gets the space that
    /// the frame needs.
    #[must_use]
    pub fn badge(mut self) -> Self {
        self.badge = true;
        self
    }

    /// Makes the text a link to this target.
    #[must_use]
    pub fn link(mut self, link: Link) -> Self {
        self.link = Some(link);
        self
    }
}

/// The target of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The heading with this anchor. If there is none, the text is not a link.
    Anchor(String),
    /// This URL.
    Url(String),
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// The red component.
    pub red: u8,
    /// The green component.
    pub green: u8,
    /// The blue component.
    pub blue: u8,
}

impl Color {
    /// The colour of plain text.
    pub const TEXT: Self = Self::new(0x17, 0x20, 0x2c);
    /// The colour of secondary text.
    pub const MUTED: Self = Self::new(0x4d, 0x59, 0x69);
    /// The colour of rules, and of the unfilled part of a bar.
    pub const RULE: Self = Self::new(0xcf, 0xd6, 0xdf);
    /// The colour of bars.
    pub const BAR: Self = Self::new(0x33, 0x55, 0x7d);

    /// Returns the colour with these components.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }
}

/// A straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The thickness.
    pub width: f32,
    /// The colour.
    pub color: Color,
}

/// The distances from the edges of a box to what is inside. The start edge is the left one in a document that
/// runs from left to right, and the right one otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insets {
    /// The distance from the top.
    pub top: f32,
    /// The distance from the end edge.
    pub end: f32,
    /// The distance from the bottom.
    pub bottom: f32,
    /// The distance from the start edge.
    pub start: f32,
}

impl Insets {
    /// Returns insets with the same distance at the top and bottom, and at both sides.
    #[must_use]
    pub const fn symmetric(vertical: f32, horizontal: f32) -> Self {
        Self { top: vertical, end: horizontal, bottom: vertical, start: horizontal }
    }

    /// Returns the sum of the distances from both sides.
    pub(crate) const fn horizontal(self) -> f32 {
        self.start + self.end
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
pub enum ColumnWidth {
    /// This width, in points.
    Fixed(f32),
    /// The width of its widest line, limited by the space available.
    Auto,
    /// A share of the space that fixed and automatic columns leave, relative to the shares of the other
    /// columns.
    Fraction(f32),
}

/// Paragraphs in columns, for layout only.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The widths of the columns.
    pub columns: Vec<ColumnWidth>,
    /// The space between columns.
    pub column_gap: f32,
    /// The space between rows.
    pub row_gap: f32,
    /// The paragraphs of each cell, by row.
    pub rows: Vec<Vec<Vec<Paragraph>>>,
}

/// A table, whose header is repeated at the top of each further page.
#[derive(Clone, Debug)]
pub struct Table {
    /// The widths of the columns.
    pub columns: Vec<ColumnWidth>,
    /// The cells of the header.
    pub header: Vec<Paragraph>,
    /// The other cells, by row. A row that does not fit on one page continues on the next.
    pub rows: Vec<Vec<Paragraph>>,
}

/// Blocks on a panel with an optional background, border and bar.
#[derive(Clone, Debug)]
pub struct Callout {
    /// The colour of the background.
    pub fill: Option<Color>,
    /// The border on all sides.
    pub border: Option<Rule>,
    /// The bar at the start edge.
    pub bar: Option<Rule>,
    /// The space between the edges of the panel and the blocks.
    pub padding: Insets,
    /// The blocks on the panel. The panel of a nested callout is painted over this one.
    pub blocks: Vec<Block>,
}

/// A bar chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The arrangement of the bars.
    pub kind: ChartKind,
    /// The title, which says what the chart shows.
    pub title: String,
    /// The text alternative, for readers who cannot see the chart. If it is blank, the labels and values are
    /// used.
    pub alternative: String,
    /// The bars, in order. Without bars, only the title is printed.
    pub bars: Vec<Bar>,
}

/// The arrangement of the bars of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Horizontal bars below each other, each with its label and its value.
    HorizontalBars,
    /// Vertical bars beside each other, with the labels of the first and the last.
    VerticalBars,
}

/// A bar of a chart.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Its label.
    pub label: String,
    /// Its value.
    pub value: u32,
}

/// A line chart. Positions are shares, from 0 to 1, of the width of the chart from its left edge and of its height
/// from its bottom.
#[derive(Clone, Debug)]
pub struct LineChart {
    /// The title, which says what the chart shows.
    pub title: String,
    /// The text alternative, for readers who cannot see the chart. If it is blank, the title is used.
    pub alternative: String,
    /// The labels of the horizontal axis at equal distances, from left to right.
    pub x_labels: Vec<String>,
    /// The labels of the vertical axis at equal distances, from bottom to top.
    pub y_labels: Vec<String>,
    /// The lines.
    pub series: Vec<Series>,
    /// A position of the horizontal axis that is marked.
    pub marker: Option<Marker>,
}

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its label in the legend.
    pub label: String,
    /// Its colour.
    pub color: Color,
    /// The length of its dashes and gaps, or `None` if it is continuous. Lines must differ in more than colour.
    pub dash: Option<f32>,
    /// Its points, from left to right.
    pub points: Vec<(f32, f32)>,
}

/// A marked position of the horizontal axis of a chart.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The position.
    pub at: f32,
    /// Its label.
    pub label: String,
}
