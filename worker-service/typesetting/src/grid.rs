//! Layout in columns: grids, facts and tables. All lengths are in points.

use crate::{
    blocks::{Color, Fact, Grid, Paragraph, Span, Table, Width},
    flow::{BETWEEN_BLOCKS, BETWEEN_PARAGRAPHS, Flow, Place, with_leading},
    lines::Line,
    shape::Shaped,
    strips::{Area, Header, Item, Strip},
    tree::{Part, Role},
};

/// Padding at the sides of a table's cells, and at their top and bottom.
const INSET: (f32, f32) = (5.0, 5.0);
/// Thickness of the rule below a row.
const RULE: f32 = 0.5;
/// Maximum height of a row that is never broken across pages: a quarter of a page.
const UNBROKEN: f32 = 180.0;
/// Minimum part of the width, without fixed columns, that automatic columns leave for columns with shares.
const SHARED: f32 = 0.4;

/// A cell: its horizontal position and width, and its lines, each with the space above it.
struct Cell {
    x: f32,
    width: f32,
    lines: Vec<(f32, Line, Part)>,
}

/// The padding and the rule of a row.
#[derive(Clone, Copy, Default)]
struct Frame {
    /// The padding at the top and bottom of the row.
    inset: f32,
    /// The start and the width of the rule below the row.
    rule: Option<(f32, f32)>,
}

/// A shaped paragraph of a cell. `shaped` is `None` if the paragraph is empty.
struct Text<'a> {
    paragraph: &'a Paragraph,
    shaped: Option<Shaped>,
    part: Part,
}

