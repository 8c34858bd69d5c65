//! The faults of one stand-in, with their probabilities.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind::{FaultKind, StandIn};

/// The faults of a stand-in. In JSON, a fault whose field is absent never occurs, and unknown fields are
/// rejected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Faults {
    /// Probability of 429 (too many requests).
    pub throttle: f64,
    /// Probability of a server error.
    pub error: f64,
    /// Delay of every answer.
    pub latency: Duration,
    /// Probability of an answer that violates its schema.
    pub malformed: f64,
    /// Probability of findings without citations.
    pub uncited: f64,
    /// Probability of citations of evidence or quotes that do not exist.
    pub hallucinated: f64,
    /// Probability that the model refuses to answer.
    pub refusal: f64,
    /// Probability of numbers and dates that are not in the evidence.
    pub wrong_numbers: f64,
    /// Probability of a risk level below the floor of the rules.
    pub under_floor: f64,
    /// Probability that the model follows instructions in the evidence.
    pub obedient: f64,
    /// Probability of an answer in a language that was not requested.
    pub other_language: f64,
    /// Probability of 400 because the schema of native structured output cannot be compiled.
    pub grammar: f64,
    /// Probability of 200 with a body that cannot be parsed.
    pub unreadable: f64,
    /// Probability of an answer that does not state its tokens.
    pub without_usage: f64,
    /// Probability of a whole answer that a guardrail or filter says it changed.
    pub intervened: f64,
    /// Probability that the verifier calls every claim supported.
    pub verifier_approves: f64,
    /// Probability that the verifier calls the first claim contradicted.
    pub verifier_contradicts: f64,
    /// Probability that the verifier refuses to answer.
    pub verifier_refuses: f64,
    /// Probability of a verifier's answer that violates its schema.
    pub verifier_malformed: f64,
    /// Probability that the verifier never answers.
    pub verifier_hangs: f64,
    /// Probability that the verifier leaves out a claim or judges one twice.
    pub verifier_miscounts: f64,
    /// Probability that the verifier judges claims that do not exist.
    pub verifier_unknown_ids: f64,
}

impl Faults {
    /// Returns whether this kind of fault can occur.
    pub(super) fn has(&self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Latency => !self.latency.is_zero(),
            FaultKind::Throttle => self.throttle > 0.0,
            FaultKind::Error => self.error > 0.0,
            FaultKind::Malformed => self.malformed > 0.0,
            FaultKind::Uncited => self.uncited > 0.0,
            FaultKind::Hallucinated => self.hallucinated > 0.0,
            FaultKind::Refusal => self.refusal > 0.0,
            FaultKind::OtherLanguage => self.other_language > 0.0,
            FaultKind::Obedient => self.obedient > 0.0,
            FaultKind::UnderFloor => self.under_floor > 0.0,
            FaultKind::WrongNumbers => self.wrong_numbers > 0.0,
            FaultKind::Grammar => self.grammar > 0.0,
            FaultKind::Unreadable => self.unreadable > 0.0,
            FaultKind::WithoutUsage => self.without_usage > 0.0,
            FaultKind::Intervened => self.intervened > 0.0,
            FaultKind::VerifierApproves => self.verifier_approves > 0.0,
            FaultKind::VerifierContradicts => self.verifier_contradicts > 0.0,
            FaultKind::VerifierRefuses => self.verifier_refuses > 0.0,
            FaultKind::VerifierMalformed => self.verifier_malformed > 0.0,
            FaultKind::VerifierHangs => self.verifier_hangs > 0.0,
            FaultKind::VerifierMiscounts => self.verifier_miscounts > 0.0,
            FaultKind::VerifierUnknownIds => self.verifier_unknown_ids > 0.0,
        }
    }

    /// Returns the probability of `kind`, or `None` for the latency.
    pub(super) fn probability_mut(&mut self, kind: FaultKind) -> Option<&mut f64> {
        Some(match kind {
            FaultKind::Latency => return None,
            FaultKind::Throttle => &mut self.throttle,
            FaultKind::Error => &mut self.error,
            FaultKind::Malformed => &mut self.malformed,
            FaultKind::Uncited => &mut self.uncited,
            FaultKind::Hallucinated => &mut self.hallucinated,
            FaultKind::Refusal => &mut self.refusal,
            FaultKind::OtherLanguage => &mut self.other_language,
            FaultKind::Obedient => &mut self.obedient,
            FaultKind::UnderFloor => &mut self.under_floor,
            FaultKind::WrongNumbers => &mut self.wrong_numbers,
            FaultKind::Grammar => &mut self.grammar,
            FaultKind::Unreadable => &mut self.unreadable,
            FaultKind::WithoutUsage => &mut self.without_usage,
            FaultKind::Intervened => &mut self.intervened,
            FaultKind::VerifierApproves => &mut self.verifier_approves,
            FaultKind::VerifierContradicts => &mut self.verifier_contradicts,
            FaultKind::VerifierRefuses => &mut self.verifier_refuses,
            FaultKind::VerifierMalformed => &mut self.verifier_malformed,
            FaultKind::VerifierHangs => &mut self.verifier_hangs,
            FaultKind::VerifierMiscounts => &mut self.verifier_miscounts,
            FaultKind::VerifierUnknownIds => &mut self.verifier_unknown_ids,
        })
    }

    /// Returns the faults that `stand_in` supports, and the kinds that it does not.
    pub(super) fn supported_by(mut self, stand_in: StandIn) -> (Self, Vec<FaultKind>) {
        let ignored: Vec<FaultKind> =
            FaultKind::ALL.into_iter().filter(|kind| self.has(*kind) && !stand_in.supports(*kind)).collect();
        for kind in &ignored {
            match self.probability_mut(*kind) {
                Some(probability) => *probability = 0.0,
                None => self.latency = Duration::ZERO,
            }
        }
        (self, ignored)
    }
}
