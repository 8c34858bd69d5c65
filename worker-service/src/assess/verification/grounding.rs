//! Verifies claims with the contextual grounding check of Bedrock Guardrails ("Use contextual grounding check
//! to filter hallucinations in responses"). It scores how well a text follows from its sources, so it does not
//! tell a contradicted claim from one that is not stated: both are not stated.

use std::{sync::Arc, time::Instant};

use aws_adapters::{SdkConfig, error::ErrorClass, quota::Limits};
use domain::{document::ModelParameters, report::Usage, request::ReportRequest, usage::MicroUsd};
use futures::FutureExt as _;
use serde_json::json;
use telemetry::metrics::metrics;
use tokio::time::sleep;
use tracing::{Instrument as _, field::Empty, info_span};

use super::{
    claim::{Claim, ClaimSet},
    guardrail_languages::unsupported,
    verdict::{JudgedClaim, Verdict, Verdicts},
    verifier::{ClaimVerifier, Inquiry, VerifierCall},
};
use crate::{
    assess::{
        answer::{Content, ModelAnswer},
        bedrock::{Bedrock, Grounding, GroundingQuery},
        paid_call::{CallResult, TRIES, backoff, costs_nothing_to_retry},
        price::{GuardrailPrices, GuardrailUnits},
        settings::{ModelSettings, SafeguardTier, VerifierGuardrail},
    },
    failure::{AttemptError, Failure, MODEL_ANSWER_LOST},
};

/// Maximum lengths of the sources, of the question and of the text, in characters.
const SOURCE_MAX: usize = 100_000;
const QUESTION_MAX: usize = 1_000;
const TEXT_MAX: usize = 5_000;
/// Number of characters that are billed as one unit of text.
const UNIT: usize = 1_000;

/// A verifier that asks a guardrail about each claim. All its checks together count as one call of the report.
#[derive(Clone, Debug)]
pub(super) struct GroundingVerifier {
    bedrock: Bedrock,
    guardrail: VerifierGuardrail,
    /// Name of the guardrail in reports: `guardrail ID:VERSION`.
    id: String,
    prices: GuardrailPrices,
    prices_version: String,
}

/// The texts of one check.
struct Check {
    source: String,
    question: String,
    text: String,
}

/// A claim as the guardrail gets it, or the reason why it cannot judge the claim.
type Prepared = Result<Check, String>;

impl GroundingVerifier {
    /// Creates a verifier that asks `guardrail`.
    ///
    /// # Errors
    /// Returns a message for the operator if the price of a policy is not valid.
    pub(super) fn new(
        sdk: &SdkConfig,
        settings: &ModelSettings,
        guardrail: &VerifierGuardrail,
    ) -> Result<Self, String> {
        Ok(Self {
            bedrock: Bedrock::new(sdk, settings.timeouts),
            guardrail: guardrail.clone(),
            id: format!("guardrail {}:{}", guardrail.id, guardrail.version),
            prices: settings.catalogue.guardrail_prices()?,
            prices_version: settings.catalogue.version(),
        })
    }

    /// Returns the check of `claim`, or why the guardrail cannot judge it.
    fn check(&self, claim: &Claim<'_>, request: &ReportRequest) -> Prepared {
        match self.guardrail.tier {
            SafeguardTier::Classic => unsupported(claim, request.language).map_or(Ok(()), Err)?,
            SafeguardTier::Standard => {}
        }
        Ok(Check::new(claim, &request.company_name))
    }

    async fn verify(&self, checks: &[Prepared], digests: Vec<String>) -> CallResult {
        let (mut verdicts, mut cost, mut calls) = (Vec::with_capacity(checks.len()), MicroUsd::default(), 0);
        for (index, check) in checks.iter().enumerate() {
            let claim = ClaimSet::id(index);
            let check = match check {
                Ok(check) => check,
                Err(reason) => {
                    verdicts.push(JudgedClaim { claim, reason: reason.clone(), verdict: Verdict::NotJudged });
                    continue;
                }
            };
            let Grounding { score, threshold, units } = self.ground(check, calls > 0).await?;
            calls += 1;
            cost = cost.plus(self.settle(check, units));
            verdicts.push(JudgedClaim {
                claim,
                reason: format!("grounding score {score}, threshold {threshold}"),
                verdict: if score >= threshold { Verdict::Supported } else { Verdict::NotStated },
            });
        }
        let model_calls = u32::from(calls > 0);
        let answer = ModelAnswer {
            model: self.id.clone(),
            parameters: ModelParameters { prices: self.prices_version.clone(), ..ModelParameters::default() },
            prompt: self.version().to_owned(),
            content: Content::Structured(json!(Verdicts { verdicts })),
            stop_reason: "end_turn".to_owned(),
            usage: Usage { cost_usd: cost.usd(), model_calls, ..Usage::default() },
            tokens: Default::default(),
            paid: None,
            first: false,
            claims: digests,
            passed_over: Vec::new(),
        };
        Ok((answer, 0))
    }

