//! `worker-service evaluate`: cases through the configured model, and how it did.

use std::{
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use aws_adapters::SdkConfig;
use domain::{document::Document, evidence::SourceName, identity::ReportId, risk::RiskLevel};
use serde::Serialize;
use thiserror::Error;

use super::{
    Overrides, assessor,
    case::{Case, Fact},
};
use crate::{
    assess::{Assessor, checks::Check, ledger::NoLedger},
    settings::ModelSettings,
};

/// Why there is no result.
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
    /// Levels agree, facts are found or summaries can be used in too few cases, or something was invented.
    #[error("the evaluation fell short: {0}")]
    Short(String),
}

/// How one case went.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// The case.
    pub case: String,
    /// The level that it must have.
    pub expected: RiskLevel,
    /// The level that it had; none where no model answered.
    pub level: Option<RiskLevel>,
    /// Claims of the model, over all its answers.
    pub claims: usize,
    /// Those whose citations and quotes stood up.
    pub claims_cited: usize,
    /// Claims that the checks left out.
    pub dropped: usize,
    /// Facts to find.
    pub facts: usize,
    /// Facts that no finding states.
    pub missed: Vec<String>,
    /// Untrue claims that reached the report.
    pub invented: Vec<String>,
    /// Whether the words at its head are the model's.
    pub summary_by_model: bool,
    /// What the answers cost, in US dollars.
    pub cost_usd: f64,
    /// Answers.
    pub model_calls: u32,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How all cases went.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The prompt.
    pub prompt: String,
    /// The models, in their order.
    pub models: Vec<String>,
    /// Part of the cases whose level agrees, from 0 to 1.
    pub level_agreement: f64,
    /// Part of the claims whose citations and quotes stood up, from 0 to 1.
    pub citation_validity: f64,
    /// Facts to find.
    pub facts: usize,
    /// Facts that were missed.
    pub missed: usize,
    /// Untrue claims that reached a report.
    pub invented: usize,
    /// What it cost, in US dollars.
    pub cost_usd: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Each case.
    pub cases: Vec<CaseResult>,
}

/// Runs the cases in `folder` through the model.
///
/// # Errors
/// [`EvaluateError`] when there is nothing to run.
pub async fn evaluate(
    folder: &Path,
    bedrock: &SdkConfig,
    settings: &ModelSettings,
    instead: &Overrides,
) -> Result<Evaluation, EvaluateError> {
    let cases = Case::read_all(folder).map_err(EvaluateError::Cases)?;
    // A case says itself which source gave no answer.
    let mandatory = vec![SourceName::from_static("sanctions")];
    let assessor = assessor(bedrock, settings, instead, mandatory).map_err(EvaluateError::Settings)?;
    let mut results = Vec::with_capacity(cases.len());
    for case in &cases {
        results.push(run(case, &assessor).await);
    }
    Ok(Evaluation::of(&assessor, results))
}

async fn run(case: &Case, assessor: &Assessor) -> CaseResult {
    let started = Instant::now();
    let assessed = assessor.assess(&case.request, &case.snapshot, &mut NoLedger).await;
    let took = started.elapsed();
    let assessment = match assessed {
        Ok(assessment) => assessment,
        Err(stop) => return CaseResult::without_answer(case, took, stop.to_string()),
    };
    let unproven = |check: Check| matches!(check, Check::Citation | Check::Quote);
    let (mut claims, mut flawed) = (0, 0);
    for (answer, problems) in &assessment.answers {
        claims += answer.claims();
        let mut places: Vec<_> = problems
            .iter()
            .filter(|problem| unproven(problem.flaw.check()) && problem.is_of_finding())
            .map(|problem| problem.place)
            .collect();
        places.dedup();
        flawed += places.len();
    }
    let usage = assessment.usage();
    let summary_by_model = assessment.has_summary_by_model();
    let document = assessment.into_document(
        ReportId::from(uuid::Uuid::now_v7()),
        &case.request,
        &case.snapshot,
        service_runtime::clock::now(),
    );
    CaseResult {
        case: case.name.clone(),
        expected: case.level,
        level: Some(document.risk_level),
        claims,
        claims_cited: claims.saturating_sub(flawed),
        dropped: document.dropped.len(),
        facts: case.must_find.len(),
        missed: case
            .must_find
            .iter()
            .filter(|fact| !states(&document, fact))
            .map(|fact| fact.what.clone())
            .collect(),
        invented: invented(case, &document),
        summary_by_model,
        cost_usd: usage.cost_usd,
        model_calls: usage.model_calls,
        seconds: took.as_secs_f64(),
        error: None,
    }
}

