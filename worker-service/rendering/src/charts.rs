//! Computes the charts of a report: numbers, and sentences with the same content. A chart that would show nothing that a
//! reader does not see in the text is left out.

use std::collections::BTreeMap;

use domain::{document::Document, evidence::SourceName, language::Words, risk::Rules, time::UtcTime};
use serde::Serialize;

use crate::texts::shortened;

/// Maximum number of months in the chart of news. Earlier months are omitted from the chart, not from its text.
const MONTHS_MAX: usize = 24;
/// Minimum number of months in the chart of news: a year, so that months with news appear among months without.
const MONTHS_MIN: usize = 12;
/// Minimum number of news items in the chart of news. The timeline shows fewer as well.
const NEWS_MIN: u32 = 6;
/// Minimum number of months with news in the chart of news.
const MONTHS_WITH_NEWS_MIN: usize = 3;
/// Maximum width of the label of a bar, in half-width columns.
const LABEL_MAX: usize = 104;
/// Minimum number of rules in the chart of points.
const RULES_MIN: usize = 2;

/// The source whose evidence the chart counts by month.
const NEWS: SourceName = SourceName::from_static("news");

/// A bar chart.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// Whether the bars stand beside each other, without a label for each of them.
    pub(super) upright: bool,
    /// What the chart shows.
    pub(super) title: String,
    /// The content of the chart as sentences, for readers who cannot see it.
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
    fn new(upright: bool, title: &str, sentences: &[String], bars: Vec<Bar>, words: &Words) -> Self {
        let max = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
        let text = sentences.join(words.text("report.between"));
        Self { upright, title: title.to_owned(), text, bars, max }
    }
}

/// Returns the charts that show something.
pub(super) fn of(document: &Document, words: &Words, rules: &Rules) -> Vec<Chart> {
    [score(document, words, rules), mentions(document, words)].into_iter().flatten().collect()
}

/// Returns the chart of the points that each rule added to the score, if several did.
fn score(document: &Document, words: &Words, rules: &Rules) -> Option<Chart> {
    let bar = |rule: &domain::risk::AppliedRule| {
        let (points, _) = rules.weight(&rule.rule)?;
        let label = first_clause(&rule.effect).to_owned();
        (points > 0).then_some(Bar { label, value: u32::from(points) })
    };
    let mut bars: Vec<Bar> = document.rules.iter().filter_map(bar).collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.value));
    if bars.len() < RULES_MIN {
        return None;
    }
    let sentence = |bar: &Bar| {
        let points = bar.value.to_string();
        words.fill("charts.score_text", &[("rule", &bar.label), ("points", &points)])
    };
    let mut sentences = vec![words.text("charts.score_intro").to_owned()];
    sentences.extend(bars.iter().map(sentence));
    bars.iter_mut().for_each(|bar| bar.label = shortened(&bar.label, LABEL_MAX));
    sentences.push(words.fill("charts.score_total", &[("score", &document.risk_score.to_string())]));
    Some(Chart::new(false, words.text("charts.score"), &sentences, bars, words))
}

/// Returns the beginning of a rule's effect, which says what is so. What follows says what it does to the level.
pub(super) fn first_clause(effect: &str) -> &str {
    let end = effect.find([':', '。', '：']).unwrap_or(effect.len());
    effect.get(..end).unwrap_or(effect).trim().trim_end_matches('.')
}

/// Returns the chart of the news per month, up to the last month that has any, if there are enough.
fn mentions(document: &Document, words: &Words) -> Option<Chart> {
    // Counts by year and month.
    let mut months: BTreeMap<(i32, u32), u32> = BTreeMap::new();
    let news = document.evidence.iter().filter(|piece| piece.source == NEWS);
    for month in news.filter_map(|piece| month(piece.published_at?)) {
        *months.entry(month).or_default() += 1;
    }
    if months.len() < MONTHS_WITH_NEWS_MIN || months.values().sum::<u32>() < NEWS_MIN {
        return None;
    }
    let (first, last) = (*months.keys().next()?, *months.keys().next_back()?);
    let counted: Vec<String> = months
        .iter()
        .map(|(month, count)| {
            let (month, count) = (month_name(*month, words), count.to_string());
            words.fill("charts.mentions_text", &[("month", &month), ("count", &count)])
        })
        .collect();
    let counted = counted.join(words.text("charts.mentions_separator"));
    let sentences = [
        words.text("charts.mentions_intro").to_owned(),
        words.fill("charts.mentions_sentence", &[("months", &counted)]),
    ];
    let mut bars = Vec::new();
    // From the last month backwards.
    let mut month = last;
    while bars.len() < MONTHS_MIN || (month >= first && bars.len() < MONTHS_MAX) {
        let value = months.get(&month).copied().unwrap_or_default();
        bars.push(Bar { label: month_name(month, words), value });
        month = if month.1 == 1 { (month.0 - 1, 12) } else { (month.0, month.1 - 1) };
    }
    bars.reverse();
    Some(Chart::new(true, words.text("charts.mentions"), &sentences, bars, words))
}

fn month_name((year, month): (i32, u32), words: &Words) -> String {
    let first = format!("{year:04}-{month:02}-01T00:00:00Z").parse::<UtcTime>();
    first.map_or_else(|_| format!("{year:04}-{month:02}"), |time| words.month(time))
}

/// Returns the year and month of `time`.
fn month(time: UtcTime) -> Option<(i32, u32)> {
    let text = time.to_string();
    let mut parts = text.splitn(3, '-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
