//! The model on Amazon Bedrock: the one file that names its SDK.
//!
//! The answer's schema is enforced by the model's own constrained decoding where it has one, and
//! otherwise by a tool that it is forced to call.

use std::time::{Duration, Instant};

use aws_adapters::{
    SdkConfig,
    error::{AwsError, ErrorClass, NO_CONNECTION, TIMEOUT, UNREADABLE, UNUSABLE},
    request::send,
};
use aws_sdk_bedrockruntime::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::BuildError,
    types::{
        CachePointBlock, CachePointType, ContentBlock, ConversationRole, ConverseOutput,
        GuardrailConfiguration, InferenceConfiguration, JsonSchemaDefinition, Message, OutputConfig,
        OutputFormat, OutputFormatStructure, OutputFormatType, ServiceTier, ServiceTierType,
        SpecificToolChoice, SystemContentBlock, TokenUsage, Tool, ToolChoice, ToolConfiguration,
        ToolInputSchema, ToolResultBlock, ToolResultContentBlock, ToolResultStatus, ToolSpecification,
        ToolUseBlock,
    },
};
use domain::{document::ModelParameters, usage::MicroUsd};
use serde_json::Value;
use telemetry::{
    metrics::{ModelUsage, metrics},
    propagation::set_list,
};
use tracing::{Instrument, field::Empty, info_span};

use super::{
    answer::{Content, ModelAnswer},
    catalogue::{Known, StructuredOutput, Tier, Tokens},
    json::{to_document, to_value},
    opinion,
    prompt::Prompt,
};
use crate::{
    failure::{Failure, MODEL_ANSWER_LOST, MODEL_TIMED_OUT},
    settings::ModelSettings,
};

const BEDROCK: &str = "Bedrock Runtime";

/// The tool that the model answers with.
const TOOL: &str = "record_assessment";
/// What the HTTP client says of a connection that could not be made.
const NOT_CONNECTED: &str = "(Connect)";
const PURPOSE: &str = "Records the assessment of the company.";
/// One tool call is made per answer: its id need only be the same in answer and repair.
const TOOL_USE_ID: &str = "assessment";

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    client: Client,
    id: String,
    known: Known,
    tier: Tier,
    parameters: ModelParameters,
}

/// A turn of a conversation.
#[derive(Clone, Debug)]
pub enum Turn {
    /// What is asked.
    Question(String),
    /// What the model answered.
    ModelAnswer(Box<ModelAnswer>),
    /// What was wrong with the answer before.
    Repair {
        /// In words.
        problems: String,
        /// Whether that answer had the form of the schema.
        of_structured: bool,
    },
}

impl Model {
    /// The models that `settings` name, in their order, as they are known in the SDK's region.
    ///
    /// # Errors
    /// What lacks of each, in words for the operator.
    pub fn configured(sdk: &SdkConfig, settings: &ModelSettings) -> Result<Vec<Self>, Vec<String>> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(settings.timeout)
            // What is not set here is taken over from `sdk`, whose calls are short.
            .operation_timeout(settings.timeout)
            .build();
        let config = aws_sdk_bedrockruntime::config::Builder::from(sdk)
            .timeout_config(timeouts)
            // Tries are the assessor's business: each one is paid for.
            .retry_config(RetryConfig::disabled())
            .build();
        let client = Client::from_conf(config);
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        let (mut models, mut errors) = (Vec::new(), Vec::new());
        for id in &settings.ids {
            match settings.catalogue.find(id, &region, settings.tier) {
                Ok(known) => models.push(Self::new(&client, id, known, settings)),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(models) } else { Err(errors) }
    }

    fn new(client: &Client, id: &str, known: Known, settings: &ModelSettings) -> Self {
        let parameters = ModelParameters {
            structured_output: known.structured_output.as_str().to_owned(),
            max_tokens: settings.max_tokens,
            temperature: known.temperature,
            prompt_cache: known.prompt_cache,
            guardrail: settings.guardrail.as_ref().map(|(id, version)| format!("{id}:{version}")),
            service_tier: settings.tier.as_str().to_owned(),
            prices: settings.catalogue.version(),
        };
        Self { client: client.clone(), id: id.to_owned(), known, tier: settings.tier, parameters }
    }

    /// Its id or inference profile.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is known of it.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The most tokens that an answer may have.
    pub fn max_tokens(&self) -> u64 {
        u64::from(self.parameters.max_tokens)
    }

    /// The most that asking `turns` can cost.
    pub fn most(&self, prompt: &Prompt, turns: &[Turn]) -> MicroUsd {
        self.known.price.most(expected_input(prompt, turns), self.max_tokens())
    }

