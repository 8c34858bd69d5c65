//! Calls Amazon Bedrock's Converse and ApplyGuardrail APIs. This is the only file that names the Bedrock SDK.
//!
//! The schema of an answer is enforced by the model's own constrained decoding if it has one, and
//! otherwise by a tool that the model is forced to call.

use std::time::Duration;

use aws_adapters::{
    SdkConfig,
    error::{AwsError, Delivery, ErrorClass, TIMEOUT},
    request::send,
};
use aws_sdk_bedrockruntime::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::BuildError,
    types::{
        AnyToolChoice, CachePointBlock, CachePointType, ContentBlock, ConversationRole, ConverseOutput,
        GuardrailConfiguration, GuardrailContentBlock, GuardrailContentQualifier, GuardrailContentSource,
        GuardrailContextualGroundingFilterType, GuardrailOutputScope, GuardrailTextBlock, GuardrailUsage,
        InferenceConfiguration, JsonSchemaDefinition, Message, OutputConfig, OutputFormat,
        OutputFormatStructure, OutputFormatType, ServiceTier, ServiceTierType, SpecificToolChoice,
        SystemContentBlock, TokenUsage, Tool, ToolChoice as ConverseToolChoice, ToolConfiguration,
        ToolInputSchema, ToolResultBlock, ToolResultContentBlock, ToolResultStatus, ToolSpecification,
        ToolUseBlock,
    },
};
use aws_smithy_types::body::SdkBody;
use domain::document::ModelParameters;
use serde_json::Value;

use super::{
    answer::Content,
    catalogue::ToolChoice,
    form::AnswerForm,
    json::{sorted, to_document, to_value},
    price::{GuardrailUnits, Tier, Tokens},
    prompt::Prompt,
    schema_compilation::Method,
    turn::Turn,
};
use crate::failure::{Failure, MODEL_ANSWER_LOST, MODEL_TIMED_OUT};

/// Name of the service in errors and metrics.
const BEDROCK: &str = "Bedrock Runtime";
/// Id of the tool call. An answer has only one call, so a fixed id is enough to match the repair to it.
const TOOL_USE_ID: &str = "assessment";

/// A client of Bedrock Runtime.
#[derive(Clone, Debug)]
pub(super) struct Bedrock {
    client: Client,
    /// A client for calls for which Bedrock first compiles the schema.
    patient: Client,
}

/// Timeouts of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// Timeout of a call.
    pub(super) call: Duration,
    /// Timeout of the first call with a schema, during which Bedrock compiles it.
    pub(super) first_call: Duration,
}

/// One call of a model.
pub(super) struct Request<'a> {
    /// Id or inference profile of the model.
    pub(super) model: &'a str,
    /// The system prompt and the form of the answer.
    pub(super) prompt: &'a Prompt,
    /// The conversation so far.
    pub(super) turns: &'a [Turn],
    /// Parameters as the report records them.
    pub(super) parameters: &'a ModelParameters,
    /// The method that makes the answer follow the schema.
    pub(super) method: Method,
    /// How the model is made to call the tool, if the method is one.
    pub(super) tool_choice: ToolChoice,
    /// Service tier of Bedrock.
    pub(super) tier: Tier,
}

/// The model's response.
pub(super) struct Response {
    /// Structured content or prose.
    pub(super) content: Content,
    /// Why the model stopped.
    pub(super) stop_reason: String,
    /// Token counts; `None` if the response does not state them.
    pub(super) tokens: Option<Tokens>,
}

/// A failed call of a model.
pub(super) struct CallError {
    /// The failure as the report shows it.
    pub(super) failure: Failure,
    /// Whether Bedrock rejected the request itself, which may be because of its schema.
    pub(super) invalid: bool,
}

/// A text to compare with its sources.
pub(super) struct GroundingQuery<'a> {
    /// Id and version of the guardrail.
    pub(super) guardrail: [&'a str; 2],
    /// The sources.
    pub(super) source: &'a str,
    /// The question that the text answers.
    pub(super) question: &'a str,
    /// The text.
    pub(super) text: &'a str,
}

/// The result of a contextual grounding check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grounding {
    /// How well the sources support the text, from 0 to 1.
    pub(super) score: f64,
    /// The score from which on the guardrail calls a text grounded.
    pub(super) threshold: f64,
    /// Billed units of text; `None` if the response does not state them.
    pub(super) units: Option<GuardrailUnits>,
}

impl Bedrock {
    /// Creates a client whose calls take `timeouts` at most.
    pub(super) fn new(sdk: &SdkConfig, timeouts: Timeouts) -> Self {
        Self { client: client(sdk, timeouts.call), patient: client(sdk, timeouts.first_call) }
    }

