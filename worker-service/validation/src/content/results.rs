//! The results by kind of query.

use super::{heading, subjects};
use crate::{
    document::{Column, Part, Table},
    format::{count, interval, percent},
    pack::{CleanFigures, ListedFigures, Pack},
};

/// Returns the results of queries that mean an entry.
pub(super) fn results(pack: &Pack) -> Vec<Part> {
    let mut parts = Vec::new();
    for (list, subject) in subjects(pack) {
        let heading = heading(pack, list, subject);
        parts.push(Part::heading(heading.as_str()));
        let kinds = subject.kinds.iter().filter_map(|kind| Some((kind.title, kind.listed?)));
        let mut rows: Vec<Vec<String>> = kinds.map(|(title, figures)| listed_row(title, figures)).collect();
        rows.push(listed_row("All", subject.totals.listed));
        parts.push(Part::Table(Table {
            caption: format!("Queries that mean an entry: {heading}"),
            columns: vec![
                Column::text("Kind", 1.0),
                Column::number("n"),
                Column::number("Found first"),
                Column::interval("95\u{a0}% interval"),
                Column::number("Found"),
                Column::interval("95\u{a0}% interval"),
                Column::long_number("Others reported"),
            ],
            rows,
        }));
        let idle: Vec<&str> =
            subject.kinds.iter().filter(|kind| kind.queries == 0).map(|kind| kind.title).collect();
        if !idle.is_empty() {
            parts.push(Part::text(format!(
                "No entry of this list offers a query of these kinds: {}.",
                idle.join(", ")
            )));
        }
    }
    parts
}

fn listed_row(title: &str, figures: ListedFigures) -> Vec<String> {
    let ListedFigures { found_first, found, others_reported } = figures;
    vec![
        title.to_owned(),
        count(found.of),
        percent(found_first.share),
        interval(found_first),
        percent(found.share),
        interval(found),
        percent(others_reported.share),
    ]
}

/// Returns the results of clean names.
pub(super) fn alerts(pack: &Pack) -> Vec<Part> {
    let mut parts = vec![Part::text(
        "Nobody on the list is meant by these names, so that each alert is a false alarm. Ordinary names are put together \
         as customers' names are; siblings are made to resemble an entry.",
    )];
    for (list, subject) in subjects(pack) {
        let heading = heading(pack, list, subject);
        parts.push(Part::heading(heading.as_str()));
        let kinds = subject.kinds.iter().filter_map(|kind| Some((kind.title, kind.clean?)));
        let mut rows: Vec<Vec<String>> = kinds.map(|(title, figures)| clean_row(title, figures)).collect();
        rows.push(clean_row("All ordinary names", subject.totals.ordinary));
        rows.push(clean_row("All siblings", subject.totals.siblings));
        parts.push(Part::Table(Table {
            caption: format!("Clean names: {heading}, threshold {:.2}", subject.threshold),
            columns: vec![
                Column::text("Kind", 1.0),
                Column::number("n"),
                Column::number("False alarms"),
                Column::number("Share"),
                Column::interval("95\u{a0}% interval"),
                Column::number("Per 100,000"),
                Column::interval("95\u{a0}% interval"),
            ],
            rows,
        }));
    }
    parts
}

fn clean_row(title: &str, figures: CleanFigures) -> Vec<String> {
    let CleanFigures { false_alarms, alerts_per_100_000 } = figures;
    let (alerts, range) = alerts_per_100_000.map_or_else(
        || ("–".to_owned(), "–".to_owned()),
        |alerts| {
            let [low, high] = [alerts.low, alerts.high].map(|end| count(end as usize));
            (count(alerts.alerts as usize), format!("{low}–{high}"))
        },
    );
    vec![
        title.to_owned(),
        count(false_alarms.of),
        count(false_alarms.count),
        percent(false_alarms.share),
        interval(false_alarms),
        alerts,
        range,
    ]
}