    /// The tokens of the quota that asking `turns` takes when it begins.
    pub fn quota_tokens(&self, prompt: &Prompt, turns: &[Turn]) -> u64 {
        expected_input(prompt, turns) + self.max_tokens()
    }

    /// The tokens of the quota that an answer took in the end: what was read from the cache counts nothing.
    pub fn quota_used(&self, tokens: Tokens) -> u64 {
        tokens.input + tokens.cache_write + tokens.output * self.known.burndown
    }

    /// Asks the model to answer the last of `turns`.
    ///
    /// # Errors
    /// [`Failure`], sorted by what helps.
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
            gen_ai.request.temperature = self.known.temperature.map(f64::from),
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
        let native = self.known.structured_output == StructuredOutput::Native;
        let messages = turns.iter().map(|turn| message(turn, native)).collect::<Result<Vec<_>, _>>();
        let inference = InferenceConfiguration::builder()
            .max_tokens(i32::try_from(self.parameters.max_tokens).unwrap_or(i32::MAX))
            .set_temperature(self.known.temperature)
            .build();
        let tier = ServiceTier::builder().r#type(ServiceTierType::from(self.tier.as_str())).build();
        let guardrail = self.parameters.guardrail.as_deref().and_then(|guardrail| guardrail.rsplit_once(':'));
        let mut system = vec![SystemContentBlock::Text(prompt.system.clone())];
        if self.known.prompt_cache {
            // The cache goes by tools, system prompt, messages: one mark at the end of the system prompt is for both.
            system.push(SystemContentBlock::CachePoint(cache_point().map_err(unbuildable)?));
        }
        let mut request = self
            .client
            .converse()
            .model_id(&self.id)
            .set_system(Some(system))
            .set_messages(Some(messages.map_err(unbuildable)?))
            .inference_config(inference)
            .set_guardrail_config(guardrail.map(|(id, version)| {
                GuardrailConfiguration::builder().guardrail_identifier(id).guardrail_version(version).build()
            }));
        if self.tier != Tier::Default {
            request = request.service_tier(tier.map_err(unbuildable)?);
        }
        request = if native {
            request.output_config(output().map_err(unbuildable)?)
        } else {
            request.tool_config(tool().map_err(unbuildable)?)
        };
        let answer = send(BEDROCK, "Converse", request.send()).await.map_err(|error| failure(&error))?;
        let tokens = answer.usage.as_ref().map(Tokens::from).unwrap_or_default();
        let Some(ConverseOutput::Message(said)) = answer.output else {
            return Err(failure(&AwsError::unusable(BEDROCK, "Converse", "the answer holds no message")));
        };
        Ok(ModelAnswer {
            model: self.id.clone(),
            parameters: self.parameters.clone(),
            prompt: prompt.name.clone(),
            content: content(said.content, native),
            stop_reason: answer.stop_reason.as_str().to_owned(),
            usage: self.known.price.usage(tokens),
            tokens,
            paid: None,
            first: false,
            passed_over: Vec::new(),
        })
    }
}

/// More tokens than what is sent has, by far: a token is about four letters of English, and about one character of
/// Chinese or Japanese. Bedrock tells the number only afterwards.
fn expected_input(prompt: &Prompt, turns: &[Turn]) -> u64 {
    /// What the schema and the form of a request take.
    const AROUND: u64 = 1_500;
    let text = |text: &str| {
        let (ascii, other) = text.chars().fold((0_u64, 0_u64), |(ascii, other), c| {
            if c.is_ascii() { (ascii + 1, other) } else { (ascii, other + 1) }
        });
        ascii.div_ceil(3) + other * 2
    };
    let turn = |turn: &Turn| match turn {
        Turn::Question(words) => text(words),
        Turn::Repair { problems, .. } => text(problems),
        Turn::ModelAnswer(answer) => match &answer.content {
            Content::Structured(value) => text(&value.to_string()),
            Content::Text(words) => text(words),
        },
    };
    AROUND + text(&prompt.system) + turns.iter().map(turn).sum::<u64>()
}

impl From<&TokenUsage> for Tokens {
    fn from(usage: &TokenUsage) -> Self {
        Self {
            input: tokens(usage.input_tokens),
            output: tokens(usage.output_tokens),
            cache_read: tokens(usage.cache_read_input_tokens.unwrap_or_default()),
            cache_write: tokens(usage.cache_write_input_tokens.unwrap_or_default()),
        }
    }
}

fn tokens(count: i32) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// What the model said. Native structured output comes as text, which is JSON where the model obeyed.
fn content(blocks: Vec<ContentBlock>, native: bool) -> Content {
    let mut words = String::new();
    for block in blocks {
        match block {
            ContentBlock::ToolUse(tool) if tool.name == TOOL => {
                return Content::Structured(to_value(tool.input));
            }
            ContentBlock::Text(text) => words.push_str(&text),
            _ => {}
        }
    }
    match serde_json::from_str(&words) {
        Ok(value @ Value::Object(_)) if native => Content::Structured(value),
        _ => Content::Text(words),
    }
}