impl Flow<'_> {
    /// Adds the strips of a list of facts.
    pub(crate) fn facts(&mut self, facts: &[Fact], place: Place) {
        let list = self.tree.add(Role::Facts, place.part);
        let mut rows = Vec::new();
        for fact in facts {
            let item = self.tree.add(Role::Item, Some(list));
            let (label, body) =
                (self.tree.add(Role::Label, Some(item)), self.tree.add(Role::Body, Some(item)));
            rows.push(vec![vec![self.text(&fact.label, label)], vec![self.text(&fact.value, body)]]);
        }
        self.rows(rows, &[Width::Auto, Width::Fraction(1.0)], (12.0, 7.0), place);
    }

    /// Adds the strips of a grid.
    pub(crate) fn grid(&mut self, grid: &Grid, place: Place) {
        let mut rows = Vec::new();
        for row in &grid.rows {
            let mut cells = Vec::new();
            for cell in row {
                let mut texts = Vec::new();
                for paragraph in cell {
                    let part = self.tree.add(Role::Paragraph, place.part);
                    texts.push(self.text(paragraph, part));
                }
                cells.push(texts);
            }
            rows.push(cells);
        }
        self.rows(rows, &grid.columns, (grid.column_gap, grid.row_gap), place);
    }

    /// Adds rows without rules. `gaps` is the space between columns and between rows.
    fn rows(&mut self, mut rows: Vec<Vec<Vec<Text<'_>>>>, columns: &[Width], gaps: (f32, f32), place: Place) {
        let room = place.width - gaps.0 * columns.len().saturating_sub(1) as f32;
        let widths = widths(columns, &naturals(&rows, columns.len(), 0.0), room);
        for (index, row) in rows.iter_mut().enumerate() {
            let space = if index == 0 { self.space(BETWEEN_BLOCKS, BETWEEN_BLOCKS) } else { gaps.1 };
            let mut x = place.x;
            let cells = row.iter_mut().zip(&widths).map(|(texts, width)| {
                let cell = cell(texts, x, *width);
                x += width + gaps.0;
                cell
            });
            let strips = strips(cells.collect(), Frame::default(), space);
            self.strips.extend(strips.into_iter().map(|strip| Strip { panel: place.panel, ..strip }));
        }
    }

    /// Adds the strips of a table, and its header for repetition.
    pub(crate) fn table(&mut self, table: &Table, place: Place) {
        let part = self.tree.add(Role::Table, place.part);
        let head = self.tree.add(Role::TableHead, Some(part));
        let body = self.tree.add(Role::TableBody, Some(part));
        let bold = |paragraph: &Paragraph| Paragraph {
            spans: paragraph.spans.iter().map(|span| Span { bold: true, ..span.clone() }).collect(),
            ..paragraph.clone()
        };
        let header: Vec<Paragraph> = table.header.iter().map(bold).collect();
        let mut rows = vec![self.table_row(&header, head, &Role::HeaderCell)];
        for row in &table.rows {
            rows.push(self.table_row(row, body, &Role::Cell));
        }
        let (parts, mut rows): (Vec<Vec<Part>>, Vec<Vec<Vec<Text<'_>>>>) = rows.into_iter().unzip();
        let widths =
            widths(&table.columns, &naturals(&rows, table.columns.len(), 2.0 * INSET.0), place.width);
        let frame = Frame { inset: INSET.1, rule: Some((place.x, place.width)) };
        let number = self.headers.len();
        for (index, (row, parts)) in rows.iter_mut().zip(parts).enumerate() {
            let space = if index == 0 { self.space(BETWEEN_BLOCKS, BETWEEN_BLOCKS) } else { 0.0 };
            let mut x = place.x;
            let cells = row.iter_mut().zip(&widths).map(|(texts, width)| {
                let cell = cell(texts, x + INSET.0, width - 2.0 * INSET.0);
                x += width;
                cell
            });
            let mut strips = strips(cells.collect(), frame, space);
            for strip in &mut strips {
                strip.panel = place.panel;
                strip.table = (index > 0).then_some(number);
                strip.keep |= index == 0;
            }
            if let Some(first) = strips.first_mut() {
                first.parts = parts;
            }
            if index == 0 {
                let height = strips.iter().map(|strip| strip.gap + strip.height).sum::<f32>() - space;
                self.headers.push(Header { strips: strips.clone(), height });
            }
            self.strips.extend(strips);
        }
    }

    /// Returns the cells of a table row: their parts of the structure tree, and their texts.
    fn table_row<'t>(
        &mut self,
        row: &'t [Paragraph],
        parent: Part,
        role: &Role,
    ) -> (Vec<Part>, Vec<Vec<Text<'t>>>) {
        let part = self.tree.add(Role::Row, Some(parent));
        let cell = |paragraph| {
            let part = self.tree.add(role.clone(), Some(part));
            (part, vec![self.text(paragraph, part)])
        };
        row.iter().map(cell).unzip()
    }

    fn text<'t>(&mut self, paragraph: &'t Paragraph, part: Part) -> Text<'t> {
        let empty = paragraph.spans.iter().all(|span| span.text.is_empty());
        Text { paragraph, shaped: (!empty).then(|| self.shaped(paragraph, part)), part }
    }
}