fn states(document: &Document, fact: &Fact) -> bool {
    document.findings.iter().any(|finding| {
        fact.category.is_none_or(|category| category == finding.category)
            && finding.citations.iter().any(|citation| fact.evidence.contains(&citation.evidence_id))
    })
}

fn invented(case: &Case, document: &Document) -> Vec<String> {
    let said = || {
        let findings = document.findings.iter().map(|finding| finding.statement.as_str());
        findings.chain([document.summary.text.as_str()])
    };
    let claimed = case.must_not_claim.iter().filter(|claim| said().any(|text| claim.pattern.is_match(text)));
    claimed.map(|claim| claim.what.clone()).collect()
}

impl CaseResult {
    fn without_answer(case: &Case, took: Duration, error: String) -> Self {
        Self {
            case: case.name.clone(),
            expected: case.level,
            level: None,
            claims: 0,
            claims_cited: 0,
            dropped: 0,
            facts: case.must_find.len(),
            missed: case.must_find.iter().map(|fact| fact.what.clone()).collect(),
            invented: Vec::new(),
            summary_by_model: false,
            cost_usd: 0.0,
            model_calls: 0,
            seconds: took.as_secs_f64(),
            error: Some(error),
        }
    }

    fn agrees(&self) -> bool {
        self.level == Some(self.expected)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no evaluation has 2^52 cases")]
fn part(of: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { of as f64 / all as f64 }
}

impl Evaluation {
    fn of(assessor: &Assessor, cases: Vec<CaseResult>) -> Self {
        let sum = |count: fn(&CaseResult) -> usize| cases.iter().map(count).sum::<usize>();
        Self {
            prompt: assessor.prompt_name().to_owned(),
            models: assessor.model_ids(),
            level_agreement: part(sum(|case| usize::from(case.agrees())), cases.len()),
            citation_validity: part(sum(|case| case.claims_cited), sum(|case| case.claims)),
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
    /// When `out` does not take it.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} by {}", self.prompt, self.models.join(", "))?;
        let widest = self.cases.iter().map(|case| case.case.len()).max().unwrap_or_default().max(4);
        writeln!(
            out,
            "{:widest$}  {:12} {:12} {:>6} {:>5} {:>7} {:>6} {:>8} {:>5} {:>9} {:>8}",
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
                "{:widest$}  {:12} {:12} {:>6} {:>5} {:>7} {:>6} {:>8} {:>5} {:>9.6} {:>8.3}",
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
                    writeln!(out, "{:widest$}  {kind}: {fact}", "")?;
                }
            }
            if let Some(error) = &case.error {
                writeln!(out, "{:widest$}  no answer: {error}", "")?;
            }
        }
        writeln!(
            out,
            "level agreement {:.1} %, citation validity {:.1} %, missed {}, invented {}, {:.6} USD, {:.1} s",
            self.level_agreement * 100.0,
            self.citation_validity * 100.0,
            self.missed,
            self.invented,
            self.cost_usd,
            self.seconds
        )
    }

    /// Fails where less than `least` of the levels agree, of the facts are found, or of the summaries are the model's, or
    /// where anything was invented.
    ///
    /// # Errors
    /// [`EvaluateError::Short`] says what fell short.
    pub fn require(&self, least: f64) -> Result<(), EvaluateError> {
        let asked = self.cases.iter().filter(|case| case.expected != RiskLevel::Undetermined).count();
        let by_model = |case: &&CaseResult| case.expected != RiskLevel::Undetermined && case.summary_by_model;
        let parts = [
            ("levels agree", self.level_agreement),
            ("facts are found", part(self.facts - self.missed, self.facts)),
            ("summaries are the model's", part(self.cases.iter().filter(by_model).count(), asked)),
        ];
        let short = parts.into_iter().filter(|(_, part)| *part < least);
        let mut short: Vec<String> = short
            .map(|(what, part)| format!("{what} in {:.1} %, not in {:.1} %", part * 100.0, least * 100.0))
            .collect();
        if self.invented > 0 {
            short.push(format!("{} untrue claims reached a report", self.invented));
        }
        if short.is_empty() { Ok(()) } else { Err(EvaluateError::Short(short.join("; "))) }
    }
}
