//! Layout of bar charts. A "lying" bar is horizontal, a "standing" bar vertical. All lengths are in points.

use crate::{
    blocks::{Bar, Chart, ChartKind, Color, Paragraph, Span},
    flow::{BETWEEN_PARAGRAPHS, Flow, Place},
    fonts,
    lines::Line,
    shape::Shaped,
    strips::{Area, Item, Strip},
    tree::{Part, Role},
};

/// Font size of labels.
const LABEL: f32 = 8.0;
/// Height of a horizontal bar.
const THICKNESS: f32 = 7.0;
/// Horizontal space between a horizontal bar and its value, and vertical space between a label and its bar.
const BESIDE: (f32, f32) = (8.0, 3.5);
/// Space between the rows of horizontal bars.
const BETWEEN: f32 = 8.0;
/// Height of the tallest vertical bar.
const HEIGHT: f32 = 60.0;
/// Space between vertical bars.
const GAP: f32 = 2.0;

impl Flow<'_> {
    /// Adds the strips of a chart.
    pub(crate) fn chart(&mut self, chart: &Chart, place: Place) {
        let title = Paragraph {
            keep_with_next: true,
            ..Paragraph::from_spans(vec![Span::new(&chart.title).bold()]).spaced(14.0, 8.0)
        };
        if chart.bars.is_empty() {
            let part = self.tree.add(Role::Paragraph, place.part);
            self.paragraph(&title, place, part);
            return;
        }
        let figure = self.tree.add(Role::Figure(alternative(chart)), place.part);
        let first = self.strips.len();
        let part = self.tree.add(Role::Paragraph, place.part);
        self.paragraph(&title, place, part);
        let most = chart.bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
        match chart.kind {
            ChartKind::Rows => self.lying(&chart.bars, most, place, figure),
            ChartKind::Columns => self.standing(&chart.bars, most, place, figure),
        }
        self.bind(first);
    }

    fn label(&mut self, text: &str, size: f32, part: Part) -> Shaped {
        let paragraph = Paragraph::from_spans(vec![Span::new(text.replace('\n', " ")).size(size)]);
        self.shaped(&paragraph, part)
    }

    /// Adds one strip for each horizontal bar. `most` is the largest value.
    fn lying(&mut self, bars: &[Bar], most: u32, place: Place, part: Part) {
        let mut values: Vec<Shaped> = Vec::new();
        for bar in bars {
            values.push(self.label(&bar.value.to_string(), LABEL + 1.0, part));
        }
        let widest = values.iter().map(Shaped::widest).fold(0.0, f32::max) + 0.1;
        let length = place.width - widest - BESIDE.0;
        for (index, (bar, value)) in bars.iter().zip(&mut values).enumerate() {
            let gap = if index == 0 { self.space(BETWEEN, BETWEEN_PARAGRAPHS) } else { BETWEEN };
            let mut strip = Strip { gap, panel: place.panel, ..Strip::default() };
            for line in self.label(&bar.label, LABEL, part).lines(length) {
                let (y, height) = (strip.height, line.height);
                strip.items.push(Item::Text { line, x: place.x, y, width: length, part });
                strip.height = y + height + BESIDE.1;
            }
            let area = Area { x: place.x, y: strip.height, width: length, height: THICKNESS };
            strip.items.push(Item::Fill { area, color: Color::RULE, part: Some(part) });
            let filled = Area { width: length * share(bar.value, most), ..area };
            strip.items.push(Item::Fill { area: filled, color: Color::BAR, part: Some(part) });
            for line in value.lines(widest) {
                let y = strip.height + (THICKNESS - line.height) / 2.0;
                strip.items.push(Item::Text { line, x: place.x + length + BESIDE.0, y, width: widest, part });
            }
            strip.height += THICKNESS;
            self.strips.push(strip);
        }
    }

    /// Adds one strip with all vertical bars. `most` is the largest value.
    fn standing(&mut self, bars: &[Bar], most: u32, place: Place, part: Part) {
        let gap = self.space(BETWEEN, BETWEEN_PARAGRAPHS);
        let mut strip = Strip { gap, panel: place.panel, ..Strip::default() };
        let width = (place.width + GAP) / bars.len() as f32 - GAP;
        // A value is printed above its bar if it is not wider than the bar.
        let above = LABEL + 2.0;
        for (index, bar) in bars.iter().enumerate() {
            let x = place.x + (width + GAP) * index as f32;
            let height = HEIGHT * share(bar.value, most);
            if bar.value == 0 || width <= 0.0 {
                continue;
            }
            let y = above + HEIGHT - height;
            let value = self.label(&bar.value.to_string(), LABEL, part);
            let wide = value.widest();
            if let Some(line) = only(value).filter(|_| wide <= width) {
                let y = y - line.height - 3.0;
                strip.items.push(Item::Text {
                    line,
                    x: x + (width - wide) / 2.0,
                    y,
                    width: wide + 0.1,
                    part,
                });
            }
            strip.items.push(Item::Fill {
                area: Area { x, y, width, height },
                color: Color::BAR,
                part: Some(part),
            });
        }
        let axis = Area { x: place.x, y: above + HEIGHT, width: place.width, height: 0.8 };
        strip.items.push(Item::Fill { area: axis, color: Color::SOFT, part: Some(part) });
        strip.height = axis.y + axis.height;
        let ends = [bars.first(), bars.last().filter(|_| bars.len() > 1)];
        for (bar, at_end) in ends.into_iter().zip([false, true]) {
            let Some(bar) = bar else { continue };
            let label = self.label(&bar.label, LABEL, part);
            let width = (label.widest() + 0.1).min(place.width / 2.0);
            let x = if at_end { place.x + place.width - width } else { place.x };
            if let Some(line) = only(label) {
                strip.height = axis.y + axis.height + 4.0 + line.height;
                strip.items.push(Item::Text { line, x, y: axis.y + 4.8, width, part });
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
fn only(mut text: Shaped) -> Option<Line> {
    let width = text.widest() + 0.1;
    text.lines(width).into_iter().next()
}

/// Returns the length of the bar of `value` as a fraction of the longest bar, whose value is `most`.
fn share(value: u32, most: u32) -> f32 {
    (f64::from(value) / f64::from(most)) as f32
}