/// Breaks the texts of a cell into lines.
fn cell(texts: &mut [Text<'_>], x: f32, width: f32) -> Cell {
    let mut lines = Vec::new();
    for text in texts {
        let Some(shaped) = &mut text.shaped else { continue };
        let above = text.paragraph.above.unwrap_or(BETWEEN_PARAGRAPHS);
        for (index, (gap, line)) in with_leading(shaped.lines(width), text.paragraph).into_iter().enumerate()
        {
            let first = index == 0 && !lines.is_empty();
            lines.push((if first { above } else { gap }, line, text.part));
        }
    }
    Cell { x, width, lines }
}

/// Returns the natural width of each column: that of its widest line, with `inset`.
fn naturals(rows: &[Vec<Vec<Text<'_>>>], columns: usize, inset: f32) -> Vec<f32> {
    let mut naturals = vec![0.0_f32; columns];
    for row in rows {
        for (cell, natural) in row.iter().zip(&mut naturals) {
            let texts = cell.iter().filter_map(|text| text.shaped.as_ref());
            // In a column exactly as wide as its text, a rounding error would break the line.
            *natural = texts.map(|shaped| shaped.widest() + inset + 0.1).fold(*natural, f32::max);
        }
    }
    naturals
}

/// Returns the widths of `columns` that share the width `room`.
fn widths(columns: &[Width], naturals: &[f32], room: f32) -> Vec<f32> {
    let fixed: f32 =
        columns.iter().map(|column| if let Width::Fixed(width) = column { *width } else { 0.0 }).sum();
    let shares: f32 =
        columns.iter().map(|column| if let Width::Fraction(share) = column { *share } else { 0.0 }).sum();
    let mut autos: Vec<f32> = columns
        .iter()
        .zip(naturals)
        .filter(|(column, _)| **column == Width::Auto)
        .map(|(_, natural)| *natural)
        .collect();
    let most = (room - fixed) * if shares > 0.0 { 1.0 - SHARED } else { 1.0 };
    let limit = limit(&mut autos, most);
    let taken: f32 = autos.iter().map(|auto| auto.min(limit)).sum();
    let rest = (room - fixed - taken).max(0.0);
    let width = |(column, natural): (&Width, &f32)| match column {
        Width::Fixed(width) => *width,
        Width::Auto => natural.min(limit),
        Width::Fraction(share) => rest * share / shares,
    };
    columns.iter().zip(naturals).map(width).collect()
}

/// Returns the maximum width of a column so that all together take at most `most`. Columns narrower than the
/// maximum keep their natural width.
fn limit(widths: &mut [f32], most: f32) -> f32 {
    widths.sort_by(f32::total_cmp);
    let mut left = most.max(0.0);
    for (index, width) in widths.iter().enumerate() {
        let share = left / (widths.len() - index) as f32;
        if *width > share {
            return share;
        }
        left -= width;
    }
    f32::MAX
}

/// Returns the strips of a row. A row taller than [`UNBROKEN`] becomes one strip per line, so that it can be
/// broken across pages.
fn strips(cells: Vec<Cell>, frame: Frame, space: f32) -> Vec<Strip> {
    let height = |cell: &Cell| cell.lines.iter().map(|(gap, line, _)| gap + line.height).sum::<f32>();
    let whole = cells.iter().map(height).fold(0.0, f32::max);
    let mut strips = if whole <= UNBROKEN { vec![together(cells, whole)] } else { by_line(cells) };
    let count = strips.len();
    for (index, strip) in strips.iter_mut().enumerate() {
        strip.keep = index + 1 < count && (index == 0 || index + 2 == count);
    }
    if let Some(first) = strips.first_mut() {
        first.pad_top(frame.inset);
        first.gap = space;
    }
    if let Some(last) = strips.last_mut() {
        last.height += frame.inset;
        if let Some((x, width)) = frame.rule {
            let area = Area { x, y: last.height - RULE / 2.0, width, height: RULE };
            last.items.push(Item::Fill { area, color: Color::RULE, part: None });
        }
    }
    strips
}

/// Puts a whole row on one strip.
fn together(cells: Vec<Cell>, height: f32) -> Strip {
    let mut strip = Strip { height, ..Strip::default() };
    for Cell { x, width, lines } in cells {
        let mut y = 0.0;
        for (gap, line, part) in lines {
            y += gap;
            let below = y + line.height;
            strip.items.push(Item::Text { line, x, y, width, part });
            y = below;
        }
    }
    strip
}

/// Puts the first lines of all cells on one strip, the second lines on the next, and so on.
fn by_line(cells: Vec<Cell>) -> Vec<Strip> {
    let mut strips: Vec<Strip> = Vec::new();
    for Cell { x, width, lines } in cells {
        for (index, (gap, line, part)) in lines.into_iter().enumerate() {
            if index == strips.len() {
                strips.push(Strip::default());
            }
            let Some(strip) = strips.get_mut(index) else { continue };
            strip.gap = strip.gap.max(gap);
            strip.height = strip.height.max(line.height);
            strip.items.push(Item::Text { line, x, y: 0.0, width, part });
        }
    }
    strips
}
