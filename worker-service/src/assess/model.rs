//! The model on Amazon Bedrock: the one file that names its SDK.
//!
//! The answer's schema is enforced by a tool that the model is forced to use.

use std::collections::HashMap;

use aws_sdk_bedrockruntime::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::BuildError,
    types::{
        ContentBlock, ConversationRole, ConverseOutput, InferenceConfiguration, Message, SpecificToolChoice,
        SystemContentBlock, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolResultBlock,
        ToolResultContentBlock, ToolResultStatus, ToolSpecification, ToolUseBlock,
    },
};
use aws_smithy_types::{Document, Number};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    aws::{
        SdkConfig,
        call::call,
        error::{AwsError, Remedy, TIMEOUT},
    },
    domain::report::{Usage, micro_dollars},
    telemetry::metrics::metrics,
};
use tracing::{Instrument, field::Empty, info_span};

use super::{opinion, prompt::Prompt};
use crate::{failure::Failure, settings::ModelSettings};

const BEDROCK: &str = "Bedrock Runtime";

/// The tool that the model answers with.
const TOOL: &str = "record_assessment";
/// One tool call is made per answer: its id need only be the same in answer and repair.
const TOOL_USE_ID: &str = "assessment";

/// The code of a call that was given up although the model may still have answered it, and been
/// paid for it: asked again only by another attempt.
pub const TIMED_OUT: &str = "model_timed_out";

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    client: Client,
    settings: ModelSettings,
}

/// A turn of a conversation.
#[derive(Clone, Debug)]
pub enum Turn {
    /// What is asked.
    Question(String),
    /// What the model answered.
    Answer(Box<Answer>),
    /// What was wrong with the answer before.
    Repair {
        /// In words.
        problems: String,
        /// Whether that answer was a call of the tool.
        of_tool: bool,
    },
}

/// An answer of the model, as the journal keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Who answered.
    pub model: String,
    /// The prompt that was answered: version and SHA-256.
    pub prompt: String,
    /// What.
    pub content: Content,
    /// Why the model stopped.
    pub stop_reason: String,
    /// What it cost.
    pub usage: Usage,
}

/// What an answer holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// What the tool was called with.
    Structured(Value),
    /// Prose, where the tool was not called.
    Text(String),
}

impl Model {
    /// The model that `settings` name.
    pub fn new(sdk: &SdkConfig, settings: ModelSettings) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(std::time::Duration::from_secs(2))
            .operation_attempt_timeout(settings.timeout)
            .build();
        let config = aws_sdk_bedrockruntime::config::Builder::from(sdk)
            .timeout_config(timeouts)
            // Tries are the assessor's business: each one is paid for.
            .retry_config(RetryConfig::disabled())
            .build();
        Self { client: Client::from_conf(config), settings }
    }

    /// Its id or inference profile.
    pub fn id(&self) -> &str {
        &self.settings.id
    }

    /// Asks the model to answer the last of `turns`.
    ///
    /// # Errors
    /// [`Failure`], sorted by what helps.
    pub async fn ask(&self, prompt: &Prompt, turns: &[Turn]) -> Result<Answer, Failure> {
        let span = info_span!(
            "model",
            otel.name = format_args!("chat {}", self.settings.id),
            otel.kind = "client",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = "aws.bedrock",
            gen_ai.request.model = self.settings.id,
            gen_ai.request.max_tokens = self.settings.max_tokens,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
        );
        let answer = self.converse(prompt, turns).instrument(span.clone()).await?;
        span.record("gen_ai.response.finish_reasons", answer.stop_reason.as_str());
        span.record("gen_ai.usage.input_tokens", answer.usage.input_tokens);
        span.record("gen_ai.usage.output_tokens", answer.usage.output_tokens);
        metrics().model_call(&self.settings.id, answer.usage);
        Ok(answer)
    }

    async fn converse(&self, prompt: &Prompt, turns: &[Turn]) -> Result<Answer, Failure> {
        let messages: Vec<Message> =
            turns.iter().map(message).collect::<Result<_, _>>().map_err(unbuildable)?;
        let inference =
            InferenceConfiguration::builder().max_tokens(self.settings.max_tokens).temperature(0.0).build();
        let request = self
            .client
            .converse()
            .model_id(&self.settings.id)
            .system(SystemContentBlock::Text(prompt.system.clone()))
            .set_messages(Some(messages))
            .inference_config(inference)
            .tool_config(tool().map_err(unbuildable)?);
        let answer = call(BEDROCK, "Converse", request.send()).await.map_err(|error| failure(&error))?;
        let usage = answer.usage.as_ref().map_or_else(Usage::default, |usage| {
            self.settings.price(tokens(usage.input_tokens), tokens(usage.output_tokens))
        });
        let Some(ConverseOutput::Message(said)) = answer.output else {
            return Err(failure(&AwsError::unusable(BEDROCK, "Converse", "the answer holds no message")));
        };
        let stop_reason = answer.stop_reason.as_str().to_owned();
        Ok(Answer {
            model: self.settings.id.clone(),
            prompt: prompt.name.clone(),
            content: content(said.content),
            stop_reason,
            usage,
        })
    }
}

