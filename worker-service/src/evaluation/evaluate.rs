//! Runs cases through the configured model (`worker-service evaluate`).

use std::{
    path::Path,
    time::{Duration, Instant},
};

use aws_adapters::SdkConfig;
use domain::{document::Document, evidence::SourceName, identity::ReportId};
use uuid::Uuid;

use super::{
    case::{Case, Fact},
    overrides::Overrides,
    result::{CaseResult, EvaluateError, Evaluation},
};
use crate::assess::{Assessor, Check, ModelSettings, NoLedger, Verification};

/// Runs the cases in `folder` through the model of `settings`, or through that of `overrides`.
///
/// # Errors
/// Returns an [`EvaluateError`] if the cases cannot be read, or if the model or the prompt cannot be used.
pub async fn evaluate(
    folder: &Path,
    bedrock: &SdkConfig,
    settings: &ModelSettings,
    overrides: &Overrides,
) -> Result<Evaluation, EvaluateError> {
    let cases = Case::read_all(folder).map_err(EvaluateError::Cases)?;
    // Whether the mandatory source failed is defined by each case.
    let mandatory = vec![SourceName::from_static("sanctions")];
    let assessor = overrides.assessor(bedrock, settings, mandatory).map_err(EvaluateError::Settings)?;
    let mut results = Vec::with_capacity(cases.len());
    for case in &cases {
        results.push(run(case, &assessor).await);
    }
    Ok(Evaluation::new(assessor.prompt_name(), assessor.model_ids(), results))
}

async fn run(case: &Case, assessor: &Assessor) -> CaseResult {
    let started = Instant::now();
    let assessed = assessor.assess(&case.request, &case.snapshot, &mut NoLedger).await;
    let elapsed = started.elapsed();
    let assessment = match assessed {
        Ok(assessment) => assessment,
        Err(error) => return without_answer(case, elapsed, error.to_string()),
    };
    let is_of_citation = |check: Check| matches!(check, Check::Citation | Check::Quote);
    let (mut claims, mut flawed) = (0, 0);
    for (answer, problems) in &assessment.answers {
        claims += answer.finding_count();
        let mut places: Vec<_> = problems
            .iter()
            .filter(|problem| is_of_citation(problem.flaw.check()) && problem.is_of_finding())
            .map(|problem| problem.place)
            .collect();
        places.dedup();
        flawed += places.len();
    }
    let usage = assessment.usage();
    let verification = assessment.verification.as_ref().map(Verification::findings);
    let summary_by_model = assessment.has_summary_by_model();
    let document = assessment.into_document(
        ReportId::from(Uuid::now_v7()),
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
        verification,
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
        seconds: elapsed.as_secs_f64(),
        error: None,
    }
}

/// Returns whether a finding of `document` states `fact`.
fn states(document: &Document, fact: &Fact) -> bool {
    document.findings.iter().any(|finding| {
        fact.category.is_none_or(|category| category == finding.category)
            && finding.citations.iter().any(|citation| fact.evidence.contains(&citation.evidence_id))
    })
}

/// Returns the untrue claims of `case` that `document` contains.
fn invented(case: &Case, document: &Document) -> Vec<String> {
    let texts = || {
        let findings = document.findings.iter().map(|finding| finding.statement.as_str());
        findings.chain([document.summary.text.as_str()])
    };
    let claimed = case.must_not_claim.iter().filter(|claim| texts().any(|text| claim.pattern.is_match(text)));
    claimed.map(|claim| claim.what.clone()).collect()
}

/// Returns the result of a case for which no model answered.
fn without_answer(case: &Case, elapsed: Duration, error: String) -> CaseResult {
    CaseResult {
        case: case.name.clone(),
        expected: case.level,
        level: None,
        claims: 0,
        claims_cited: 0,
        dropped: 0,
        verification: None,
        facts: case.must_find.len(),
        missed: case.must_find.iter().map(|fact| fact.what.clone()).collect(),
        invented: Vec::new(),
        summary_by_model: false,
        cost_usd: 0.0,
        model_calls: 0,
        seconds: elapsed.as_secs_f64(),
        error: Some(error),
    }
}
