//! Computes the charts of a report: numbers, and a text with the same content.

use std::collections::BTreeMap;

use domain::{document::Document, evidence::SourceName, language::Words, risk::Rules, time::UtcTime};
use serde::Serialize;

/// Maximum number of months in the chart of news. Earlier months are omitted from the chart, not from its
/// text.
const MONTHS_MAX: usize = 24;
/// Minimum number of months in the chart of news: a year, so that a single month with news appears among
/// months without.
const MONTHS_MIN: usize = 12;

/// The source whose evidence the chart counts by month.
const NEWS: SourceName = SourceName::from_static("news");

/// A bar chart.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// What the chart shows.
    pub(super) title: String,
    /// The content of the chart as text, for readers who cannot see it.
    pub(super) text: String,
    /// The bars, in order.
    pub(super) bars: Vec<Bar>,
    /// Value of the longest bar, at least 1: the templates scale the bars by it.
    #[serde(rename = "most")]
    pub(super) max: u32,
}

/// A bar of a chart.
#[derive(Debug, Serialize)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: u32,
}

impl Chart {
    /// Returns a chart whose title is the text `key`.
    fn new(key: &str, text: Vec<String>, bars: Vec<Bar>, words: &Words) -> Self {
        let max = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
        let text = text.join(words.text("charts.separator"));
        Self { title: words.text_of("charts", key).to_owned(), text, bars, max }
    }
}

/// Returns the chart of the points that each rule added to the score.
pub(super) fn score(document: &Document, words: &Words, rules: &Rules) -> Chart {
    let points = |rule: &str| rules.weight(rule).map_or(0, |(points, _)| u32::from(points));
    let bars: Vec<Bar> = document
        .rules
        .iter()
        .map(|rule| Bar { label: rule.rule.clone(), value: points(&rule.rule) })
        .collect();
    let score = document.risk_score.to_string();
    let mut text: Vec<String> = bars
        .iter()
        .map(|bar| {
            let points = bar.value.to_string();
            words.fill("charts.score_text", &[("rule", &bar.label), ("points", &points)])
        })
        .collect();
    text.push(if bars.is_empty() {
        words.text("charts.score_none").to_owned()
    } else {
        words.fill("charts.score_total", &[("score", &score)])
    });
    Chart::new("score", text, bars, words)
}

/// Returns the chart of the news per month, up to the last month that has any.
pub(super) fn mentions(document: &Document, words: &Words) -> Chart {
    // Counts by year and month.
    let mut months: BTreeMap<(i32, u32), u32> = BTreeMap::new();
    let news = document.evidence.iter().filter(|piece| piece.source == NEWS);
    for month in news.filter_map(|piece| month(piece.published_at?)) {
        *months.entry(month).or_default() += 1;
    }
    let month_name = |(year, month): (i32, u32)| {
        let first = format!("{year:04}-{month:02}-01T00:00:00Z").parse::<UtcTime>();
        first.map_or_else(|_| format!("{year:04}-{month:02}"), |time| words.month(time))
    };
    let mut text: Vec<String> = months
        .iter()
        .map(|(month, count)| {
            let count = count.to_string();
            words.fill("charts.mentions_text", &[("month", &month_name(*month)), ("count", &count)])
        })
        .collect();
    if text.is_empty() {
        text.push(words.text("charts.mentions_none").to_owned());
    }
    let first_and_last = months.keys().next().copied().zip(months.keys().next_back().copied());
    let mut bars = Vec::new();
    if let Some((first, last)) = first_and_last {
        // From the last month backwards.
        let mut month = last;
        while bars.len() < MONTHS_MIN || (month >= first && bars.len() < MONTHS_MAX) {
            let value = months.get(&month).copied().unwrap_or_default();
            bars.push(Bar { label: format!("{:04}-{:02}", month.0, month.1), value });
            month = if month.1 == 1 { (month.0 - 1, 12) } else { (month.0, month.1 - 1) };
        }
        bars.reverse();
    }
    Chart::new("mentions", text, bars, words)
}

/// Returns the year and month of `time`.
fn month(time: UtcTime) -> Option<(i32, u32)> {
    let text = time.to_string();
    let mut parts = text.splitn(3, '-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Returns the chart of the number of pieces of evidence from each source.
pub(super) fn sources(document: &Document, words: &Words) -> Chart {
    let mut bars = Vec::new();
    let mut text = Vec::new();
    for outcome in &document.sources {
        let source = words.text_of("sources", outcome.source.as_str());
        let status = words.text_of("statuses", outcome.status.as_str());
        let items = items(outcome.items, words);
        let values = [("source", source), ("status", status), ("items", &items)];
        text.push(words.fill("charts.sources_text", &values));
        bars.push(Bar { label: format!("{source}: {status}"), value: outcome.items });
    }
    Chart::new("sources", text, bars, words)
}

/// Returns a number of pieces of evidence in words.
fn items(count: u32, words: &Words) -> String {
    let key = if count == 1 { "charts.items_one" } else { "charts.items_many" };
    words.fill(key, &[("count", &count.to_string())])
}
