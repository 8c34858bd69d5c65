//! Calls Amazon Bedrock's Converse API. This is the only file that names the Bedrock SDK.
//!
//! The answer's schema is enforced by the model's own constrained decoding if it has one, and
//! otherwise by a tool that the model is forced to call.

use std::time::Duration;

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
use domain::document::ModelParameters;
use serde_json::Value;

use super::{
    answer::Content,
    json::{to_document, to_value},
    opinion,
    price::{Tier, Tokens},
    turn::Turn,
};
use crate::failure::{Failure, MODEL_ANSWER_LOST, MODEL_TIMED_OUT};

/// Name of the service in errors and metrics.
const BEDROCK: &str = "Bedrock Runtime";
/// The tool that the model answers with.
const TOOL: &str = "record_assessment";
/// Description of the tool and of the schema, which the model reads.
const PURPOSE: &str = "Records the assessment of the company.";
/// Id of the tool call. An answer has only one call, so a fixed id is enough to match the repair to it.
const TOOL_USE_ID: &str = "assessment";
/// The part of the HTTP client's error text that marks a connection that could not be established.
const NOT_CONNECTED: &str = "(Connect)";

/// A client of the Converse API.
#[derive(Clone, Debug)]
pub(super) struct Bedrock {
    client: Client,
}

/// One call of a model.
pub(super) struct Request<'a> {
    /// Id or inference profile of the model.
    pub(super) model: &'a str,
    /// The system prompt.
    pub(super) system: &'a str,
    /// The conversation so far.
    pub(super) turns: &'a [Turn],
    /// Parameters as the report records them.
    pub(super) parameters: &'a ModelParameters,
    /// Whether the model's own constrained decoding enforces the schema.
    pub(super) native: bool,
    /// Service tier of Bedrock.
    pub(super) tier: Tier,
}

/// The model's response.
pub(super) struct Response {
    /// Structured content or prose.
    pub(super) content: Content,
    /// Why the model stopped.
    pub(super) stop_reason: String,
    /// Token counts.
    pub(super) tokens: Tokens,
}

impl Bedrock {
    /// Creates a client whose calls take `timeout` at most.
    pub(super) fn new(sdk: &SdkConfig, timeout: Duration) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(timeout)
            // A timeout that is not set here is inherited from `sdk`, whose calls are short.
            .operation_timeout(timeout)
            .build();
        let config = aws_sdk_bedrockruntime::config::Builder::from(sdk)
            .timeout_config(timeouts)
            // The assessor retries, because every call may be billed and needs its own reservation.
            .retry_config(RetryConfig::disabled())
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// Sends `request`.
    ///
    /// # Errors
    /// Returns a [`Failure`] if the model does not answer, classified by whether a retry helps.
    pub(super) async fn converse(&self, request: Request<'_>) -> Result<Response, Failure> {
        let Request { model, system, turns, parameters, native, tier } = request;
        let messages = turns.iter().map(|turn| message(turn, native)).collect::<Result<Vec<_>, _>>();
        let inference = InferenceConfiguration::builder()
            .max_tokens(i32::try_from(parameters.max_tokens).unwrap_or(i32::MAX))
            .set_temperature(parameters.temperature)
            .build();
        let guardrail = parameters.guardrail.as_deref().and_then(|guardrail| guardrail.rsplit_once(':'));
        let mut system = vec![SystemContentBlock::Text(system.to_owned())];
        if parameters.prompt_cache {
            // The cache covers tools, system prompt and messages, in this order, so a mark at the end of the
            // system prompt covers the tools, too.
            system.push(SystemContentBlock::CachePoint(cache_point().map_err(unbuildable)?));
        }
        let mut call = self
            .client
            .converse()
            .model_id(model)
            .set_system(Some(system))
            .set_messages(Some(messages.map_err(unbuildable)?))
            .inference_config(inference)
            .set_guardrail_config(guardrail.map(|(id, version)| {
                GuardrailConfiguration::builder().guardrail_identifier(id).guardrail_version(version).build()
            }));
        if tier != Tier::Default {
            let tier = ServiceTier::builder().r#type(ServiceTierType::from(tier.as_str())).build();
            call = call.service_tier(tier.map_err(unbuildable)?);
        }
        call = if native {
            call.output_config(output().map_err(unbuildable)?)
        } else {
            call.tool_config(tool().map_err(unbuildable)?)
        };
        let response = send(BEDROCK, "Converse", call.send()).await.map_err(|error| failure(&error))?;
        let tokens = response.usage.as_ref().map(Tokens::from).unwrap_or_default();
        let Some(ConverseOutput::Message(message)) = response.output else {
            return Err(failure(&AwsError::unusable(BEDROCK, "Converse", "the answer holds no message")));
        };
        Ok(Response {
            content: content(message.content, native),
            stop_reason: response.stop_reason.as_str().to_owned(),
            tokens,
        })
    }
}

