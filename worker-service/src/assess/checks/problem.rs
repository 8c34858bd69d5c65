//! A problem with an answer: what is wrong, and where.

use domain::language::Language;
use serde_json::{Value, json};

use super::flaw::Flaw;

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The whole answer.
    Answer,
    /// The summary.
    Summary,
    /// One of the findings, counted from 1.
    Finding(usize),
}

/// Something that is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The part of the answer that has the problem.
    pub(crate) place: Place,
    /// What is wrong with it.
    pub(crate) flaw: Flaw,
}

impl Problem {
    /// Returns whether the problem is in a finding.
    pub(crate) fn is_of_finding(&self) -> bool {
        matches!(self.place, Place::Finding(_))
    }

    /// Returns the entry that the audit bundle stores for this problem: `{"check", "place", "problem"}`.
    pub(crate) fn to_json(&self) -> Value {
        let place = match self.place {
            Place::Answer => "answer".to_owned(),
            Place::Summary => "summary".to_owned(),
            Place::Finding(number) => format!("finding {number}"),
        };
        json!({"check": self.flaw.check().as_str(), "place": place, "problem": self.for_model()})
    }

    /// Returns a description of the problem in English, for the request to the model to repair its answer.
    pub(crate) fn for_model(&self) -> String {
        let what = self.flaw.text(Language::ENGLISH.base_words());
        match self.place {
            Place::Answer => format!("the answer: {what}"),
            Place::Summary => format!("summary: {what}"),
            Place::Finding(number) => format!("finding {number}: {what}"),
        }
    }
}
