//! The findings by weight, each with its quotes in their context, and the matches with lists.

use domain::{
    assessment::{Category, Citation, Finding},
    document::Document,
    evidence::{Evidence, ListMatch},
    language::Words,
    risk::Rules,
};
use serde::Serialize;

use super::origin::origin;
use crate::texts::{beginning, ending};

/// Maximum width of the context on each side of a quote, in half-width columns.
const CONTEXT_MAX: usize = 140;
/// The categories of findings, the gravest first.
const CATEGORIES: [Category; 5] =
    [Category::Sanctions, Category::AdverseMedia, Category::Registry, Category::Country, Category::Other];

/// A finding.
#[derive(Debug, Serialize)]
pub(crate) struct FindingView<'a> {
    pub(crate) severity: &'a str,
    pub(crate) severity_name: &'a str,
    /// The name of its category.
    pub(crate) category: &'a str,
    pub(crate) statement: &'a str,
    pub(crate) quotes: Vec<QuoteView<'a>>,
}

/// A quote in its context.
#[derive(Debug, Serialize)]
pub(crate) struct QuoteView<'a> {
    /// The text before the quote, cut.
    pub(crate) before: String,
    pub(crate) quote: &'a str,
    /// The text after the quote, cut.
    pub(crate) after: String,
    /// The id of the evidence.
    pub(crate) id: &'a str,
    /// Where it comes from: the source, who published it, and when.
    pub(crate) origin: String,
    /// How strong the match with a list is, if the evidence is one.
    pub(crate) strength: Option<String>,
}

/// A match with an entry of a list.
#[derive(Debug, Serialize)]
pub(crate) struct MatchView<'a> {
    /// Who matches: the company or a related party.
    pub(crate) of: String,
    pub(crate) entry: &'a str,
    pub(crate) list: &'a str,
    pub(crate) strength: String,
    pub(crate) why: String,
    pub(crate) id: &'a str,
}

/// Returns the findings as the report shows them.
pub(crate) fn of<'a>(document: &'a Document, words: &'a Words, rules: &Rules) -> Vec<FindingView<'a>> {
    let view = |finding: &'a Finding| FindingView {
        severity: finding.severity.as_str(),
        severity_name: words.text_of("severities", finding.severity.as_str()),
        category: words.text_of("categories", finding.category.as_str()),
        statement: &finding.statement,
        quotes: finding.citations.iter().map(|citation| quote(citation, document, words)).collect(),
    };
    by_weight(document, rules).into_iter().map(view).collect()
}

/// Returns the findings, the weightiest first: by severity, then by the points of the rules that rest on the same
/// evidence.
pub(crate) fn by_weight<'a>(document: &'a Document, rules: &Rules) -> Vec<&'a Finding> {
    let points = |finding: &Finding| -> u32 {
        let rests_on = |rule: &&domain::risk::AppliedRule| {
            finding.citations.iter().any(|citation| rule.because.contains(&citation.evidence_id))
        };
        let applied = document.rules.iter().filter(rests_on);
        applied.filter_map(|rule| rules.weight(&rule.rule)).map(|(points, _)| u32::from(points)).sum()
    };
    let place = |category: Category| CATEGORIES.iter().position(|other| *other == category);
    let mut findings: Vec<&Finding> = document.findings.iter().collect();
    findings.sort_by_cached_key(|finding| {
        (std::cmp::Reverse((finding.severity, points(finding))), place(finding.category))
    });
    findings
}

fn quote<'a>(citation: &'a Citation, document: &'a Document, words: &'a Words) -> QuoteView<'a> {
    let piece = document.evidence.iter().find(|piece| piece.id == citation.evidence_id);
    let around = piece.and_then(|piece| piece.text.split_once(citation.quote.as_str()));
    let (before, after) = around.map(|(before, after)| context(before, after)).unwrap_or_default();
    QuoteView {
        before,
        quote: &citation.quote,
        after,
        id: &citation.evidence_id,
        origin: piece.map(|piece| origin(piece, words)).unwrap_or_default(),
        strength: piece
            .and_then(|piece| piece.facts().list_match.as_ref())
            .map(|found| in_words(found, words)),
    }
}

