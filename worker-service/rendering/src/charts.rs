//! What people would rather look at than read, as numbers with a text that says the same.

use std::collections::BTreeMap;

use domain::{document::Document, evidence::SourceName, language::Words, risk::Rules, time::UtcTime};
use serde::Serialize;

/// Most months that news are shown for; those before are left out of the picture, not of the text.
const MONTHS: usize = 24;
/// Fewest: a year, so that one month with news is seen among others without.
const MONTHS_MIN: usize = 12;

/// The source whose evidence is shown by month.
const NEWS: SourceName = SourceName::from_static("news");

/// A chart of bars.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: String,
    /// The same as a text, for whoever does not see it.
    pub(super) text: String,
    /// The bars, in order.
    pub(super) bars: Vec<Bar>,
    /// The longest bar's value, one at least.
    pub(super) most: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: u32,
}

impl Chart {
    fn new(what: &str, text: Vec<String>, bars: Vec<Bar>, words: &Words) -> Self {
        let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
        let text = text.join(words.text("charts.separator"));
        Self { title: words.text_of("charts", what).to_owned(), text, bars, most }
    }
}

/// The points that each rule added.
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

/// The news of each month, from the first to the last that has any.
pub(super) fn mentions(document: &Document, words: &Words) -> Chart {
    let mut months: BTreeMap<(i32, u32), u32> = BTreeMap::new();
    let dated = document.evidence.iter().filter(|piece| piece.source == NEWS);
    for month in dated.filter_map(|piece| month(piece.published_at?)) {
        *months.entry(month).or_default() += 1;
    }
    let named = |(year, month): (i32, u32)| {
        let first = format!("{year:04}-{month:02}-01T00:00:00Z").parse::<UtcTime>();
        first.map_or_else(|_| format!("{year:04}-{month:02}"), |time| words.month(time))
    };
    let mut text: Vec<String> = months
        .iter()
        .map(|(month, count)| {
            let count = count.to_string();
            words.fill("charts.mentions_text", &[("month", &named(*month)), ("count", &count)])
        })
        .collect();
    if text.is_empty() {
        text.push(words.text("charts.mentions_none").to_owned());
    }
    let ends = months.keys().next().copied().zip(months.keys().next_back().copied());
    let mut bars = Vec::new();
    if let Some((first, last)) = ends {
        let mut at = last;
        while bars.len() < MONTHS_MIN || (at >= first && bars.len() < MONTHS) {
            let value = months.get(&at).copied().unwrap_or_default();
            bars.push(Bar { label: format!("{:04}-{:02}", at.0, at.1), value });
            at = if at.1 == 1 { (at.0 - 1, 12) } else { (at.0, at.1 - 1) };
        }
        bars.reverse();
    }
    Chart::new("mentions", text, bars, words)
}

fn month(time: UtcTime) -> Option<(i32, u32)> {
    let text = time.to_string();
    let mut parts = text.splitn(3, '-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// How many pieces of evidence each source gave.
pub(super) fn sources(document: &Document, words: &Words) -> Chart {
    let mut bars = Vec::new();
    let mut text = Vec::new();
    for outcome in &document.sources {
        let source = words.text_of("sources", outcome.source.as_str());
        let status = words.text_of("statuses", outcome.status.as_str());
        let items = items(outcome.items, words);
        let says = [("source", source), ("status", status), ("items", &items)];
        text.push(words.fill("charts.sources_text", &says));
        bars.push(Bar { label: format!("{source}: {status}"), value: outcome.items });
    }
    Chart::new("sources", text, bars, words)
}

fn items(count: u32, words: &Words) -> String {
    let key = if count == 1 { "charts.items_one" } else { "charts.items_many" };
    words.fill(key, &[("count", &count.to_string())])
}
