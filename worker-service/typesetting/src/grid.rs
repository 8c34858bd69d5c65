//! Layout in columns: grids, facts and tables. All lengths are in points.

use crate::{
    blocks::{Color, ColumnWidth, Fact, Grid, Insets, Paragraph, Span, Table},
    flow::{BETWEEN_BLOCKS, BETWEEN_PARAGRAPHS, Container, Flow, with_leading},
    lines::Line,
    shape::Shaped,
    strips::{Area, Header, Item, Strip},
    tree::{ElementId, Role},
};

/// Padding of a table's cells.
const CELL_PADDING: Insets = Insets::symmetric(5.0, 5.0);
/// Space between the columns and between the rows of a list of facts.
const FACT_GAPS: Gaps = Gaps { columns: 12.0, rows: 7.0 };
/// Thickness of the rule below a row.
const ROW_RULE: f32 = 0.5;
/// Maximum height of a row that is never broken across pages: a quarter of a page.
const UNBROKEN_MAX: f32 = 180.0;
/// Minimum fraction of the width, without fixed columns, that automatic columns leave for columns with a
/// fraction.
const FRACTIONS_MIN: f32 = 0.4;

/// A cell: its horizontal position and width, and its lines, each with the space above it.
struct Cell {
    x: f32,
    width: f32,
    lines: Vec<(f32, Line, ElementId)>,
}

/// The space between columns and between rows.
#[derive(Clone, Copy)]
struct Gaps {
    columns: f32,
    rows: f32,
}

/// The padding of a row and the rule below it.
#[derive(Clone, Copy, Default)]
struct RowStyle {
    padding_top: f32,
    padding_bottom: f32,
    /// The column that the rule spans.
    rule: Option<Container>,
}

/// A shaped paragraph of a cell. `shaped` is `None` if the paragraph is empty.
struct Text<'a> {
    paragraph: &'a Paragraph,
    shaped: Option<Shaped>,
    element: ElementId,
}