impl ModelSettings {
    fn price(&self, input_tokens: u64, output_tokens: u64) -> Usage {
        #[expect(clippy::cast_precision_loss, reason = "no answer has 2^52 tokens")]
        let cost_usd =
            (input_tokens as f64 * self.input_usd + output_tokens as f64 * self.output_usd) / 1_000_000.0;
        Usage { input_tokens, output_tokens, cost_usd: micro_dollars(cost_usd), model_calls: 1 }
    }
}

fn tokens(count: i32) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

fn content(blocks: Vec<ContentBlock>) -> Content {
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
    Content::Text(words)
}

fn message(turn: &Turn) -> Result<Message, BuildError> {
    let (role, content) = match turn {
        Turn::Question(text) => (ConversationRole::User, ContentBlock::Text(text.clone())),
        Turn::Answer(answer) => (ConversationRole::Assistant, said(&answer.content)?),
        Turn::Repair { problems, of_tool: true } => (ConversationRole::User, refused(problems)?),
        Turn::Repair { problems, of_tool: false } => {
            (ConversationRole::User, ContentBlock::Text(problems.clone()))
        }
    };
    Message::builder().role(role).content(content).build()
}

fn said(content: &Content) -> Result<ContentBlock, BuildError> {
    Ok(match content {
        Content::Structured(value) => ContentBlock::ToolUse(
            ToolUseBlock::builder().tool_use_id(TOOL_USE_ID).name(TOOL).input(to_document(value)).build()?,
        ),
        // A message must not be empty.
        Content::Text(text) if text.trim().is_empty() => ContentBlock::Text("(nothing)".to_owned()),
        Content::Text(text) => ContentBlock::Text(text.clone()),
    })
}

fn tool() -> Result<ToolConfiguration, BuildError> {
    let specification = ToolSpecification::builder()
        .name(TOOL)
        .description("Records the assessment of the company.")
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
    let (code, message) = match error.remedy {
        Remedy::Transient if error.code == TIMEOUT => {
            (TIMED_OUT, "The model took too long to answer. Resubmit the report later.")
        }
        Remedy::Throttled => (
            "model_throttled",
            "The model has more to do than it can take. The report is tried again by itself.",
        ),
        Remedy::Transient => ("model_unavailable", "The model did not answer. Resubmit the report later."),
        Remedy::Permanent => (
            "model_refused_request",
            "The model does not take the request. Tell the operator the report's id.",
        ),
    };
    Failure { remedy: error.remedy, code, message, detail: error.to_string() }
}

fn unbuildable(error: BuildError) -> Failure {
    failure(&AwsError::unusable(BEDROCK, "Converse", error))
}

fn to_document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(to_document).collect()),
        Value::Object(members) => {
            Document::Object(members.iter().map(|(name, value)| (name.clone(), to_document(value))).collect())
        }
    }
}

fn to_value(document: Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(value) => Value::Bool(value),
        Document::Number(Number::PosInt(number)) => Value::from(number),
        Document::Number(Number::NegInt(number)) => Value::from(number),
        Document::Number(Number::Float(number)) => Value::from(number),
        Document::String(text) => Value::String(text),
        Document::Array(items) => Value::Array(items.into_iter().map(to_value).collect()),
        Document::Object(members) => {
            let members: HashMap<String, Document> = members;
            Value::Object(members.into_iter().map(|(name, value)| (name, to_value(value))).collect())
        }
    }
}
