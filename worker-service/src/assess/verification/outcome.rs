//! What a verification means for the report: which claims are dropped, and why a person must review it.

use domain::{
    document::{Dropped, VerificationOutcome, VerifierVersion},
    language::Words,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    claim::{ClaimKind, ClaimSet},
    verdict::{Judgement, Verdict},
    verifier::ClaimVerifier,
};
use crate::{
    assess::{answer::ModelAnswer, opinion::Opinion},
    failure::{BUDGET_EXCEEDED, Failure, PAID_CALLS_EXCEEDED},
};

/// Why claims were not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unverified(pub(crate) VerificationOutcome);

/// The result of a verification.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    verifier: String,
    version: String,
    claims: Vec<(ClaimKind, String)>,
    /// The answers of the verifier, in order.
    pub(crate) answers: Vec<ModelAnswer>,
    /// One judgement for each claim, in their order.
    pub(crate) result: Result<Vec<Judgement>, Unverified>,
}

/// What is left of an opinion after the verification.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verified {
    /// Claims that are left out of the report.
    pub(crate) dropped: Vec<Dropped>,
    /// Reasons why a person must review the report.
    pub(crate) review: Vec<String>,
    /// Why the summary is left out, if it is.
    pub(crate) without_summary: Option<String>,
}

/// What a verifier found in the claims of an assessment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifierFindings {
    /// The verifier, and whether it judged the claims.
    pub verifier: VerifierVersion,
    /// Number of claims, the summary included.
    pub claims: usize,
    /// Claims that their evidence contradicts.
    pub contradicted: Vec<JudgedStatement>,
    /// Claims that their evidence does not state.
    pub not_stated: Vec<JudgedStatement>,
    /// Claims that the verifier cannot judge.
    pub not_judged: Vec<JudgedStatement>,
}

impl VerifierFindings {
    /// Returns what an operator should know, one line for each claim that is not supported, or the reason why the
    /// claims were not verified.
    pub(crate) fn lines(&self) -> Vec<String> {
        let verdicts = [
            ("contradicted", &self.contradicted),
            ("not stated", &self.not_stated),
            ("not judged", &self.not_judged),
        ];
        let line = |verdict: &str, JudgedStatement { statement, reason }: &JudgedStatement| {
            format!("{verdict}: {statement} ({reason})")
        };
        let of_claims = verdicts
            .into_iter()
            .flat_map(|(verdict, claims)| claims.iter().map(move |claim| line(verdict, claim)));
        let VerifierVersion { id, outcome, .. } = &self.verifier;
        let failed = (*outcome != VerificationOutcome::Verified)
            .then(|| format!("verifier: {} by {id} of {} claims", outcome.as_str(), self.claims));
        failed.into_iter().chain(of_claims).collect()
    }
}

/// A claim with the verifier's reason for its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgedStatement {
    /// The claim.
    pub statement: String,
    /// The reason, in English.
    pub reason: String,
}

impl Unverified {
    /// Returns the reason for a verification that ended with `failure`.
    pub(super) fn after(failure: &Failure) -> Self {
        Self(match failure.code {
            BUDGET_EXCEEDED => VerificationOutcome::BudgetExceeded,
            PAID_CALLS_EXCEEDED => VerificationOutcome::PaidCallsExceeded,
            _ => VerificationOutcome::Unavailable,
        })
    }
}

impl Verification {
    pub(super) fn new(
        verifier: &dyn ClaimVerifier,
        claims: &ClaimSet<'_>,
        answers: Vec<ModelAnswer>,
        result: Result<Vec<Judgement>, Unverified>,
    ) -> Self {
        let claims = claims.claims.iter().map(|claim| (claim.kind, claim.statement.to_owned())).collect();
        let (verifier, version) = (verifier.id().to_owned(), verifier.version().to_owned());
        Self { verifier, version, claims, answers, result }
    }