impl Flow<'_> {
    /// Adds the strips of a list of facts.
    pub(crate) fn facts(&mut self, facts: &[Fact], container: Container) {
        let list = self.tree.add(Role::Facts, container.parent);
        let mut rows = Vec::new();
        for fact in facts {
            let item = self.tree.add(Role::Item, Some(list));
            let (label, body) =
                (self.tree.add(Role::Label, Some(item)), self.tree.add(Role::Body, Some(item)));
            rows.push(vec![vec![self.text(&fact.label, label)], vec![self.text(&fact.value, body)]]);
        }
        self.rows(rows, &[ColumnWidth::Auto, ColumnWidth::Fraction(1.0)], FACT_GAPS, container);
    }

    /// Adds the strips of a grid.
    pub(crate) fn grid(&mut self, grid: &Grid, container: Container) {
        let mut rows = Vec::new();
        for row in &grid.rows {
            let mut cells = Vec::new();
            for cell in row {
                let mut texts = Vec::new();
                for paragraph in cell {
                    let element = self.tree.add(Role::Paragraph, container.parent);
                    texts.push(self.text(paragraph, element));
                }
                cells.push(texts);
            }
            rows.push(cells);
        }
        self.rows(rows, &grid.columns, Gaps { columns: grid.column_gap, rows: grid.row_gap }, container);
    }

    /// Adds rows without rules.
    fn rows(
        &mut self,
        mut rows: Vec<Vec<Vec<Text<'_>>>>,
        columns: &[ColumnWidth],
        gaps: Gaps,
        container: Container,
    ) {
        let available = container.width - gaps.columns * columns.len().saturating_sub(1) as f32;
        let widths = widths(columns, &natural_widths(&rows, columns.len(), 0.0), available);
        for (index, row) in rows.iter_mut().enumerate() {
            let space = if index == 0 { self.space(BETWEEN_BLOCKS, BETWEEN_BLOCKS) } else { gaps.rows };
            let mut x = container.x;
            let cells = row.iter_mut().zip(&widths).map(|(texts, width)| {
                let cell = cell(texts, x, *width);
                x += width + gaps.columns;
                cell
            });
            let strips = strips(cells.collect(), RowStyle::default(), space);
            self.strips.extend(strips.into_iter().map(|strip| Strip { panel: container.panel, ..strip }));
        }
    }

    /// Adds the strips of a table, and its header for repetition.
    pub(crate) fn table(&mut self, table: &Table, container: Container) {
        let element = self.tree.add(Role::Table, container.parent);
        let head = self.tree.add(Role::TableHead, Some(element));
        let body = self.tree.add(Role::TableBody, Some(element));
        let bold = |paragraph: &Paragraph| Paragraph {
            spans: paragraph.spans.iter().map(|span| Span { bold: true, ..span.clone() }).collect(),
            ..paragraph.clone()
        };
        let header: Vec<Paragraph> = table.header.iter().map(bold).collect();
        let mut rows = vec![self.table_row(&header, head, &Role::HeaderCell)];
        for row in &table.rows {
            rows.push(self.table_row(row, body, &Role::Cell));
        }
        let (elements, mut rows): (Vec<Vec<ElementId>>, Vec<Vec<Vec<Text<'_>>>>) = rows.into_iter().unzip();
        let widths = widths(
            &table.columns,
            &natural_widths(&rows, table.columns.len(), CELL_PADDING.horizontal()),
            container.width,
        );
        let style = RowStyle {
            padding_top: CELL_PADDING.top,
            padding_bottom: CELL_PADDING.bottom,
            rule: Some(container),
        };
        let index_of_header = self.headers.len();
        for (index, (row, elements)) in rows.iter_mut().zip(elements).enumerate() {
            let space = if index == 0 { self.space(BETWEEN_BLOCKS, BETWEEN_BLOCKS) } else { 0.0 };
            let mut x = container.x;
            let cells = row.iter_mut().zip(&widths).map(|(texts, width)| {
                let cell = cell(texts, x + CELL_PADDING.start, width - CELL_PADDING.horizontal());
                x += width;
                cell
            });
            let mut strips = strips(cells.collect(), style, space);
            for strip in &mut strips {
                strip.panel = container.panel;
                strip.table = (index > 0).then_some(index_of_header);
                strip.keep_with_next |= index == 0;
            }
            if let Some(first) = strips.first_mut() {
                first.elements = elements;
            }
            if index == 0 {
                let height = strips.iter().map(|strip| strip.gap + strip.height).sum::<f32>() - space;
                self.headers.push(Header { strips: strips.clone(), height });
            }
            self.strips.extend(strips);
        }
    }

    /// Returns the cells of a table row: their elements of the structure tree, and their texts.
    fn table_row<'t>(
        &mut self,
        row: &'t [Paragraph],
        parent: ElementId,
        role: &Role,
    ) -> (Vec<ElementId>, Vec<Vec<Text<'t>>>) {
        let element = self.tree.add(Role::Row, Some(parent));
        let cell = |paragraph| {
            let element = self.tree.add(role.clone(), Some(element));
            (element, vec![self.text(paragraph, element)])
        };
        row.iter().map(cell).unzip()
    }

    fn text<'t>(&mut self, paragraph: &'t Paragraph, element: ElementId) -> Text<'t> {
        let empty = paragraph.spans.iter().all(|span| span.text.is_empty());
        Text { paragraph, shaped: (!empty).then(|| self.shaped(paragraph, element)), element }
    }
}

