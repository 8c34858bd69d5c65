//! The result of an evaluation: its figures, their table, and the decision whether they are good enough.

use std::io::{self, Write};

use domain::{document::VerificationOutcome, risk::RiskLevel};
use serde::Serialize;
use thiserror::Error;

use crate::assess::{JudgedStatement, VerifierFindings};

/// The reason why an evaluation has no result, or a result that is not good enough.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// The cases cannot be read.
    #[error("the cases cannot be read:\n{0}")]
    Cases(String),
    /// The model or the prompt cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The result cannot be written.
    #[error("the result cannot be written: {0}")]
    Out(#[from] io::Error),
    /// Too few levels agree, too few facts are found, too few summaries are the model's, or an untrue claim
    /// reached a report.
    #[error("the evaluation fell short: {0}")]
    Short(String),
}

/// The result of one case.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// Name of the case.
    pub case: String,
    /// The expected level.
    pub expected: RiskLevel,
    /// The assessed level; `None` if no model answered.
    pub level: Option<RiskLevel>,
    /// Number of findings in all answers of the model.
    pub claims: usize,
    /// Number of findings, in all answers of the model, whose citations and quotes passed the checks.
    pub claims_cited: usize,
    /// Number of findings of the answer in use that the checks dropped.
    pub dropped: usize,
    /// What the verifier found in the claims that the checks left; `None` if there is no verifier or no claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerifierFindings>,
    /// Number of facts to find.
    pub facts: usize,
    /// Facts that no finding states.
    pub missed: Vec<String>,
    /// Untrue claims that reached the report.
    pub invented: Vec<String>,
    /// Whether the model wrote the summary.
    pub summary_by_model: bool,
    /// Cost of the answers, in US dollars.
    pub cost_usd: f64,
    /// Number of answered calls of the model.
    pub model_calls: u32,
    /// Duration of the assessment, in seconds.
    pub seconds: f64,
    /// The reason why no model answered; `None` if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The result of all cases.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// Version and SHA-256 of the prompt.
    pub prompt: String,
    /// Ids of the models, in order of preference.
    pub models: Vec<String>,
    /// Proportion of cases with the expected level, from 0 to 1.
    pub level_agreement: f64,
    /// Proportion of findings whose citations and quotes passed the checks, from 0 to 1.
    pub citation_validity: f64,
    /// Number of claims that the verifier found contradicted by their evidence.
    pub contradicted: usize,
    /// Number of claims that the verifier found not stated by their evidence.
    pub not_stated: usize,
    /// Number of cases with claims that have no verdict.
    pub unverified: usize,
    /// Number of facts to find.
    pub facts: usize,
    /// Number of facts that no finding states.
    pub missed: usize,
    /// Number of untrue claims that reached a report.
    pub invented: usize,
    /// Cost of all cases, in US dollars.
    pub cost_usd: f64,
    /// Total duration of all cases, in seconds.
    pub seconds: f64,
    /// The result of each case.
    pub cases: Vec<CaseResult>,
}

impl CaseResult {
    fn agrees(&self) -> bool {
        self.level == Some(self.expected)
    }

    /// Returns the number of claims to which the verifier gave a verdict.
    fn judged(&self, verdict: fn(&VerifierFindings) -> &Vec<JudgedStatement>) -> usize {
        self.verification.as_ref().map_or(0, |found| verdict(found).len())
    }