impl From<&TokenUsage> for Tokens {
    fn from(usage: &TokenUsage) -> Self {
        let count = |tokens: i32| u64::try_from(tokens).unwrap_or_default();
        Self {
            input: count(usage.input_tokens),
            output: count(usage.output_tokens),
            cache_read: count(usage.cache_read_input_tokens.unwrap_or_default()),
            cache_write: count(usage.cache_write_input_tokens.unwrap_or_default()),
        }
    }
}

/// Returns the content of a message. Native structured output arrives as text, which is JSON if the model
/// followed the schema.
fn content(blocks: Vec<ContentBlock>, native: bool) -> Content {
    let mut prose = String::new();
    for block in blocks {
        match block {
            ContentBlock::ToolUse(tool) if tool.name == TOOL => {
                return Content::Structured(to_value(tool.input));
            }
            ContentBlock::Text(text) => prose.push_str(&text),
            _ => {}
        }
    }
    match serde_json::from_str(&prose) {
        Ok(value @ Value::Object(_)) if native => Content::Structured(value),
        _ => Content::Text(prose),
    }
}

fn message(turn: &Turn, native: bool) -> Result<Message, BuildError> {
    let (role, content) = match turn {
        Turn::Question(text) => (ConversationRole::User, ContentBlock::Text(text.clone())),
        Turn::Answer(answer) => (ConversationRole::Assistant, answer_block(&answer.content, native)?),
        Turn::Repair { problems, of_structured } if *of_structured && !native => {
            (ConversationRole::User, tool_error(problems)?)
        }
        Turn::Repair { problems, .. } => (ConversationRole::User, ContentBlock::Text(problems.clone())),
    };
    Message::builder().role(role).content(content).build()
}

fn answer_block(content: &Content, native: bool) -> Result<ContentBlock, BuildError> {
    Ok(match content {
        Content::Structured(value) if native => ContentBlock::Text(value.to_string()),
        Content::Structured(value) => ContentBlock::ToolUse(
            ToolUseBlock::builder().tool_use_id(TOOL_USE_ID).name(TOOL).input(to_document(value)).build()?,
        ),
        // Converse rejects an empty message.
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

/// Returns `text` as an error result of the tool call, because Converse accepts a tool call in a conversation
/// only together with its result.
fn tool_error(text: &str) -> Result<ContentBlock, BuildError> {
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
            (MODEL_ANSWER_LOST, "The model's answer was lost in transit. Resubmit the report later.")
        }
        ErrorClass::Throttled => {
            ("model_throttled", "The model is throttling requests. The report is retried automatically.")
        }
        ErrorClass::Transient => {
            ("model_unavailable", "The model did not answer. Resubmit the report later.")
        }
        ErrorClass::Permanent => (
            "model_refused_request",
            "The model rejected the request. Contact the operator and quote the report's id.",
        ),
    };
    let class = if code == MODEL_ANSWER_LOST { ErrorClass::Transient } else { error.class };
    Failure { class, code, message, detail: error.to_string() }
}

/// Returns whether the request may have reached the model although no answer arrived: the connection broke,
/// or the response cannot be read. A connection that was never established sent nothing.
fn may_be_answered(error: &AwsError) -> bool {
    let broken = error.code == NO_CONNECTION && !error.detail.contains(NOT_CONNECTED);
    broken || matches!(error.code.as_str(), UNREADABLE | UNUSABLE)
}

/// Returns the failure for a request that cannot be built, which is a bug in Dossier.
fn unbuildable(error: BuildError) -> Failure {
    Failure {
        class: ErrorClass::Permanent,
        code: "model_refused_request",
        message: "The request to the model could not be built. Contact the operator and quote the report's id.",
        detail: error.to_string(),
    }
}
