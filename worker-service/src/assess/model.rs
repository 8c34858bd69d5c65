//! A configured model: its limits and costs, and calls to it with traces and metrics.

use std::time::Instant;

use aws_adapters::SdkConfig;
use domain::{document::ModelParameters, usage::MicroUsd};
use telemetry::{
    metrics::{ModelUsage, metrics},
    propagation::set_list,
};
use tracing::{Instrument, field::Empty, info_span};

use super::{
    answer::ModelAnswer,
    bedrock::{Bedrock, Request, Response},
    catalogue::{ModelSpec, StructuredOutput},
    price::{Tier, Tokens},
    prompt::Prompt,
    settings::ModelSettings,
    turn::{Turn, estimate_input},
};
use crate::failure::Failure;

/// A configured model.
#[derive(Clone, Debug)]
pub struct Model {
    bedrock: Bedrock,
    id: String,
    spec: ModelSpec,
    tier: Tier,
    parameters: ModelParameters,
}

impl Model {
    /// Creates the models that `settings` list, in the same order, with their specifications for the region
    /// of `sdk`.
    ///
    /// # Errors
    /// Returns a message for the operator for each model that cannot be used.
    pub fn configured(sdk: &SdkConfig, settings: &ModelSettings) -> Result<Vec<Self>, Vec<String>> {
        let bedrock = Bedrock::new(sdk, settings.timeout);
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        let (mut models, mut errors) = (Vec::new(), Vec::new());
        for id in &settings.ids {
            match settings.catalogue.find(id, &region, settings.tier) {
                Ok(spec) => models.push(Self::new(&bedrock, id, spec, settings)),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(models) } else { Err(errors) }
    }

    fn new(bedrock: &Bedrock, id: &str, spec: ModelSpec, settings: &ModelSettings) -> Self {
        let parameters = ModelParameters {
            structured_output: spec.structured_output.as_str().to_owned(),
            max_tokens: settings.max_tokens,
            temperature: spec.temperature,
            prompt_cache: spec.prompt_cache,
            guardrail: settings.guardrail.as_ref().map(|(id, version)| format!("{id}:{version}")),
            service_tier: settings.tier.as_str().to_owned(),
            prices: settings.catalogue.version(),
        };
        Self { bedrock: bedrock.clone(), id: id.to_owned(), spec, tier: settings.tier, parameters }
    }

    /// Returns the model's id or inference profile.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the model's capabilities, quota and price.
    pub(crate) fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Returns the maximum cost of a call with `turns`.
    pub(crate) fn max_cost(&self, prompt: &Prompt, turns: &[Turn]) -> MicroUsd {
        self.spec.price.max_cost(estimate_input(prompt, turns), self.max_tokens())
    }

    /// Returns the quota tokens that Bedrock deducts when a call with `turns` begins.
    pub(crate) fn quota_tokens(&self, prompt: &Prompt, turns: &[Turn]) -> u64 {
        estimate_input(prompt, turns) + self.max_tokens()
    }

    /// Returns the quota tokens that an answered call has used. Tokens read from the prompt cache do not
    /// count.
    pub(crate) fn quota_used(&self, tokens: Tokens) -> u64 {
        tokens.input + tokens.cache_write + tokens.output * self.spec.burndown
    }

    fn max_tokens(&self) -> u64 {
        u64::from(self.parameters.max_tokens)
    }

    /// Calls the model once, and returns its answer to the last of `turns`.
    ///
    /// # Errors
    /// Returns a [`Failure`] if the model does not answer, classified by whether a retry helps.
    pub async fn ask(&self, prompt: &Prompt, turns: &[Turn]) -> Result<ModelAnswer, Failure> {
        let span = info_span!(
            "model",
            otel.name = format_args!("chat {}", self.id),
            otel.kind = "client",
            otel.status_code = Empty,
            error.type = Empty,
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = "aws.bedrock",
            gen_ai.request.model = self.id,
            gen_ai.request.max_tokens = i64::from(self.parameters.max_tokens),
            gen_ai.request.temperature = self.spec.temperature.map(f64::from),
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
        );
        let started = Instant::now();
        let answer = self.converse(prompt, turns).instrument(span.clone()).await;
        let failure = answer.as_ref().err().map(|failure| failure.code);
        metrics().model_call(&self.id, started.elapsed(), failure);
        if let Some(code) = failure {
            span.record("error.type", code);
            span.record("otel.status_code", "ERROR");
        }
        let answer = answer?;
        set_list(&span, "gen_ai.response.finish_reasons", &[&answer.stop_reason]);
        let number = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        span.record("gen_ai.usage.input_tokens", number(answer.usage.input_tokens));
        span.record("gen_ai.usage.output_tokens", number(answer.usage.output_tokens));
        span.record("gen_ai.usage.cache_read.input_tokens", number(answer.tokens.cache_read));
        metrics().model_usage(
            &self.id,
            ModelUsage {
                input_tokens: answer.usage.input_tokens,
                output_tokens: answer.usage.output_tokens,
                cached_tokens: answer.tokens.cache_read,
                cost_usd: answer.usage.cost_usd,
            },
        );
        Ok(answer)
    }

    async fn converse(&self, prompt: &Prompt, turns: &[Turn]) -> Result<ModelAnswer, Failure> {
        let request = Request {
            model: &self.id,
            system: &prompt.system,
            turns,
            parameters: &self.parameters,
            native: self.spec.structured_output == StructuredOutput::Native,
            tier: self.tier,
        };
        let Response { content, stop_reason, tokens } = self.bedrock.converse(request).await?;
        Ok(ModelAnswer {
            model: self.id.clone(),
            parameters: self.parameters.clone(),
            prompt: prompt.name.clone(),
            content,
            stop_reason,
            usage: self.spec.price.usage(tokens),
            tokens,
            paid: None,
            first: false,
            passed_over: Vec::new(),
        })
    }
}
