//! Layout of bar charts. All lengths are in points.

use crate::{
    blocks::{Bar, Chart, ChartKind, Color, Paragraph, Span},
    flow::{BETWEEN_PARAGRAPHS, Container, Flow},
    fonts,
    lines::Line,
    shape::Shaped,
    strips::{Area, Item, Strip},
    tree::{ElementId, Role},
};

/// Font size of labels.
const LABEL_SIZE: f32 = 8.0;
/// Height of a horizontal bar.
const BAR_HEIGHT: f32 = 7.0;
/// Space between a horizontal bar and the value beside it.
const VALUE_GAP: f32 = 8.0;
/// Space between a label and the horizontal bar below it.
const LABEL_GAP: f32 = 3.5;
/// Space between the rows of horizontal bars.
const ROW_GAP: f32 = 8.0;
/// Height of the tallest vertical bar.
const TALLEST_BAR: f32 = 60.0;
/// Space between vertical bars.
const COLUMN_GAP: f32 = 2.0;

impl Flow<'_> {
    /// Adds the strips of a chart.
    pub(crate) fn chart(&mut self, chart: &Chart, container: Container) {
        let title = Paragraph {
            keep_with_next: true,
            ..Paragraph::from_spans(vec![Span::new(&chart.title).bold()]).spaced(14.0, 8.0)
        };
        if chart.bars.is_empty() {
            let element = self.tree.add(Role::Paragraph, container.parent);
            self.paragraph(&title, container, element);
            return;
        }
        let figure = self.tree.add(Role::Figure(alternative(chart)), container.parent);
        let first = self.strips.len();
        let element = self.tree.add(Role::Paragraph, container.parent);
        self.paragraph(&title, container, element);
        let largest = chart.bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
        match chart.kind {
            ChartKind::HorizontalBars => self.horizontal_bars(&chart.bars, largest, container, figure),
            ChartKind::VerticalBars => self.vertical_bars(&chart.bars, largest, container, figure),
        }
        self.keep_together(first);
    }

    /// Shapes a label, on one line.
    pub(crate) fn label(&mut self, text: &str, size: f32, element: ElementId) -> Shaped {
        let paragraph = Paragraph::from_spans(vec![Span::new(text.replace('\n', " ")).size(size)]);
        self.shaped(&paragraph, element)
    }

    /// Adds one strip for each horizontal bar. `largest` is the largest value.
    fn horizontal_bars(&mut self, bars: &[Bar], largest: u32, container: Container, element: ElementId) {
        let mut values: Vec<Shaped> = Vec::new();
        for bar in bars {
            values.push(self.label(&bar.value.to_string(), LABEL_SIZE + 1.0, element));
        }
        let widest = values.iter().map(Shaped::widest).fold(0.0, f32::max) + 0.1;
        let length = container.width - widest - VALUE_GAP;
        for (index, (bar, value)) in bars.iter().zip(&mut values).enumerate() {
            let gap = if index == 0 { self.space(ROW_GAP, BETWEEN_PARAGRAPHS) } else { ROW_GAP };
            let mut strip = Strip { gap, panel: container.panel, ..Strip::default() };
            for line in self.label(&bar.label, LABEL_SIZE, element).lines(length) {
                let (y, height) = (strip.height, line.height);
                strip.items.push(Item::Text { line, x: container.x, y, width: length, element });
                strip.height = y + height + LABEL_GAP;
            }
            let area = Area { x: container.x, y: strip.height, width: length, height: BAR_HEIGHT };
            strip.items.push(Item::Fill { area, color: Color::RULE, element: Some(element) });
            let filled = Area { width: length * fraction(bar.value, largest), ..area };
            strip.items.push(Item::Fill { area: filled, color: Color::BAR, element: Some(element) });
            for line in value.lines(widest) {
                let y = strip.height + (BAR_HEIGHT - line.height) / 2.0;
                strip.items.push(Item::Text {
                    line,
                    x: container.x + length + VALUE_GAP,
                    y,
                    width: widest,
                    element,
                });
            }
            strip.height += BAR_HEIGHT;
            self.strips.push(strip);
        }
    }

    /// Adds one strip with all vertical bars. `largest` is the largest value.
    fn vertical_bars(&mut self, bars: &[Bar], largest: u32, container: Container, element: ElementId) {
        let gap = self.space(ROW_GAP, BETWEEN_PARAGRAPHS);
        let mut strip = Strip { gap, panel: container.panel, ..Strip::default() };
        let width = (container.width + COLUMN_GAP) / bars.len() as f32 - COLUMN_GAP;
        // A value is printed above its bar if it is not wider than the bar.
        let above = LABEL_SIZE + 2.0;
        for (index, bar) in bars.iter().enumerate() {
            let x = container.x + (width + COLUMN_GAP) * index as f32;
            let height = TALLEST_BAR * fraction(bar.value, largest);
            if bar.value == 0 || width <= 0.0 {
                continue;
            }
            let y = above + TALLEST_BAR - height;
            let value = self.label(&bar.value.to_string(), LABEL_SIZE, element);
            let wide = value.widest();
            if let Some(line) = only(value).filter(|_| wide <= width) {
                let y = y - line.height - 3.0;
                strip.items.push(Item::Text {
                    line,
                    x: x + (width - wide) / 2.0,
                    y,
                    width: wide + 0.1,
                    element,
                });
            }
            strip.items.push(Item::Fill {
                area: Area { x, y, width, height },
                color: Color::BAR,
                element: Some(element),
            });
        }
        let axis = Area { x: container.x, y: above + TALLEST_BAR, width: container.width, height: 0.8 };
        strip.items.push(Item::Fill { area: axis, color: Color::MUTED, element: Some(element) });
        strip.height = axis.y + axis.height;
        let ends = [bars.first(), bars.last().filter(|_| bars.len() > 1)];
        for (bar, at_end) in ends.into_iter().zip([false, true]) {
            let Some(bar) = bar else { continue };
            let label = self.label(&bar.label, LABEL_SIZE, element);
            let width = (label.widest() + 0.1).min(container.width / 2.0);
            let x = if at_end { container.x + container.width - width } else { container.x };
            if let Some(line) = only(label) {
                strip.height = axis.y + axis.height + 4.0 + line.height;
                strip.items.push(Item::Text { line, x, y: axis.y + 4.8, width, element });
            }
        }
        self.strips.push(strip);
    }
}

/// Returns the text alternative of a chart. It is never missing, because a screen reader cannot read a figure
/// without one.
fn alternative(chart: &Chart) -> String {
    if !chart.alternative.trim().is_empty() {
        return fonts::described(&chart.alternative);
    }
    let bars = chart.bars.iter().map(|bar| format!("{}: {}", bar.label, bar.value));
    fonts::described(&bars.collect::<Vec<_>>().join(", "))
}

/// Returns the only line of a text without line breaks.
pub(crate) fn only(mut text: Shaped) -> Option<Line> {
    let width = text.widest() + 0.1;
    text.lines(width).into_iter().next()
}

/// Returns the length of the bar of `value` as a fraction of the longest bar, whose value is `largest`.
fn fraction(value: u32, largest: u32) -> f32 {
    (f64::from(value) / f64::from(largest)) as f32
}
