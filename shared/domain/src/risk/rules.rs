//! The rules as data: each source contributes a file, and the files together are applied to a snapshot.

use std::cmp::Ordering;

use serde::Deserialize;
use thiserror::Error;

use super::{AppliedRule, Grade, OpenDecision, RulesAssessment};
use crate::{
    evidence::{SignalKind, Snapshot, SourceName, SourceStatus},
    language::Words,
};

/// Default of `below`, the exclusive upper bound of a rule. Strengths are at most 100.
const ABOVE_EVERY_STRENGTH: u8 = 101;

/// The rules in the order in which they are applied.
#[derive(Clone, Debug)]
pub struct Rules {
    version: String,
    rules: Vec<Rule>,
}

/// An error in a file of rules.
#[derive(Debug, Error)]
pub enum RulesError {
    /// A file is not valid TOML, or has unknown or missing members.
    #[error("a file of rules is not valid: {0}")]
    File(#[from] toml::de::Error),
    /// Two rules have the same id.
    #[error("the rule {0} is defined twice")]
    Duplicate(String),
    /// A rule cannot apply, or its points are over 100.
    #[error("the rule {0} has an empty range of strengths, or more than 100 points")]
    Range(String),
}

/// A file of rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    version: String,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    signal: SignalKind,
    at_least: u8,
    #[serde(default = "above_every_strength")]
    below: u8,
    points: u8,
    floor: Grade,
    #[serde(default)]
    review: bool,
}

fn above_every_strength() -> u8 {
    ABOVE_EVERY_STRENGTH
}

impl Rule {
    /// Returns the ids of the evidence that triggers this rule.
    fn triggers(&self, snapshot: &Snapshot) -> Vec<String> {
        let range = self.at_least..self.below;
        let triggering = snapshot.evidence.iter().filter(|entry| {
            entry.signals.iter().any(|signal| signal.kind == self.signal && range.contains(&signal.strength))
        });
        triggering.map(|entry| entry.evidence.id.clone()).collect()
    }
}

impl Rules {
    /// Joins the rules of several TOML files, in their order. The version of the whole is the newest of the
    /// files' versions.
    ///
    /// # Errors
    /// Returns [`RulesError`] if a file is not valid, two rules have the same id, or a rule has an empty
    /// range of strengths or more than 100 points.
    pub fn compose<'a>(files: impl IntoIterator<Item = &'a str>) -> Result<Self, RulesError> {
        let mut composed = Self { version: String::new(), rules: Vec::new() };
        for file in files {
            let RulesFile { version, rules } = toml::from_str(file)?;
            if is_newer(&version, &composed.version) {
                composed.version = version;
            }
            for rule in rules {
                if composed.rules.iter().any(|other| other.id == rule.id) {
                    return Err(RulesError::Duplicate(rule.id));
                }
                if rule.at_least >= rule.below || rule.points > 100 {
                    return Err(RulesError::Range(rule.id));
                }
                composed.rules.push(rule);
            }
        }
        Ok(composed)
    }

    /// Returns the version that reports record.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Iterates over the ids of the rules, each with whether it requires a review.
    pub fn ids(&self) -> impl Iterator<Item = (&str, bool)> {
        self.rules.iter().map(|rule| (rule.id.as_str(), rule.review))
    }

    /// Returns the points and the floor of the rule `id`, or `None` if these rules have no such rule: a
    /// report may come from another version.
    pub fn weight(&self, id: &str) -> Option<(u8, Grade)> {
        self.rules.iter().find(|rule| rule.id == id).map(|rule| (rule.points, rule.floor))
    }

    /// Applies the rules to `snapshot` and states the result in `words`. Signals of unknown kinds have no
    /// effect. `mandatory` sources without an answer are listed as missing.
    pub fn assess(&self, snapshot: &Snapshot, mandatory: &[SourceName], words: &Words) -> RulesAssessment {
        let mut assessed = RulesAssessment {
            floor: Grade::Low,
            score: 0,
            rules: Vec::new(),
            missing: Vec::new(),
            review: Vec::new(),
        };
        for rule in &self.rules {
            let because = rule.triggers(snapshot);
            if because.is_empty() {
                continue;
            }
            // A rule without words is shown by its id.
            let text =
                |part: &str| words.find(&format!("rules.{}.{part}", rule.id)).unwrap_or(&rule.id).to_owned();
            assessed.floor = assessed.floor.max(rule.floor);
            assessed.review.extend(rule.review.then(|| OpenDecision {
                text: text("review"),
                rule: Some(rule.id.clone()),
                evidence: because.clone(),
            }));
            assessed.score = assessed.score.saturating_add(rule.points).min(100);
            assessed.rules.push(AppliedRule { rule: rule.id.clone(), effect: text("effect"), because });
        }
        let has_answer = |name: &SourceName| {
            snapshot.sources.iter().any(|outcome| outcome.source == *name && outcome.status.has_answer())
        };
        assessed.missing = mandatory.iter().filter(|name| !has_answer(name)).cloned().collect();
        for outcome in &snapshot.sources {
            let reason = match outcome.status {
                SourceStatus::Stale => "review.source_stale",
                // The report names mandatory sources without an answer apart.
                SourceStatus::Failed if !mandatory.contains(&outcome.source) => "review.source_failed",
                _ => continue,
            };
            let source = words.text_of("sources", outcome.source.as_str());
            assessed.review.push(OpenDecision::new(words.fill(reason, &[("source", source)])));
        }
        assessed
    }
}

/// Returns whether `version` is newer than `than`. Versions such as `2026-11.3` are compared by their
/// numbers: `2026-11.10` is newer than `2026-11.9`.
fn is_newer(version: &str, than: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> {
        version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    numbers(version).cmp(&numbers(than)) == Ordering::Greater
}