    fn is_unverified(&self) -> bool {
        let outcome = self.verification.as_ref().map(|found| found.verifier.outcome);
        outcome.is_some_and(|outcome| outcome != VerificationOutcome::Verified)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no evaluation has 2^52 cases")]
fn proportion(count: usize, total: usize) -> f64 {
    if total == 0 { 1.0 } else { count as f64 / total as f64 }
}

impl Evaluation {
    /// Sums up the results of `cases`.
    pub(super) fn new(prompt: &str, models: Vec<String>, cases: Vec<CaseResult>) -> Self {
        let sum = |count: fn(&CaseResult) -> usize| cases.iter().map(count).sum::<usize>();
        Self {
            prompt: prompt.to_owned(),
            models,
            level_agreement: proportion(sum(|case| usize::from(case.agrees())), cases.len()),
            citation_validity: proportion(sum(|case| case.claims_cited), sum(|case| case.claims)),
            contradicted: sum(|case| case.judged(|found| &found.contradicted)),
            not_stated: sum(|case| case.judged(|found| &found.not_stated)),
            unverified: sum(|case| usize::from(case.is_unverified())),
            facts: sum(|case| case.facts),
            missed: sum(|case| case.missed.len()),
            invented: sum(|case| case.invented.len()),
            cost_usd: cases.iter().map(|case| case.cost_usd).sum(),
            seconds: cases.iter().map(|case| case.seconds).sum(),
            cases,
        }
    }

    /// Writes the result as a table.
    ///
    /// # Errors
    /// Returns the [`io::Error`] if `out` cannot be written.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} by {}", self.prompt, self.models.join(", "))?;
        let width = self.cases.iter().map(|case| case.case.len()).max().unwrap_or_default().max(4);
        writeln!(
            out,
            "{:width$}  {:12} {:12} {:>6} {:>5} {:>7} {:>6} {:>8} {:>5} {:>9} {:>8}",
            "case",
            "expected",
            "level",
            "claims",
            "cited",
            "dropped",
            "missed",
            "invented",
            "calls",
            "USD",
            "s"
        )?;
        for case in &self.cases {
            let level = case.level.map_or("none", RiskLevel::as_str);
            writeln!(
                out,
                "{:width$}  {:12} {:12} {:>6} {:>5} {:>7} {:>6} {:>8} {:>5} {:>9.6} {:>8.3}",
                case.case,
                case.expected.as_str(),
                level,
                case.claims,
                case.claims_cited,
                case.dropped,
                case.missed.len(),
                case.invented.len(),
                case.model_calls,
                case.cost_usd,
                case.seconds
            )?;
            for (kind, facts) in [("missed", &case.missed), ("invented", &case.invented)] {
                for fact in facts {
                    writeln!(out, "{:width$}  {kind}: {fact}", "")?;
                }
            }
            if let Some(found) = &case.verification {
                for line in found.lines() {
                    writeln!(out, "{:width$}  {line}", "")?;
                }
            }
            if let Some(error) = &case.error {
                writeln!(out, "{:width$}  no answer: {error}", "")?;
            }
        }
        writeln!(
            out,
            "level agreement {:.1} %, citation validity {:.1} %, contradicted {}, not stated {}, unverified {}, missed {}, \
             invented {}, {:.6} USD, {:.1} s",
            self.level_agreement * 100.0,
            self.citation_validity * 100.0,
            self.contradicted,
            self.not_stated,
            self.unverified,
            self.missed,
            self.invented,
            self.cost_usd,
            self.seconds
        )
    }

    /// Checks that the proportions of levels that agree, of facts that are found and of summaries that are
    /// the model's are at least `min`, from 0 to 1, and that no untrue claim reached a report. Cases whose
    /// expected level is UNDETERMINED do not count for the summaries.
    ///
    /// # Errors
    /// Returns [`EvaluateError::Short`] with everything that falls short.
    pub fn require(&self, min: f64) -> Result<(), EvaluateError> {
        let with_model = self.cases.iter().filter(|case| case.expected != RiskLevel::Undetermined).count();
        let by_model = |case: &&CaseResult| case.expected != RiskLevel::Undetermined && case.summary_by_model;
        let proportions = [
            ("levels agree", self.level_agreement),
            ("facts are found", proportion(self.facts - self.missed, self.facts)),
            ("summaries are the model's", proportion(self.cases.iter().filter(by_model).count(), with_model)),
        ];
        let short = proportions.into_iter().filter(|(_, proportion)| *proportion < min);
        let mut short: Vec<String> = short
            .map(|(what, proportion)| {
                format!("{what} in {:.1} % instead of at least {:.1} %", proportion * 100.0, min * 100.0)
            })
            .collect();
        if self.invented > 0 {
            short.push(format!("{} untrue claims reached a report", self.invented));
        }
        if short.is_empty() { Ok(()) } else { Err(EvaluateError::Short(short.join("; "))) }
    }
}