    /// Returns the cost of an answered check, and records it. An answer that does not state its units costs what was
    /// reserved for it.
    fn settle(&self, check: &Check, units: Option<GuardrailUnits>) -> MicroUsd {
        let cost = match units {
            Some(units) => self.prices.cost(units),
            None => {
                tracing::warn!(
                    guardrail = self.guardrail.id,
                    "the answer does not state its units of text; it is booked as reserved"
                );
                self.prices.max_cost(check.units())
            }
        };
        let units = units.unwrap_or_default().by_policy();
        metrics().guardrail_usage(&self.guardrail.id, &units, cost.usd());
        cost
    }

    /// Makes one check. After earlier checks, which were billed, a free retry is made here, because a repeated
    /// verification would pay for them again; and a failure keeps their cost reserved.
    async fn ground(&self, check: &Check, after_others: bool) -> Result<Grounding, Failure> {
        let mut tries = 0;
        loop {
            let failure = match self.apply(check).await {
                Ok(grounding) => return Ok(grounding),
                Err(failure) => failure,
            };
            if !after_others {
                return Err(failure);
            }
            if !costs_nothing_to_retry(&failure) || tries + 1 >= TRIES {
                return Err(Failure { class: ErrorClass::Transient, code: MODEL_ANSWER_LOST, ..failure });
            }
            sleep(backoff(tries)).await;
            tries += 1;
        }
    }

    /// Calls the guardrail once, with a span and metrics.
    async fn apply(&self, check: &Check) -> Result<Grounding, Failure> {
        let VerifierGuardrail { id, version, .. } = &self.guardrail;
        let query = GroundingQuery {
            guardrail: [id, version],
            source: &check.source,
            question: &check.question,
            text: &check.text,
        };
        let span = info_span!(
            "guardrail",
            otel.name = format_args!("apply_guardrail {id}"),
            otel.kind = "client",
            otel.status_code = Empty,
            error.type = Empty,
            gen_ai.operation.name = "apply_guardrail",
            gen_ai.provider.name = "aws.bedrock",
            aws.bedrock.guardrail.id = id,
        );
        let started = Instant::now();
        let grounding = self.bedrock.ground(query).instrument(span.clone()).await;
        let grounding = grounding.map_err(|error| error.failure);
        let code = grounding.as_ref().err().map(|failure| failure.code);
        metrics().guardrail_call(id, started.elapsed(), code);
        if let Some(code) = code {
            span.record("error.type", code);
            span.record("otel.status_code", "ERROR");
        }
        grounding
    }
}

impl ClaimVerifier for GroundingVerifier {
    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> &str {
        "contextual grounding"
    }

    fn limits(&self) -> Option<Limits> {
        None
    }

    fn prepare<'a>(&'a self, inquiry: Inquiry<'a>) -> Result<VerifierCall<'a>, AttemptError> {
        let ClaimSet { request, claims } = inquiry.claims;
        let checks: Arc<[Prepared]> = claims.iter().map(|claim| self.check(claim, request)).collect();
        let digests = inquiry.claims.digests();
        Ok(VerifierCall {
            max_cost: checks.iter().flatten().map(|check| self.prices.max_cost(check.units())).sum(),
            quota_tokens: 0,
            send: Box::new(move || {
                let (checks, digests) = (Arc::clone(&checks), digests.clone());
                async move { self.verify(&checks, digests).await }.boxed()
            }),
        })
    }
}

impl Check {
    /// Returns the check of `claim` about `company`. Texts above the limits of the API are cut; a claim whose
    /// support was cut off is not stated, which errs on the safe side.
    fn new(claim: &Claim<'_>, company: &str) -> Self {
        let mut source = String::new();
        for cited in &claim.evidence {
            source.push_str(&cited.piece.title);
            source.push('\n');
            source.push_str(&cited.piece.text);
            source.push_str("\n\n");
        }
        let question = format!("What is stated about {company}?");
        let cut = |text: &str, max: usize| text.chars().take(max).collect();
        Self {
            source: cut(&source, SOURCE_MAX),
            question: cut(&question, QUESTION_MAX),
            text: cut(claim.statement, TEXT_MAX),
        }
    }

    /// Returns the number of units of text that a policy bills for the check at most.
    fn units(&self) -> u64 {
        let characters: usize =
            [&self.source, &self.question, &self.text].map(|text| text.chars().count()).into_iter().sum();
        u64::try_from(characters.div_ceil(UNIT)).unwrap_or(u64::MAX)
    }
}
