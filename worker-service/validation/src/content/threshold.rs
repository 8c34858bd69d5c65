//! The threshold curve.

use super::{heading, subjects};
use crate::{
    document::{Chart, ChartLine, Column, Part, Table},
    format::{interval, percent},
    pack::{CurvePoint, Pack, SubjectResult},
    proportion::Proportion,
};

/// The thresholds at the ends of the chart.
const ENDS: (f64, f64) = (0.5, 1.0);

/// Returns the curve of each subject as a chart and a table.
pub(super) fn threshold(pack: &Pack) -> Vec<Part> {
    let mut parts = vec![Part::text(
        "A lower threshold finds more and reports more that is not meant. The chart shows both over all kinds of queries; \
         the table has the figures behind it.",
    )];
    for (list, subject) in subjects(pack) {
        let heading = heading(pack, list, subject);
        parts.push(Part::heading(heading.as_str()));
        parts.push(Part::Chart(chart(subject, &heading)));
        let rows = subject.curve.iter().map(|point| row(point, subject.threshold));
        parts.push(Part::Table(Table {
            caption: format!("Figures by threshold: {heading}"),
            columns: vec![
                Column::text("Threshold", 1.0),
                Column::number("Found first"),
                Column::number("Found"),
                Column::interval("95\u{a0}% interval"),
                Column::long_number("False alarms, ordinary"),
                Column::interval("95\u{a0}% interval"),
                Column::long_number("False alarms, siblings"),
            ],
            rows: rows.collect(),
        }));
    }
    parts
}

fn row(point: &CurvePoint, in_use: f64) -> Vec<String> {
    let mark = if is_at(point, in_use) { " (in use)" } else { "" };
    vec![
        format!("{:.2}{mark}", point.threshold),
        percent(point.found_first.share),
        percent(point.found.share),
        interval(point.found),
        percent(point.false_alarms.share),
        interval(point.false_alarms),
        percent(point.sibling_alarms.share),
    ]
}

fn is_at(point: &CurvePoint, threshold: f64) -> bool {
    (point.threshold - threshold).abs() < 1e-6
}

fn chart(subject: &SubjectResult, heading: &str) -> Chart {
    let line = |label: &'static str, value: fn(&CurvePoint) -> Proportion| ChartLine {
        label,
        points: subject
            .curve
            .iter()
            .filter_map(|point| Some((position(point.threshold), value(point).share? as f32)))
            .collect(),
    };
    let lines = [
        line("Listed names found", |point| point.found),
        line("False alarms on siblings", |point| point.sibling_alarms),
        line("False alarms on ordinary clean names", |point| point.false_alarms),
    ];
    let steps = |count: u8| (0..=count).map(move |step| f64::from(step) / f64::from(count));
    Chart {
        title: format!("Found and false alarms by threshold: {heading}"),
        text: described(subject),
        x_labels: steps(5).map(|share| format!("{:.2}", ENDS.0 + (ENDS.1 - ENDS.0) * share)).collect(),
        y_labels: steps(4).map(|share| format!("{:.0} %", share * 100.0)).collect(),
        lines: lines.into_iter().filter(|line| !line.points.is_empty()).collect(),
        marker: (position(subject.threshold), format!("in use: {:.2}", subject.threshold)),
    }
}

/// Returns the position of a threshold on the horizontal axis, from 0 to 1.
fn position(threshold: f64) -> f32 {
    ((threshold - ENDS.0) / (ENDS.1 - ENDS.0)) as f32
}

/// Returns the chart in words, at some thresholds.
fn described(subject: &SubjectResult) -> String {
    let told = subject.curve.iter().filter(|point| {
        is_at(point, subject.threshold) || [0.5, 0.6, 0.7, 0.8, 0.9, 1.0].iter().any(|at| is_at(point, *at))
    });
    let told: Vec<String> = told
        .map(|point| {
            let mark = if is_at(point, subject.threshold) { ", in use" } else { "" };
            format!(
                "at {:.2}{mark}: {} found, {} false alarms on ordinary names, {} on siblings",
                point.threshold,
                percent(point.found.share),
                percent(point.false_alarms.share),
                percent(point.sibling_alarms.share)
            )
        })
        .collect();
    let text = told.join("; ");
    format!("A{}.", text.get(1..).unwrap_or_default())
}