    /// Sends `request`.
    ///
    /// # Errors
    /// Returns a [`CallError`] if the model does not answer, classified by whether a retry helps.
    pub(super) async fn converse(&self, request: Request<'_>) -> Result<Response, CallError> {
        let Request { model, prompt, turns, parameters, method, tool_choice, tier } = request;
        let native = matches!(method, Method::Native { .. });
        let messages = turns.iter().map(|turn| message(turn, prompt.form, native)).collect::<Result<_, _>>();
        let inference = InferenceConfiguration::builder()
            .max_tokens(i32::try_from(parameters.max_tokens).unwrap_or(i32::MAX))
            .set_temperature(parameters.temperature)
            .build();
        let guardrail = parameters.guardrail.as_deref().and_then(|guardrail| guardrail.rsplit_once(':'));
        let mut system = vec![SystemContentBlock::Text(prompt.system.clone())];
        if parameters.prompt_cache {
            // The cache covers tools, system prompt and messages, in this order, so a mark at the end of the
            // system prompt covers the tools, too.
            system.push(SystemContentBlock::CachePoint(cache_point()?));
        }
        let client =
            if method == (Method::Native { compiled: false }) { &self.patient } else { &self.client };
        let mut call = client
            .converse()
            .model_id(model)
            .set_system(Some(system))
            .set_messages(Some(messages?))
            .inference_config(inference)
            .set_guardrail_config(guardrail.map(|(id, version)| {
                GuardrailConfiguration::builder().guardrail_identifier(id).guardrail_version(version).build()
            }));
        if tier != Tier::Default {
            let tier = ServiceTier::builder().r#type(ServiceTierType::from(tier.as_str())).build()?;
            call = call.service_tier(tier);
        }
        call = if native {
            call.output_config(output(prompt.form)?)
        } else {
            call.tool_config(tool(prompt.form, tool_choice)?)
        };
        let call = call.customize().mutate_request(|request| {
            let Some(body) = request.body().bytes().and_then(sorted) else { return };
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body);
        });
        let response = send(BEDROCK, "Converse", call.send()).await?;
        let Some(ConverseOutput::Message(message)) = response.output else {
            return Err(AwsError::unusable(BEDROCK, "Converse", "the answer holds no message").into());
        };
        Ok(Response {
            content: content(message.content, prompt.form, native),
            stop_reason: response.stop_reason.as_str().to_owned(),
            tokens: response.usage.as_ref().map(Tokens::from),
        })
    }

    /// Asks the guardrail of `query` how well the sources support the text.
    ///
    /// # Errors
    /// Returns a [`CallError`] if the guardrail does not answer, or if it has no contextual grounding policy.
    pub(super) async fn ground(&self, query: GroundingQuery<'_>) -> Result<Grounding, CallError> {
        let GroundingQuery { guardrail: [id, version], source, question, text } = query;
        let call = self
            .client
            .apply_guardrail()
            .guardrail_identifier(id)
            .guardrail_version(version)
            .source(GuardrailContentSource::Output)
            // Without this, the answer holds no score of a text that passes.
            .output_scope(GuardrailOutputScope::Full)
            .content(guarded(source, GuardrailContentQualifier::GroundingSource)?)
            .content(guarded(question, GuardrailContentQualifier::Query)?)
            .content(guarded(text, GuardrailContentQualifier::GuardContent)?);
        let response = send(BEDROCK, "ApplyGuardrail", call.send()).await?;
        let filters = response.assessments().iter().filter_map(|found| found.contextual_grounding_policy());
        let grounding = filters
            .flat_map(|policy| policy.filters())
            .find(|filter| *filter.r#type() == GuardrailContextualGroundingFilterType::Grounding);
        let Some(grounding) = grounding else {
            let failure = Failure {
                class: ErrorClass::Permanent,
                code: "model_refused_request",
                message: "The guardrail cannot verify claims. Contact the operator and quote the report's id.",
                detail: format!("the guardrail {id}:{version} returned no contextual grounding score"),
            };
            return Err(CallError { failure, invalid: false });
        };
        Ok(Grounding {
            score: grounding.score(),
            threshold: grounding.threshold(),
            // A text with a score was processed.
            units: response.usage().map(GuardrailUnits::from).filter(|units| units.contextual_grounding > 0),
        })
    }
}

fn client(sdk: &SdkConfig, timeout: Duration) -> Client {
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
    Client::from_conf(config)
}

fn guarded(text: &str, qualifier: GuardrailContentQualifier) -> Result<GuardrailContentBlock, BuildError> {
    let block = GuardrailTextBlock::builder().text(text).qualifiers(qualifier).build()?;
    Ok(GuardrailContentBlock::Text(block))
}