/// Breaks the texts of a cell into lines.
fn cell(texts: &mut [Text<'_>], x: f32, width: f32) -> Cell {
    let mut lines = Vec::new();
    for text in texts {
        let Some(shaped) = &mut text.shaped else { continue };
        let above = text.paragraph.space_above.unwrap_or(BETWEEN_PARAGRAPHS);
        for (index, (gap, line)) in with_leading(shaped.lines(width), text.paragraph).into_iter().enumerate()
        {
            let first = index == 0 && !lines.is_empty();
            lines.push((if first { above } else { gap }, line, text.element));
        }
    }
    Cell { x, width, lines }
}

/// Returns the natural width of each column: that of its widest line, with `padding`.
fn natural_widths(rows: &[Vec<Vec<Text<'_>>>], columns: usize, padding: f32) -> Vec<f32> {
    let mut naturals = vec![0.0_f32; columns];
    for row in rows {
        for (cell, natural) in row.iter().zip(&mut naturals) {
            let texts = cell.iter().filter_map(|text| text.shaped.as_ref());
            // In a column exactly as wide as its text, a rounding error would break the line.
            *natural = texts.map(|shaped| shaped.widest() + padding + 0.1).fold(*natural, f32::max);
        }
    }
    naturals
}

/// Returns the widths of `columns` that share the width `available`.
fn widths(columns: &[ColumnWidth], naturals: &[f32], available: f32) -> Vec<f32> {
    let fixed: f32 =
        columns.iter().map(|column| if let ColumnWidth::Fixed(width) = column { *width } else { 0.0 }).sum();
    let fractions: f32 = columns
        .iter()
        .map(|column| if let ColumnWidth::Fraction(fraction) = column { *fraction } else { 0.0 })
        .sum();
    let mut autos: Vec<f32> = columns
        .iter()
        .zip(naturals)
        .filter(|(column, _)| **column == ColumnWidth::Auto)
        .map(|(_, natural)| *natural)
        .collect();
    let max = (available - fixed) * if fractions > 0.0 { 1.0 - FRACTIONS_MIN } else { 1.0 };
    let limit = limit(&mut autos, max);
    let taken: f32 = autos.iter().map(|auto| auto.min(limit)).sum();
    let rest = (available - fixed - taken).max(0.0);
    let width = |(column, natural): (&ColumnWidth, &f32)| match column {
        ColumnWidth::Fixed(width) => *width,
        ColumnWidth::Auto => natural.min(limit),
        ColumnWidth::Fraction(fraction) => rest * fraction / fractions,
    };
    columns.iter().zip(naturals).map(width).collect()
}

/// Returns the maximum width of a column so that all together take at most `max`. Columns narrower than the
/// maximum keep their natural width.
fn limit(widths: &mut [f32], max: f32) -> f32 {
    widths.sort_by(f32::total_cmp);
    let mut left = max.max(0.0);
    for (index, width) in widths.iter().enumerate() {
        let share = left / (widths.len() - index) as f32;
        if *width > share {
            return share;
        }
        left -= width;
    }
    f32::MAX
}

/// Returns the strips of a row. A row taller than [`UNBROKEN_MAX`] becomes one strip per line, so that it can
/// be broken across pages.
fn strips(cells: Vec<Cell>, style: RowStyle, space: f32) -> Vec<Strip> {
    let height = |cell: &Cell| cell.lines.iter().map(|(gap, line, _)| gap + line.height).sum::<f32>();
    let whole = cells.iter().map(height).fold(0.0, f32::max);
    let mut strips = if whole <= UNBROKEN_MAX { vec![together(cells, whole)] } else { by_line(cells) };
    let count = strips.len();
    for (index, strip) in strips.iter_mut().enumerate() {
        strip.keep_with_next = index + 1 < count && (index == 0 || index + 2 == count);
    }
    if let Some(first) = strips.first_mut() {
        first.pad_top(style.padding_top);
        first.gap = space;
    }
    if let Some(last) = strips.last_mut() {
        last.height += style.padding_bottom;
        if let Some(Container { x, width, .. }) = style.rule {
            let area = Area { x, y: last.height - ROW_RULE / 2.0, width, height: ROW_RULE };
            last.items.push(Item::Fill { area, color: Color::RULE, element: None });
        }
    }
    strips
}

/// Puts a whole row on one strip.
fn together(cells: Vec<Cell>, height: f32) -> Strip {
    let mut strip = Strip { height, ..Strip::default() };
    for Cell { x, width, lines } in cells {
        let mut y = 0.0;
        for (gap, line, element) in lines {
            y += gap;
            let below = y + line.height;
            strip.items.push(Item::Text { line, x, y, width, element });
            y = below;
        }
    }
    strip
}

/// Puts the first lines of all cells on one strip, the second lines on the next, and so on.
fn by_line(cells: Vec<Cell>) -> Vec<Strip> {
    let mut strips: Vec<Strip> = Vec::new();
    for Cell { x, width, lines } in cells {
        for (index, (gap, line, element)) in lines.into_iter().enumerate() {
            if index == strips.len() {
                strips.push(Strip::default());
            }
            let Some(strip) = strips.get_mut(index) else { continue };
            strip.gap = strip.gap.max(gap);
            strip.height = strip.height.max(line.height);
            strip.items.push(Item::Text { line, x, y: 0.0, width, element });
        }
    }
    strips
}