fn message(turn: &Turn, native: bool) -> Result<Message, BuildError> {
    let (role, content) = match turn {
        Turn::Question(text) => (ConversationRole::User, ContentBlock::Text(text.clone())),
        Turn::ModelAnswer(answer) => (ConversationRole::Assistant, said(&answer.content, native)?),
        Turn::Repair { problems, of_structured } if *of_structured && !native => {
            (ConversationRole::User, refused(problems)?)
        }
        Turn::Repair { problems, .. } => (ConversationRole::User, ContentBlock::Text(problems.clone())),
    };
    Message::builder().role(role).content(content).build()
}

fn said(content: &Content, native: bool) -> Result<ContentBlock, BuildError> {
    Ok(match content {
        Content::Structured(value) if native => ContentBlock::Text(value.to_string()),
        Content::Structured(value) => ContentBlock::ToolUse(
            ToolUseBlock::builder().tool_use_id(TOOL_USE_ID).name(TOOL).input(to_document(value)).build()?,
        ),
        // A message must not be empty.
        Content::Text(text) if text.trim().is_empty() => ContentBlock::Text("(nothing)".to_owned()),
        Content::Text(text) => ContentBlock::Text(text.clone()),
    })
}

fn cache_point() -> Result<CachePointBlock, BuildError> {
    CachePointBlock::builder().r#type(CachePointType::Default).build()
}

fn output() -> Result<OutputConfig, BuildError> {
    let schema = JsonSchemaDefinition::builder()
        .name(TOOL)
        .description(PURPOSE)
        .schema(opinion::schema().to_string())
        .build()?;
    let format = OutputFormat::builder()
        .r#type(OutputFormatType::JsonSchema)
        .structure(OutputFormatStructure::JsonSchema(schema))
        .build()?;
    Ok(OutputConfig::builder().text_format(format).build())
}

fn tool() -> Result<ToolConfiguration, BuildError> {
    let specification = ToolSpecification::builder()
        .name(TOOL)
        .description(PURPOSE)
        .input_schema(ToolInputSchema::Json(to_document(&opinion::schema())))
        .build()?;
    let choice = SpecificToolChoice::builder().name(TOOL).build()?;
    ToolConfiguration::builder()
        .tools(Tool::ToolSpec(specification))
        .tool_choice(ToolChoice::Tool(choice))
        .build()
}

/// The Converse API takes a tool's call in a conversation only together with the tool's result.
fn refused(text: &str) -> Result<ContentBlock, BuildError> {
    let result = ToolResultBlock::builder()
        .tool_use_id(TOOL_USE_ID)
        .status(ToolResultStatus::Error)
        .content(ToolResultContentBlock::Text(text.to_owned()))
        .build()?;
    Ok(ContentBlock::ToolResult(result))
}

fn failure(error: &AwsError) -> Failure {
    let (code, message) = match error.class {
        ErrorClass::Transient if error.code == TIMEOUT => {
            (MODEL_TIMED_OUT, "The model took too long to answer. Resubmit the report later.")
        }
        _ if may_be_answered(error) => {
            (MODEL_ANSWER_LOST, "The model's answer was lost on the way. Resubmit the report later.")
        }
        ErrorClass::Throttled => (
            "model_throttled",
            "The model has more to do than it can take. The report is tried again by itself.",
        ),
        ErrorClass::Transient => {
            ("model_unavailable", "The model did not answer. Resubmit the report later.")
        }
        ErrorClass::Permanent => (
            "model_refused_request",
            "The model does not take the request. Tell the operator the report's id.",
        ),
    };
    let class = if code == MODEL_ANSWER_LOST { ErrorClass::Transient } else { error.class };
    Failure { class, code, message, detail: error.to_string() }
}

/// Whether the request may have reached the model although no answer came: the connection broke, or what came cannot be
/// read. A connection that was never made sent nothing.
fn may_be_answered(error: &AwsError) -> bool {
    let broken = error.code == NO_CONNECTION && !error.detail.contains(NOT_CONNECTED);
    broken || matches!(error.code.as_str(), UNREADABLE | UNUSABLE)
}

/// A request that cannot be made is a mistake of ours.
fn unbuildable(error: BuildError) -> Failure {
    Failure {
        class: ErrorClass::Permanent,
        code: "model_refused_request",
        message: "The model cannot be asked. Tell the operator the report's id.",
        detail: error.to_string(),
    }
}