    /// Removes the claims from `opinion` that the evidence contradicts or does not state. A summary that states
    /// more than its evidence stays and is reviewed, because it also speaks of the search and the rules.
    pub(crate) fn apply(&self, opinion: &mut Opinion, words: &Words) -> Verified {
        let mut verified = Verified::default();
        let judgements = match &self.result {
            Ok(judgements) => judgements,
            Err(Unverified(outcome)) => {
                let why = words.text_of("unverified", outcome.as_str());
                verified.review.push(words.fill("review.unverified", &[("why", why)]));
                return verified;
            }
        };
        let mut drop_claim = |statement: &str, verdict: Verdict| {
            let reason = words.text_of("verdicts", verdict.as_str()).to_owned();
            verified.dropped.push(Dropped { statement: statement.to_owned(), reason: reason.clone() });
            reason
        };
        let unjudged = judgements.iter().filter(|judgement| judgement.verdict == Verdict::NotJudged).count();
        let mut findings = std::mem::take(&mut opinion.findings).into_iter();
        for ((kind, statement), judgement) in self.claims.iter().zip(judgements) {
            match (kind, judgement.verdict) {
                (ClaimKind::Finding, Verdict::Supported | Verdict::NotJudged) => {
                    opinion.findings.extend(findings.next());
                }
                (ClaimKind::Finding, verdict) => {
                    findings.next();
                    drop_claim(statement, verdict);
                }
                (ClaimKind::Summary, Verdict::Supported | Verdict::NotJudged) => {}
                (ClaimKind::Summary, Verdict::NotStated) => {
                    verified.review.push(words.text("review.summary_not_stated").to_owned());
                }
                (ClaimKind::Summary, Verdict::Contradicted) => {
                    opinion.summary = None;
                    verified.without_summary = Some(drop_claim(statement, Verdict::Contradicted));
                }
            }
        }
        if unjudged > 0 {
            let (count, total) = (unjudged.to_string(), judgements.len().to_string());
            verified.review.push(words.fill("review.unjudged", &[("count", &count), ("total", &total)]));
        }
        verified
    }

    /// Returns whether the claim that states `statement` has a verdict.
    pub(crate) fn has_judged(&self, statement: &str) -> bool {
        self.judged().any(|(claim, judgement)| claim == statement && judgement.verdict != Verdict::NotJudged)
    }

    /// Returns the statements of the claims with their judgements; empty if the verifier failed.
    fn judged(&self) -> impl Iterator<Item = (&str, &Judgement)> {
        let judgements = self.result.as_ref().map(Vec::as_slice).unwrap_or_default();
        self.claims.iter().map(|(_, statement)| statement.as_str()).zip(judgements)
    }

    /// Returns whether the claims were verified, and if not, why.
    pub(super) fn outcome(&self) -> VerificationOutcome {
        match &self.result {
            Ok(judgements) if judgements.iter().any(|judged| judged.verdict == Verdict::NotJudged) => {
                VerificationOutcome::UnsupportedLanguage
            }
            Ok(_) => VerificationOutcome::Verified,
            Err(Unverified(outcome)) => *outcome,
        }
    }

    /// Returns the verdicts on the claims; empty if the verifier failed.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.judged().map(|(_, judgement)| judgement.verdict)
    }

    /// Returns what the verifier found, for those who compare prompts or models.
    pub(crate) fn findings(&self) -> VerifierFindings {
        let with = |verdict: Verdict| {
            let judged = self.judged().filter(move |(_, judgement)| judgement.verdict == verdict);
            judged
                .map(|(statement, judgement)| JudgedStatement {
                    statement: statement.to_owned(),
                    reason: judgement.reason.clone(),
                })
                .collect()
        };
        VerifierFindings {
            verifier: self.to_version(),
            claims: self.claims.len(),
            contradicted: with(Verdict::Contradicted),
            not_stated: with(Verdict::NotStated),
            not_judged: with(Verdict::NotJudged),
        }
    }

    /// Returns the verifier as the report names it.
    pub(crate) fn to_version(&self) -> VerifierVersion {
        let outcome = self.outcome();
        // A stored answer may be that of a verifier that is no longer configured.
        match self.answers.last() {
            Some(answer) => VerifierVersion {
                id: answer.model.clone(),
                prompt: answer.prompt.clone(),
                outcome,
                parameters: Some(answer.parameters.clone()),
            },
            None => VerifierVersion {
                id: self.verifier.clone(),
                prompt: self.version.clone(),
                outcome,
                parameters: None,
            },
        }
    }

    /// Returns the part of the audit bundle that records the verification.
    pub(crate) fn to_json(&self) -> Value {
        let verdict = |index: usize| self.result.as_ref().ok().and_then(|judgements| judgements.get(index));
        let claims = self.claims.iter().enumerate().map(|(index, (_, statement))| {
            json!({
                "id": ClaimSet::id(index),
                "claim": statement,
                "verdict": verdict(index).map(|judgement| judgement.verdict.as_str()),
                "reason": verdict(index).map(|judgement| judgement.reason.as_str()),
            })
        });
        json!({
            "verifier": self.to_version(),
            "claims": claims.collect::<Vec<_>>(),
            "answers": self.answers,
        })
    }
}
