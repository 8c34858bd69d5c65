//! Verifies the claims of an assessment: an independent judge sees each claim with the evidence that it cites,
//! and says whether the evidence supports it. The checks before it find claims without proof; the verifier
//! finds claims that their proof does not support.

mod claim;
mod grounding;
mod guardrail_languages;
mod model;
mod outcome;
mod verdict;
mod verifier;

use std::sync::Arc;

use aws_adapters::{SdkConfig, answer_schemas::AnswerSchemas, error::ErrorClass};
use domain::{document::VerificationOutcome, report::Usage};
use telemetry::metrics::metrics;
use tracing::{Instrument as _, field::Empty, info_span};

pub(crate) use self::{
    claim::{Claim, ClaimSet},
    outcome::{Unverified, Verification, Verified},
    verdict::Verdict,
};
use self::{grounding::GroundingVerifier, model::ModelVerifier, verifier::Inquiry};
pub use self::{
    outcome::{JudgedStatement, VerifierFindings},
    verifier::ClaimVerifier,
};
use super::{
    answer::ModelAnswer,
    ledger::{AnswerLedger, PlannedCall},
    model::Model,
    paid_call::pay,
    settings::{ModelSettings, VerifierSettings},
};
use crate::{
    concurrency_limit::ConcurrencyLimit,
    failure::{AttemptError, Failure},
    journal::JournaledAnswer,
};

/// Maximum number of answers of a verifier about the same claims: the first one and one repair.
const ANSWERS_MAX: u32 = 2;
/// Maximum number of answers of a verifier to one report. Another version of the checks, or a repaired
/// assessment, leaves other claims to a later attempt, which must be able to ask about them.
const PLACES_MAX: u32 = 8;

/// Creates the verifier that `settings` select. Returns `None` if they select none. In `schemas`, workers share which schemas
/// Bedrock has compiled.
///
/// # Errors
/// Returns a message for the operator if the verifier cannot be used.
pub fn configured_verifier(
    sdk: &SdkConfig,
    settings: &ModelSettings,
    schemas: Option<&AnswerSchemas>,
) -> Result<Option<Arc<dyn ClaimVerifier>>, String> {
    let model = match &settings.verifier {
        VerifierSettings::None => return Ok(None),
        VerifierSettings::Guardrail(guardrail) => {
            return Ok(Some(Arc::new(GroundingVerifier::new(sdk, settings, guardrail)?)));
        }
        VerifierSettings::Model(Some(id)) => Model::find(sdk, settings, id)?,
        VerifierSettings::Model(None) => {
            let models = Model::configured(sdk, settings).map_err(|errors| errors.join("; "))?;
            let cheapest = models.into_iter().min_by(|a, b| a.price().total_cmp(&b.price()));
            cheapest.ok_or("there is no model to verify claims with: set DOSSIER_VERIFIER_MODEL_ID")?
        }
    };
    let model = match schemas {
        Some(schemas) => model.sharing_schemas(schemas.clone()),
        None => model,
    };
    Ok(Some(Arc::new(ModelVerifier::new(model))))
}

/// Has `verifier` judge `claims`. Answers that the `ledger` has stored are not requested again. `used` is the
/// usage of the report's earlier answers. A verifier that gives no usable answer is an outcome, not an error:
/// the claims then stand as the checks left them.
///
/// # Errors
/// Returns an [`AttemptError`] if the `ledger` fails, or if the prompt cannot be filled in.
pub(crate) async fn verify<L: AnswerLedger>(
    verifier: &dyn ClaimVerifier,
    claims: &ClaimSet<'_>,
    used: Usage,
    ledger: &mut L,
    concurrency: &ConcurrencyLimit,
) -> Result<Verification, AttemptError> {
    let span = info_span!(
        "verify",
        dossier.verifier = verifier.id(),
        dossier.verification.claims = claims.claims.len(),
        dossier.verification.outcome = Empty,
    );
    let verification = ask(verifier, claims, used, ledger, concurrency).instrument(span.clone()).await?;
    let outcome = verification.outcome();
    span.record("dossier.verification.outcome", outcome.as_str());
    metrics().verification(outcome.as_str(), verification.verdicts().map(Verdict::as_str));
    if outcome != VerificationOutcome::Verified {
        tracing::warn!(verifier = verifier.id(), outcome = outcome.as_str(), "claims were not verified");
    }
    Ok(verification)
}

/// Asks `verifier` until it gives a usable answer, at most [`ANSWERS_MAX`] times.
///
/// # Errors
/// Returns an [`AttemptError`] as [`verify`] does.
async fn ask<L: AnswerLedger>(
    verifier: &dyn ClaimVerifier,
    claims: &ClaimSet<'_>,
    used: Usage,
    ledger: &mut L,
    concurrency: &ConcurrencyLimit,
) -> Result<Verification, AttemptError> {
    let digests = claims.digests();
    let mut answers: Vec<ModelAnswer> = Vec::new();
    let mut rejected: Option<(ModelAnswer, Vec<String>)> = None;
    let mut result = Err(Unverified(VerificationOutcome::Unusable));
    let (mut number, mut current_answers) = (0, 0);
    while current_answers < ANSWERS_MAX && number < PLACES_MAX {
        number += 1;
        let place = JournaledAnswer::Verification(number);
        let answer = match ledger.stored_answer(place).await? {
            Some(answer) => answer,
            None => {
                let call = verifier.prepare(Inquiry { claims, rejected: rejected.as_ref() })?;
                let planned = PlannedCall {
                    answer: place,
                    called: verifier.id(),
                    max_cost: call.max_cost,
                    quota_tokens: call.quota_tokens,
                    used: answers.iter().fold(used, |sum, answer| sum.plus(answer.usage)),
                };
                match pay(ledger, concurrency, planned, &call.send).await {
                    Ok(answer) => answer,
                    Err(AttemptError::Failed(failure))
                        if ends_soon(&failure) && ledger.may_wait_for_verifier() =>
                    {
                        return Err(AttemptError::Failed(failure));
                    }
                    Err(AttemptError::Failed(failure)) if is_of_verifier(&failure) => {
                        let Failure { code, detail, .. } = &failure;
                        tracing::warn!(verifier = verifier.id(), code, detail, "the verifier gave no answer");
                        result = Err(Unverified::after(&failure));
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let judged = verdict::judgements(&answer, digests.len());
        let (is_current, ended_normally) = (answer.claims == digests, answer.ended_normally());
        answers.push(answer.clone());
        current_answers += u32::from(is_current);
        match judged {
            // Another version of the checks may have left other claims in an earlier attempt.
            _ if !is_current => rejected = None,
            _ if answer.is_refusal() => {
                result = Err(Unverified(VerificationOutcome::Refused));
                break;
            }
            Ok(judgements) if ended_normally => {
                result = Ok(judgements);
                break;
            }
            Ok(_) => rejected = Some((answer, vec!["the answer was cut off".to_owned()])),
            Err(problems) => rejected = Some((answer, problems)),
        }
    }
    Ok(Verification::new(verifier, claims, answers, result))
}

/// Returns whether the verifier may answer in a later attempt, which costs nothing: it throttles, for example.
fn ends_soon(failure: &Failure) -> bool {
    failure.is_of_model() && failure.class != ErrorClass::Permanent && !failure.may_be_billed()
}

/// Returns whether only the verifier failed, or the money for it is spent, so that the report can do without.
fn is_of_verifier(failure: &Failure) -> bool {
    failure.is_of_model() || failure.is_of_limit()
}

#[cfg(test)]
mod tests;
