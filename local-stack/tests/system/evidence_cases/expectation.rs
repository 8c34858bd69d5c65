//! What a case expects of a report.

use std::collections::BTreeMap;

use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::Value;

/// The levels in ascending order; a level that is not determined counts as medium.
const LEVELS: [&str; 3] = ["LOW", "MEDIUM", "HIGH"];

/// An expectation. All of its members must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expectation {
    pub(super) run: Option<String>,
    level_at_least: Option<String>,
    level_at_most: Option<String>,
    rule: Option<String>,
    no_rule: Option<String>,
    review: Option<bool>,
    evidence: Option<Pattern>,
    no_evidence: Option<Pattern>,
    source: Option<BTreeMap<String, Vec<String>>>,
    any_of: Option<Vec<Expectation>>,
}

/// A piece of evidence: of a source, or of any, with a text that matches a regular expression.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    source: Option<String>,
    matches: String,
}

fn level(report: &Value) -> usize {
    let level = report["riskLevel"].as_str().unwrap();
    LEVELS.iter().position(|known| *known == level).unwrap_or(1)
}

impl Pattern {
    fn is_in(&self, report: &Value) -> bool {
        let matches =
            RegexBuilder::new(&self.matches).case_insensitive(true).dot_matches_new_line(true).build();
        let matches = matches.unwrap();
        report["evidence"].as_array().unwrap().iter().any(|piece| {
            let text = format!("{}\n{}", piece["title"].as_str().unwrap(), piece["text"].as_str().unwrap());
            self.source.as_deref().is_none_or(|source| piece["source"] == source) && matches.is_match(&text)
        })
    }
}

impl Expectation {
    /// Returns what of the expectation does not hold for `report`.
    pub(super) fn problems(&self, report: &Value) -> Vec<String> {
        let has_rule = |begin: &str| {
            let rules = report["rules"].as_array().unwrap();
            rules.iter().any(|rule| rule["rule"].as_str().unwrap().starts_with(begin))
        };
        let at = |name: &str| LEVELS.iter().position(|known| *known == name).unwrap();
        let mut problems = Vec::new();
        let mut check = |holds: Option<bool>, what: String| {
            if holds == Some(false) {
                problems.push(what);
            }
        };
        let found = report["riskLevel"].as_str().unwrap();
        check(
            self.level_at_least.as_deref().map(|least| level(report) >= at(least)),
            format!("{found} is below {:?}", self.level_at_least),
        );
        check(
            self.level_at_most.as_deref().map(|most| level(report) <= at(most)),
            format!("{found} is above {:?}: {}", self.level_at_most, report["rules"]),
        );
        check(self.rule.as_deref().map(has_rule), format!("no rule {:?}: {}", self.rule, report["evidence"]));
        check(
            self.no_rule.as_deref().map(|begin| !has_rule(begin)),
            format!("a rule {:?}: {}", self.no_rule, report["evidence"]),
        );
        check(
            self.review.map(|review| report["review"]["required"] == review),
            format!("review is {}", report["review"]),
        );
        check(
            self.evidence.as_ref().map(|pattern| pattern.is_in(report)),
            format!("no evidence {:?} in {}", self.evidence, report["evidence"]),
        );
        check(
            self.no_evidence.as_ref().map(|pattern| !pattern.is_in(report)),
            format!("evidence {:?} in {}", self.no_evidence, report["evidence"]),
        );
        for (name, statuses) in self.source.iter().flatten() {
            let sources = report["sources"].as_array().unwrap();
            let ended = sources.iter().find(|source| source["source"] == name.as_str());
            let ended = ended.and_then(|source| source["status"].as_str()).unwrap_or_default().to_owned();
            check(Some(statuses.contains(&ended)), format!("source {name} is {ended}"));
        }
        if let Some(any) = &self.any_of {
            let held = any.iter().any(|one| one.problems(report).is_empty());
            check(Some(held), format!("none of {any:?}: {}", report["evidence"]));
        }
        problems
    }
}