impl From<&GuardrailUsage> for GuardrailUnits {
    fn from(usage: &GuardrailUsage) -> Self {
        let count = |units: i32| u64::try_from(units).unwrap_or_default();
        Self {
            contextual_grounding: count(usage.contextual_grounding_policy_units),
            content: count(usage.content_policy_units),
            topic: count(usage.topic_policy_units),
            word: count(usage.word_policy_units),
            sensitive_information: count(usage.sensitive_information_policy_units),
            automated_reasoning: count(usage.automated_reasoning_policy_units.unwrap_or_default()),
        }
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
fn content(blocks: Vec<ContentBlock>, form: &AnswerForm, native: bool) -> Content {
    let mut prose = String::new();
    for block in blocks {
        match block {
            ContentBlock::ToolUse(tool) if tool.name == form.name => {
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

fn message(turn: &Turn, form: &AnswerForm, native: bool) -> Result<Message, BuildError> {
    let (role, content) = match turn {
        Turn::Question(text) => (ConversationRole::User, ContentBlock::Text(text.clone())),
        Turn::Answer(answer) => (ConversationRole::Assistant, answer_block(&answer.content, form, native)?),
        Turn::Repair { problems, of_structured } if *of_structured && !native => {
            (ConversationRole::User, tool_error(problems)?)
        }
        Turn::Repair { problems, .. } => (ConversationRole::User, ContentBlock::Text(problems.clone())),
    };
    Message::builder().role(role).content(content).build()
}

fn answer_block(content: &Content, form: &AnswerForm, native: bool) -> Result<ContentBlock, BuildError> {
    Ok(match content {
        Content::Structured(value) if native => ContentBlock::Text(value.to_string()),
        Content::Structured(value) => ContentBlock::ToolUse(
            ToolUseBlock::builder()
                .tool_use_id(TOOL_USE_ID)
                .name(form.name)
                .input(to_document(value))
                .build()?,
        ),
        // Converse rejects an empty message.
        Content::Text(text) if text.trim().is_empty() => ContentBlock::Text("(nothing)".to_owned()),
        Content::Text(text) => ContentBlock::Text(text.clone()),
    })
}

fn cache_point() -> Result<CachePointBlock, BuildError> {
    CachePointBlock::builder().r#type(CachePointType::Default).build()
}

fn output(form: &AnswerForm) -> Result<OutputConfig, BuildError> {
    let schema = JsonSchemaDefinition::builder()
        .name(form.name)
        .description(form.purpose)
        .schema(&form.text)
        .build()?;
    let format = OutputFormat::builder()
        .r#type(OutputFormatType::JsonSchema)
        .structure(OutputFormatStructure::JsonSchema(schema))
        .build()?;
    Ok(OutputConfig::builder().text_format(format).build())
}

fn tool(form: &AnswerForm, choice: ToolChoice) -> Result<ToolConfiguration, BuildError> {
    let specification = ToolSpecification::builder()
        .name(form.name)
        .description(form.purpose)
        .input_schema(ToolInputSchema::Json(to_document(&form.schema)))
        .build()?;
    let choice = match choice {
        ToolChoice::Tool => ConverseToolChoice::Tool(SpecificToolChoice::builder().name(form.name).build()?),
        ToolChoice::Any => ConverseToolChoice::Any(AnyToolChoice::builder().build()),
    };
    ToolConfiguration::builder().tools(Tool::ToolSpec(specification)).tool_choice(choice).build()
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

impl From<AwsError> for CallError {
    fn from(error: AwsError) -> Self {
        // A grammar that could not be compiled in time may also end as a failure of the model.
        let invalid = error.code == "ValidationException" || error.detail.to_lowercase().contains("grammar");
        Self { failure: failure(&error), invalid: invalid && !may_be_billed(&error) }
    }
}

impl From<BuildError> for CallError {
    /// Returns the error for a request that cannot be built, which is a bug in Dossier.
    fn from(error: BuildError) -> Self {
        let failure = Failure {
            class: ErrorClass::Permanent,
            code: "model_refused_request",
            message: "The request to the model could not be built. Contact the operator and quote the report's id.",
            detail: error.to_string(),
        };
        Self { failure, invalid: false }
    }
}

fn failure(error: &AwsError) -> Failure {
    let billed = may_be_billed(error);
    let (code, message) = match error.class {
        _ if billed && error.code == TIMEOUT => (MODEL_TIMED_OUT, "The model took too long to answer."),
        _ if billed => (MODEL_ANSWER_LOST, "The model's answer was lost in transit."),
        ErrorClass::Throttled => ("model_throttled", "The model is throttling requests."),
        ErrorClass::Transient => ("model_unavailable", "The model did not answer."),
        ErrorClass::Permanent => (
            "model_refused_request",
            "The model rejected the request. Contact the operator and quote the report's id.",
        ),
    };
    let class = if billed { ErrorClass::Transient } else { error.class };
    Failure { class, code, message, detail: error.to_string() }
}

/// Returns whether the model may have answered, and AWS billed the call, although no usable answer arrived.
/// Bedrock bills no call that it answers with an error; a gateway before it answers 502 or 504 without
/// knowing what became of the call.
fn may_be_billed(error: &AwsError) -> bool {
    match error.delivery {
        Delivery::NotSent => false,
        Delivery::Unanswered => true,
        Delivery::Answered(status) => matches!(status, 200..=299 | 502 | 504),
    }
}
