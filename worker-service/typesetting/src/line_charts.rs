//! Layout of line charts. All lengths are in points.

use crate::{
    blocks::{Color, LineChart, Paragraph, Rule, Series, Span},
    charts::only,
    flow::{BETWEEN_PARAGRAPHS, Container, Flow},
    fonts,
    lines::Line,
    strips::{Area, Item, Strip},
    tree::{ElementId, Role},
};

/// Font size of labels.
const LABEL_SIZE: f32 = 8.0;
/// Height of the area of the lines.
const PLOT_HEIGHT: f32 = 190.0;
/// Space between the area of the lines and the labels of its axes.
const AXIS_GAP: f32 = 5.0;
/// Length of the sample of a line in the legend.
const SAMPLE: f32 = 24.0;
/// Space between the rows of the legend.
const LEGEND_GAP: f32 = 6.0;
/// Thickness of the lines.
const LINE_WIDTH: f32 = 1.6;

impl Flow<'_> {
    /// Adds the strips of a line chart.
    pub(crate) fn line_chart(&mut self, chart: &LineChart, container: Container) {
        let title = Paragraph {
            keep_with_next: true,
            ..Paragraph::from_spans(vec![Span::new(&chart.title).bold()]).spaced(14.0, 8.0)
        };
        let figure = self.tree.add(Role::Figure(alternative(chart)), container.parent);
        let first = self.strips.len();
        let element = self.tree.add(Role::Paragraph, container.parent);
        self.paragraph(&title, container, element);
        for series in &chart.series {
            self.legend(series, container, figure);
        }
        self.plot(chart, container, figure);
        self.keep_together(first);
    }

    /// Adds the row of the legend for one line.
    fn legend(&mut self, series: &Series, container: Container, element: ElementId) {
        let gap = self.space(LEGEND_GAP, LEGEND_GAP);
        let mut strip = Strip { gap, panel: container.panel, ..Strip::default() };
        let x = container.x + SAMPLE + AXIS_GAP;
        let width = container.width - SAMPLE - AXIS_GAP;
        if let Some((line, _)) = self.measured(&series.label, element) {
            let y = line.height / 2.0;
            strip.height = line.height;
            strip.items.push(stroke(&[(container.x, y), (container.x + SAMPLE, y)], series, element));
            strip.items.push(Item::Text { line, x, y: 0.0, width, element });
        }
        self.strips.push(strip);
    }

    /// Adds the strip with the axes and the lines.
    fn plot(&mut self, chart: &LineChart, container: Container, element: ElementId) {
        let gap = self.space(LEGEND_GAP * 2.0, BETWEEN_PARAGRAPHS);
        let mut strip = Strip { gap, panel: container.panel, ..Strip::default() };
        let labels: Vec<(Line, f32)> =
            chart.y_labels.iter().filter_map(|label| self.measured(label, element)).collect();
        let left = labels.iter().map(|(_, width)| *width).fold(0.0, f32::max) + AXIS_GAP;
        let top = LABEL_SIZE + AXIS_GAP;
        // Half a label may stand beyond the end of the horizontal axis.
        let width = container.width - left - LABEL_SIZE * 1.5;
        let at = |(x, y): (f32, f32)| (container.x + left + width * x, top + PLOT_HEIGHT * (1.0 - y));
        let count = labels.len();
        for (index, (line, wide)) in labels.into_iter().enumerate() {
            let (start, y) = at((0.0, share(index, count)));
            let grid = Area { x: start, y: y - 0.25, width, height: 0.5 };
            strip.items.push(Item::Fill { area: grid, color: Color::RULE, element: Some(element) });
            let (x, y) = (start - AXIS_GAP - wide, y - line.height / 2.0);
            strip.items.push(Item::Text { line, x, y, width: wide, element });
        }
        for (index, label) in chart.x_labels.iter().enumerate() {
            let Some((line, wide)) = self.measured(label, element) else { continue };
            let (x, y) = at((share(index, chart.x_labels.len()), 0.0));
            let (x, y) = (x - wide / 2.0, y + AXIS_GAP);
            strip.height = strip.height.max(y + line.height);
            strip.items.push(Item::Text { line, x, y, width: wide, element });
        }
        if let Some(marker) = &chart.marker {
            let ends = [at((marker.at, 0.0)), at((marker.at, 1.0))];
            let rule = Rule { width: 1.0, color: Color::TEXT };
            strip.items.push(Item::Stroke { points: ends.to_vec(), rule, dash: None, element });
            if let Some((line, wide)) = self.measured(&marker.label, element) {
                let last = container.x + container.width - wide;
                let x = (ends[1].0 - wide / 2.0).clamp(container.x, last.max(container.x));
                strip.items.push(Item::Text { line, x, y: 0.0, width: wide, element });
            }
        }
        for series in &chart.series {
            let points: Vec<(f32, f32)> = series.points.iter().map(|point| at(*point)).collect();
            strip.items.push(stroke(&points, series, element));
        }
        strip.height = strip.height.max(top + PLOT_HEIGHT);
        self.strips.push(strip);
    }

    /// Returns a label with its width, or `None` if it is empty.
    fn measured(&mut self, text: &str, element: ElementId) -> Option<(Line, f32)> {
        let label = self.label(text, LABEL_SIZE, element);
        let width = label.widest() + 0.1;
        only(label).map(|line| (line, width))
    }
}

fn stroke(points: &[(f32, f32)], series: &Series, element: ElementId) -> Item {
    let rule = Rule { width: LINE_WIDTH, color: series.color };
    Item::Stroke { points: points.to_vec(), rule, dash: series.dash, element }
}

/// Returns the position of the label at `index` of `count` labels, from 0 to 1.
fn share(index: usize, count: usize) -> f32 {
    if count < 2 { 0.0 } else { index as f32 / (count - 1) as f32 }
}

/// Returns the text alternative of a chart. It is never missing, because a screen reader cannot read a figure
/// without one.
fn alternative(chart: &LineChart) -> String {
    let text = if chart.alternative.trim().is_empty() { &chart.title } else { &chart.alternative };
    fonts::described(text)
}
