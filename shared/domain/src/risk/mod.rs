//! Risk from the evidence alone: versioned rules give a floor and a score, reproducible offline.

use std::{fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::{
    evidence::{SignalKind, Snapshot, SourceName},
    language::Words,
};

/// How risky it is to do business with a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum RiskLevel {
    /// Nothing of weight was found, and everything mandatory was asked.
    Low,
    /// Something was found that a person should weigh.
    Medium,
    /// Something was found that stands against doing business.
    High,
    /// A mandatory source gave no answer: nothing can be said.
    Undetermined,
}

impl RiskLevel {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Undetermined];

    /// Its name in reports, the API and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Undetermined => "UNDETERMINED",
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A level that evidence can give: what the rules' floor and the model's opinion are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// See [`RiskLevel::Low`].
    #[default]
    Low,
    /// See [`RiskLevel::Medium`].
    Medium,
    /// See [`RiskLevel::High`].
    High,
}

impl Grade {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        RiskLevel::from(self).as_str()
    }
}

impl From<Grade> for RiskLevel {
    fn from(floor: Grade) -> Self {
        match floor {
            Grade::Low => Self::Low,
            Grade::Medium => Self::Medium,
            Grade::High => Self::High,
        }
    }
}

/// A rule that was set off, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedRule {
    /// The rule's id.
    #[cfg_attr(feature = "openapi", schema(example = "sanctions.match"))]
    pub rule: String,
    /// What it does to the report, in words.
    pub effect: String,
    /// The evidence that set it off.
    #[cfg_attr(feature = "openapi", schema(example = json!(["E3"])))]
    pub because: Vec<String>,
}

/// What the rules say about a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessed {
    /// The lowest level that the report may have, were every mandatory source there.
    pub floor: Grade,
    /// From 0 to 100.
    pub score: u8,
    /// The rules that were set off, in the order of the file.
    pub rules: Vec<AppliedRule>,
    /// Mandatory sources without an answer: with any, the level is UNDETERMINED.
    pub missing: Vec<SourceName>,
    /// Why a person must look, as the rules see it.
    pub review: Vec<String>,
}

impl Assessed {
    /// The level of a report whose model gave the opinion `opinion`: never under the floor, and
    /// UNDETERMINED while a mandatory source is missing.
    pub fn level(&self, opinion: Option<Grade>) -> RiskLevel {
        if self.missing.is_empty() {
            self.floor.max(opinion.unwrap_or_default()).into()
        } else {
            RiskLevel::Undetermined
        }
    }
}

/// The rules, as read from their file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Changes with every change of a rule.
    pub version: String,
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    signal: SignalKind,
    at_least: u8,
    #[serde(default = "above_all")]
    below: u8,
    points: u8,
    floor: Grade,
    #[serde(default)]
    review: bool,
}

fn above_all() -> u8 {
    101
}

static BUILT_IN: LazyLock<Rules> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    toml::from_str(include_str!("rules.toml")).expect("rules.toml is valid")
});

impl Rules {
    /// The rules that this version of Dossier ships.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The points and the floor of the rule `id`; none where these rules have no such rule.
    pub fn weight(&self, id: &str) -> Option<(u8, Grade)> {
        self.rules.iter().find(|rule| rule.id == id).map(|rule| (rule.points, rule.floor))
    }

    /// What the rules say about `snapshot`, in `words`, when the `mandatory` sources must have answered.
    pub fn assess(&self, snapshot: &Snapshot, mandatory: &[SourceName], words: &Words) -> Assessed {
        let mut assessed = Assessed {
            floor: Grade::Low,
            score: 0,
            rules: Vec::new(),
            missing: Vec::new(),
            review: Vec::new(),
        };
        for rule in &self.rules {
            let sets_off = |strength: u8| (rule.at_least..rule.below).contains(&strength);
            let because: Vec<String> = snapshot
                .evidence
                .iter()
                .filter(|piece| piece.signals.iter().any(|s| s.kind == rule.signal && sets_off(s.strength)))
                .map(|piece| piece.evidence.id.clone())
                .collect();
            if !because.is_empty() {
                assessed.floor = assessed.floor.max(rule.floor);
                let says = |what: &str| words.fill(&format!("rules.{}.{what}", rule.id), &[]);
                assessed.review.extend(rule.review.then(|| says("review")));
                assessed.score = assessed.score.saturating_add(rule.points).min(100);
                assessed.rules.push(AppliedRule { rule: rule.id.clone(), effect: says("effect"), because });
            }
        }
        let answered = |name: &SourceName| {
            snapshot.sources.iter().any(|outcome| outcome.source == *name && outcome.status.has_answer())
        };
        assessed.missing = mandatory.iter().copied().filter(|name| !answered(name)).collect();
        assessed
    }
}

#[cfg(test)]
mod tests;
