//! Verifies claims with the contextual grounding check of Bedrock Guardrails ("Use contextual grounding check
//! to filter hallucinations in responses"). It scores how well a text follows from its sources, so it does not
//! tell a contradicted claim from one that is not stated: both are not stated.

use std::sync::Arc;

use aws_adapters::{SdkConfig, error::ErrorClass, quota::Limits};
use domain::{document::ModelParameters, report::Usage, usage::MicroUsd};
use futures::FutureExt as _;
use serde_json::json;
use tokio::time::sleep;

use super::{
    claim::{Claim, ClaimSet},
    verdict::{JudgedClaim, Verdict, Verdicts},
    verifier::{ClaimVerifier, Inquiry, VerifierCall},
};
use crate::{
    assess::{
        answer::{Content, ModelAnswer},
        bedrock::{Bedrock, Grounding, GroundingQuery},
        paid_call::{CallResult, TRIES, backoff, costs_nothing_to_retry},
        settings::ModelSettings,
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
    guardrail: (String, String),
    /// Name of the guardrail in reports: `guardrail ID:VERSION`.
    id: String,
    /// Price of 1,000 units of text, in US dollars.
    price: f64,
    prices: String,
}

/// The texts of one check.
struct Check {
    source: String,
    question: String,
    text: String,
}

impl GroundingVerifier {
    /// Creates a verifier that asks the guardrail with this id and version.
    ///
    /// # Errors
    /// Returns a message for the operator if the price of the check is not valid.
    pub(super) fn new(
        sdk: &SdkConfig,
        settings: &ModelSettings,
        guardrail: &(String, String),
    ) -> Result<Self, String> {
        Ok(Self {
            bedrock: Bedrock::new(sdk, settings.timeouts),
            guardrail: guardrail.clone(),
            id: format!("guardrail {}:{}", guardrail.0, guardrail.1),
            price: settings.catalogue.grounding_price()?,
            prices: settings.catalogue.version(),
        })
    }

    fn cost(&self, units: u64) -> MicroUsd {
        // The price of a thousand units is that of a million, divided by a thousand.
        MicroUsd::of_tokens(units, self.price * 1_000.0)
    }

    async fn verify(&self, checks: &[Check], digests: Vec<String>) -> CallResult {
        let (mut verdicts, mut units) = (Vec::with_capacity(checks.len()), 0);
        for (index, check) in checks.iter().enumerate() {
            let grounding = self.ground(check, index > 0).await?;
            units += grounding.units.unwrap_or(check.units());
            let supported = grounding.score >= grounding.threshold;
            verdicts.push(JudgedClaim {
                claim: ClaimSet::id(index),
                reason: format!("grounding score {}, threshold {}", grounding.score, grounding.threshold),
                verdict: if supported { Verdict::Supported } else { Verdict::NotStated },
            });
        }
        let answer = ModelAnswer {
            model: self.id.clone(),
            parameters: ModelParameters { prices: self.prices.clone(), ..ModelParameters::default() },
            prompt: self.version().to_owned(),
            content: Content::Structured(json!(Verdicts { verdicts })),
            stop_reason: "end_turn".to_owned(),
            usage: Usage { cost_usd: self.cost(units).usd(), model_calls: 1, ..Usage::default() },
            tokens: Default::default(),
            paid: None,
            first: false,
            claims: digests,
            passed_over: Vec::new(),
        };
        Ok((answer, 0))
    }

    /// Makes one check. After earlier checks, which were billed, a free retry is made here, because a repeated
    /// verification would pay for them again; and a failure keeps their cost reserved.
    async fn ground(&self, check: &Check, after_others: bool) -> Result<Grounding, Failure> {
        let mut tries = 0;
        loop {
            let query = GroundingQuery {
                guardrail: &self.guardrail,
                source: &check.source,
                question: &check.question,
                text: &check.text,
            };
            let failure = match self.bedrock.ground(query).await {
                Ok(grounding) => return Ok(grounding),
                Err(error) => error.failure,
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
        let claims = inquiry.claims;
        let company = &claims.request.company_name;
        let checks: Arc<[Check]> = claims.claims.iter().map(|claim| Check::new(claim, company)).collect();
        let digests = claims.digests();
        Ok(VerifierCall {
            max_cost: self.cost(checks.iter().map(Check::units).sum()),
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

    /// Returns the number of billed units of text.
    fn units(&self) -> u64 {
        let characters: usize =
            [&self.source, &self.question, &self.text].map(|text| text.chars().count()).into_iter().sum();
        u64::try_from(characters.div_ceil(UNIT)).unwrap_or(u64::MAX)
    }
}