/// Returns what stands before and after a quote, each cut to [`CONTEXT_MAX`], with an ellipsis where something is cut.
fn context(before: &str, after: &str) -> (String, String) {
    let (last, first) = (ending(before, CONTEXT_MAX), beginning(after, CONTEXT_MAX));
    let before_is_cut = last.trim_start().len() < before.trim_start().len();
    let after_is_cut = first.len() < after.trim_end().len();
    let before = if before_is_cut { format!("…{last}") } else { last.to_owned() };
    let whole = first.trim_end_matches([',', ';', ':', '.', ' ', '、', '。']);
    let after = if after_is_cut { format!("{whole}…") } else { first.to_owned() };
    (before, after)
}

/// Returns how strong a match is, in words.
fn strength(found: &ListMatch, words: &Words) -> String {
    let key = match (found.is_match, found.linked) {
        (true, false) => "match.match",
        (true, true) => "match.linked",
        (false, _) => "match.resemblance",
    };
    words.fill(key, &[("score", &found.score.to_string())])
}

fn in_words(found: &ListMatch, words: &Words) -> String {
    let key = if found.list.is_empty() { "match.in_words_of_no_list" } else { "match.in_words" };
    let strength = strength(found, words);
    let text = words.fill(key, &[("strength", &strength), ("entry", &found.entry), ("list", &found.list)]);
    let why = why(found, words).map(|reasons| words.fill("match.why", &[("reasons", &reasons)]));
    [text].into_iter().chain(why).collect::<Vec<_>>().join(words.text("report.between"))
}

/// Returns why an entry of a list matches, or `None` if that is not known.
fn why(found: &ListMatch, words: &Words) -> Option<String> {
    let reasons = found.reasons.as_ref()?;
    let clauses = reasons.other_name_in_words(words).into_iter().chain([reasons.in_words(words)]);
    let text = clauses.collect::<Vec<_>>().join(words.text("match_reasons.separator"));
    Some(match reasons.score_in_words(words) {
        Some(score) => words.fill("report.noted", &[("text", &text), ("note", &score)]),
        None => text,
    })
}

/// Returns every match with an entry of a list, the strongest first.
pub(crate) fn matches<'a>(document: &'a Document, words: &'a Words) -> Vec<MatchView<'a>> {
    let found = |piece: &'a Evidence| Some((piece.facts().list_match.as_ref()?, piece));
    let mut matches: Vec<(&ListMatch, &Evidence)> = document.evidence.iter().filter_map(found).collect();
    matches.sort_by_key(|(found, _)| std::cmp::Reverse((found.is_match, found.score)));
    let view = |(found, piece): (&'a ListMatch, &'a Evidence)| MatchView {
        of: piece.facts().party.as_ref().map_or_else(
            || words.text("report.the_company").to_owned(),
            |party| {
                let relation = words.text_of("relations", &party.relation);
                words.fill("report.noted", &[("text", &party.name), ("note", relation)])
            },
        ),
        entry: &found.entry,
        list: &found.list,
        strength: strength(found, words),
        why: why(found, words).unwrap_or_else(|| words.text("report.match_unexplained").to_owned()),
        id: &piece.id,
    };
    matches.into_iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_of_a_quote_is_cut_at_words_and_says_so() {
        let long = "word ".repeat(60);
        let (before, after) = context(&long, &long);
        assert!(before.starts_with("…word") && before.ends_with("word "), "{before}");
        assert!(after.starts_with("word ") && after.ends_with("word…"), "{after}");
        assert_eq!(context("In May, ", " It appealed."), ("In May, ".to_owned(), " It appealed.".to_owned()));
        assert_eq!(context("", ""), (String::new(), String::new()));
    }
}
