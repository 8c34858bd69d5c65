//! A configured model: its limits and costs, and calls to it with traces and metrics.

use std::time::Instant;

use aws_adapters::{SdkConfig, answer_schemas::AnswerSchemas};
use domain::{document::ModelParameters, report::Usage, usage::MicroUsd};
use telemetry::{
    metrics::{ModelUsage, metrics},
    propagation::set_list,
};
use tracing::{Instrument, field::Empty, info_span};

use super::{
    answer::{GUARDRAIL_INTERVENED, ModelAnswer},
    bedrock::{Bedrock, CallError, Request, Response},
    catalogue::{ModelSpec, StructuredOutput, split},
    price::{Tier, Tokens},
    prompt::Prompt,
    schema_compilation::{Method, SchemaCompilation},
    settings::ModelSettings,
    turn::{Turn, estimate_cacheable, estimate_input},
};
use crate::failure::{Failure, MODEL_TIMED_OUT};

/// A configured model.
#[derive(Clone, Debug)]
pub struct Model {
    bedrock: Bedrock,
    id: String,
    spec: ModelSpec,
    tier: Tier,
    /// Parameters that every call has. Structured output and prompt cache are decided for each call.
    parameters: ModelParameters,
    schemas: SchemaCompilation,
}

impl Model {
    /// Creates the models that `settings` list, in the same order, with their specifications for the region
    /// of `sdk`.
    ///
    /// # Errors
    /// Returns a message for the operator for each model that cannot be used.
    pub fn configured(sdk: &SdkConfig, settings: &ModelSettings) -> Result<Vec<Self>, Vec<String>> {
        let (mut models, mut errors) = (Vec::new(), Vec::new());
        for id in &settings.ids {
            match Self::find(sdk, settings, id) {
                Ok(model) => models.push(model),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(models) } else { Err(errors) }
    }

    /// Creates the model `id` with its specification for the region of `sdk`.
    ///
    /// # Errors
    /// Returns a message for the operator if the model cannot be used.
    pub(super) fn find(sdk: &SdkConfig, settings: &ModelSettings, id: &str) -> Result<Self, String> {
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        settings.residency.check(id, split(id).0, &region)?;
        let spec = settings.catalogue.find(id, &region, settings.tier)?;
        let parameters = ModelParameters {
            structured_output: spec.structured_output.as_str().to_owned(),
            max_tokens: settings.max_tokens,
            temperature: spec.temperature,
            prompt_cache: false,
            guardrail: settings.guardrail.as_ref().map(|(id, version)| format!("{id}:{version}")),
            service_tier: settings.tier.as_str().to_owned(),
            prices: settings.catalogue.version(),
        };
        let bedrock = Bedrock::new(sdk, settings.timeouts);
        Ok(Self {
            bedrock,
            id: id.to_owned(),
            spec,
            tier: settings.tier,
            parameters,
            schemas: SchemaCompilation::default(),
        })
    }

    /// Shares with other workers, in `schemas`, which schemas Bedrock has compiled for the model.
    #[must_use]
    pub fn sharing_schemas(self, schemas: AnswerSchemas) -> Self {
        Self { schemas: SchemaCompilation::shared(schemas, &self.id), ..self }
    }

    /// Returns the model's id or inference profile.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the model's capabilities, quota and price.
    pub(crate) fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Returns the sum of the prices of a million tokens of input and of output, in US dollars.
    pub(super) fn price(&self) -> f64 {
        self.spec.price.input + self.spec.price.output
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

    /// Returns the model with this maximum length of an answer, in tokens.
    pub(super) fn with_max_tokens(&self, max_tokens: u32) -> Self {
        let parameters = ModelParameters { max_tokens, ..self.parameters.clone() };
        Self { parameters, ..self.clone() }
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

    /// Calls the model once. If Bedrock rejects the request with native structured output, it is sent again
    /// with the tool at once: a rejected request costs nothing, and the schema is the part that differs.
    async fn converse(&self, prompt: &Prompt, turns: &[Turn]) -> Result<ModelAnswer, Failure> {
        let form = prompt.form;
        let method = match self.spec.structured_output {
            StructuredOutput::Native => self.schemas.method(form).await,
            StructuredOutput::Tool => Method::Tool,
        };
        let answer = self.send(prompt, turns, method).await;
        match (method, answer) {
            (Method::Native { .. }, Err(CallError { failure, invalid: true })) => {
                tracing::warn!(model = self.id, detail = %failure.detail, "native structured output was rejected; the tool is used instead");
                let answer = self.send(prompt, turns, Method::Tool).await;
                // If the tool is rejected too, the schema is not the reason.
                if !matches!(answer, Err(CallError { invalid: true, .. })) {
                    self.schemas.record_failure(form);
                }
                answer.map_err(|error| error.failure)
            }
            (Method::Native { compiled }, Err(CallError { failure, .. })) => {
                if !compiled && failure.code == MODEL_TIMED_OUT {
                    tracing::warn!(
                        model = self.id,
                        "the first call with a schema timed out; the next one uses the tool"
                    );
                    self.schemas.record_failure(form);
                }
                Err(failure)
            }
            (Method::Native { .. }, Ok(answer)) => {
                self.schemas.record_answer(form);
                Ok(answer)
            }
            (Method::Tool, answer) => answer.map_err(|error| error.failure),
        }
    }

    async fn send(&self, prompt: &Prompt, turns: &[Turn], method: Method) -> Result<ModelAnswer, CallError> {
        let structured_output = match method {
            Method::Native { .. } => StructuredOutput::Native,
            Method::Tool => StructuredOutput::Tool,
        };
        let cacheable = estimate_cacheable(prompt, method);
        let parameters = ModelParameters {
            structured_output: structured_output.as_str().to_owned(),
            prompt_cache: self.spec.cache_minimum.is_some_and(|minimum| cacheable >= minimum),
            ..self.parameters.clone()
        };
        let request = Request {
            model: &self.id,
            prompt,
            turns,
            parameters: &parameters,
            method,
            tool_choice: self.spec.tool_choice,
            tier: self.tier,
        };
        let Response { content, stop_reason, tokens } = self.bedrock.converse(request).await?;
        Ok(ModelAnswer {
            model: self.id.clone(),
            parameters,
            prompt: prompt.name.clone(),
            content,
            usage: self.usage(prompt, turns, &stop_reason, tokens),
            stop_reason,
            tokens: tokens.unwrap_or_default(),
            paid: None,
            first: false,
            claims: Vec::new(),
            passed_over: Vec::new(),
        })
    }

    /// Returns the usage of an answer with these token counts. An answer without them costs what was reserved
    /// for it. Only a guardrail that blocks a question ends a call without tokens.
    fn usage(&self, prompt: &Prompt, turns: &[Turn], stop_reason: &str, tokens: Option<Tokens>) -> Usage {
        let counted = |tokens: &Tokens| {
            let input = tokens.input + tokens.cache_read + tokens.cache_write;
            (input > 0 && tokens.output > 0) || stop_reason == GUARDRAIL_INTERVENED
        };
        match tokens.filter(counted) {
            Some(tokens) => self.spec.price.usage(tokens),
            None => {
                tracing::warn!(
                    model = self.id,
                    "the answer does not state its tokens; it is booked as reserved"
                );
                let cost_usd = self.max_cost(prompt, turns).usd();
                Usage { cost_usd, ..self.spec.price.usage(tokens.unwrap_or_default()) }
            }
        }
    }
}
