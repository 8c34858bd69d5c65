//! The answer format that a request asks for: the input of a forced tool, or JSON text that matches a schema.
//! Also checks that the stand-in can write an answer in that schema.

use serde_json::Value;

use super::wire::{ConverseAnswer, ConverseError, ConverseRequest, tool_use_id};
use crate::faults::Task;

/// The format of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// The input of the tool with this name.
    Tool(String),
    /// One text block with JSON.
    JsonText,
}

/// Properties that a schema must have, by the path to the object that has them. `[]` selects the items of an
/// array.
type Properties = &'static [(&'static [&'static str], &'static [&'static str])];

const ASSESSMENT: Properties = &[
    (&[], &["level", "summary", "findings"]),
    (&["summary"], &["text", "citations"]),
    (&["findings", "[]"], &["category", "severity", "statement", "citations"]),
    (&["findings", "[]", "citations", "[]"], &["evidenceId", "quote"]),
];

const VERDICTS: Properties = &[(&[], &["verdicts"]), (&["verdicts", "[]"], &["claim", "reason", "verdict"])];

impl AnswerFormat {
    /// Returns the format that `request` asks for, and the task whose answer has this format.
    pub(super) fn of(request: &ConverseRequest) -> Result<(Self, Task), ConverseError> {
        if let Some((name, schema)) = forced_tool(request)? {
            return Ok((Self::Tool(name), task(&schema)?));
        }
        if let Some(schema) = native_schema(request)? {
            return Ok((Self::JsonText, task(&schema)?));
        }
        Err(ConverseError::validation(
            "the stand-in only writes structured answers: force one tool (toolConfig.toolChoice.tool, or \
             any with one tool) or request a JSON schema (outputConfig.textFormat)",
        ))
    }

    /// Returns `value` as an answer in this format.
    pub(super) fn answer(&self, value: &Value) -> ConverseAnswer {
        match self {
            Self::Tool(name) => ConverseAnswer::tool_use(&tool_use_id(), name, value),
            Self::JsonText => ConverseAnswer::text("end_turn", value.to_string()),
        }
    }
}

/// Checks that `model`, the id of a model or of an inference profile or the ARN of either, supports the tool choice of
/// `request`. Of the models in Dossier's catalogue, Mistral's cannot be told to call a tool by its name: "ToolChoice"
/// (Amazon Bedrock API Reference, 2026-11-28) names only Claude and Nova.
pub(super) fn check_tool_choice(model: &str, request: &ConverseRequest) -> Result<(), ConverseError> {
    let choice = request.tool_config.as_ref().and_then(|config| config.tool_choice.as_ref());
    let is_named = choice.is_some_and(|choice| choice.get("tool").is_some());
    let name = model.rsplit('/').next().unwrap_or(model);
    if is_named && name.split('.').any(|part| part == "mistral") {
        return Err(ConverseError::validation(
            "This model doesn't support the toolConfig.toolChoice.tool field. Remove \
             toolConfig.toolChoice.tool and try again.",
        ));
    }
    Ok(())
}

fn forced_tool(request: &ConverseRequest) -> Result<Option<(String, Value)>, ConverseError> {
    let Some(config) = &request.tool_config else {
        return Ok(None);
    };
    let Some(choice) = &config.tool_choice else {
        return Ok(None);
    };
    let mut specs = config.specs()?;
    if let Some(name) = choice.pointer("/tool/name").and_then(Value::as_str) {
        return specs
            .into_iter()
            .find(|spec| spec.name == name)
            .map(|spec| Some((spec.name, spec.input_schema.json)))
            .ok_or_else(|| {
                ConverseError::validation(format!("toolChoice names {name:?}, which is not among the tools"))
            });
    }
    // `any` with a single tool forces that tool.
    if choice.get("any").is_some() && specs.len() == 1 {
        return Ok(specs.pop().map(|spec| (spec.name, spec.input_schema.json)));
    }
    Ok(None)
}

fn native_schema(request: &ConverseRequest) -> Result<Option<Value>, ConverseError> {
    let Some(format) = request.output_config.as_ref().and_then(|config| config.get("textFormat")) else {
        return Ok(None);
    };
    let schema = format.pointer("/structure/jsonSchema/schema").and_then(Value::as_str).ok_or_else(|| {
        ConverseError::validation("outputConfig.textFormat has no structure.jsonSchema.schema")
    })?;
    serde_json::from_str(schema).map(Some).map_err(|error| {
        ConverseError::validation(format!("outputConfig.textFormat: the schema is not JSON: {error}"))
    })
}

/// Returns the task whose answer has the format of `schema`.
fn task(schema: &Value) -> Result<Task, ConverseError> {
    if missing(schema, VERDICTS).is_empty() {
        return Ok(Task::Verify);
    }
    let missing = missing(schema, ASSESSMENT);
    if missing.is_empty() {
        return Ok(Task::Assess);
    }
    Err(ConverseError::validation(format!(
        "the stand-in only writes risk assessments and verdicts on claims: for an assessment, the requested schema \
         lacks {}",
        missing.join(", ")
    )))
}

/// Returns the properties that `schema` lacks.
fn missing(schema: &Value, properties: Properties) -> Vec<String> {
    let mut missing = Vec::new();
    for (path, names) in properties {
        let object = path.iter().try_fold(resolve(schema, schema), |object, step| {
            let next =
                if *step == "[]" { object.get("items")? } else { object.get("properties")?.get(step)? };
            Some(resolve(schema, next))
        });
        let properties = object.and_then(|object| object.get("properties"));
        for name in *names {
            if properties.is_none_or(|properties| properties.get(name).is_none()) {
                let path: String = path.iter().map(|step| format!("{step}.")).collect();
                missing.push(format!("{path}{name}").replace(".[]", "[]"));
            }
        }
    }
    missing
}

/// Follows `$ref` within the schema, at most eight times, so that a cycle ends.
fn resolve<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    for _ in 0..8 {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| root.pointer(pointer));
        match target {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "level": {"type": "string"},
                "summary": {"$ref": "#/$defs/Summary"},
                "findings": {"type": "array", "items": {"$ref": "#/$defs/Finding"}}
            },
            "$defs": {
                "Summary": {"type": "object", "properties": {"text": {}, "citations": {}}},
                "Finding": {"type": "object", "properties": {
                    "category": {}, "severity": {}, "statement": {},
                    "citations": {"type": "array", "items": {"type": "object", "properties": {"evidenceId": {}, "quote": {}}}}
                }}
            }
        })
    }

    fn forced(choice: Value, tools: usize) -> ConverseRequest {
        let tool = json!({"toolSpec": {"name": "record", "inputSchema": {"json": schema()}}});
        let tools = vec![tool; tools];
        serde_json::from_value(json!({"toolConfig": {"tools": tools, "toolChoice": choice}})).unwrap()
    }

    #[test]
    fn a_tool_is_forced_by_any_or_by_a_name_where_the_model_supports_it() {
        let (any, named) = (json!({"any": {}}), json!({"tool": {"name": "record"}}));
        for choice in [&any, &named] {
            let format = AnswerFormat::of(&forced(choice.clone(), 1));
            assert_eq!(format, Ok((AnswerFormat::Tool("record".to_owned()), Task::Assess)));
        }
        // With two tools, `any` leaves open which one answers.
        assert!(AnswerFormat::of(&forced(any.clone(), 2)).is_err());

        let check = |model: &str, choice: &Value| check_tool_choice(model, &forced(choice.clone(), 1));
        for id in ["mistral.m-v1:0", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.mistral.m-v1:0"] {
            assert_eq!(check(id, &any), Ok(()));
            let refused = check(id, &named).unwrap_err();
            assert!(refused.message.starts_with("This model doesn't support the toolConfig.toolChoice.tool"));
        }
        for id in ["eu.anthropic.claude-sonnet-4-6", "dossier.writer-v1"] {
            assert_eq!(check(id, &named), Ok(()));
        }
    }

    #[test]
    fn a_schema_may_use_references_and_is_rejected_with_the_properties_it_lacks() {
        assert_eq!(task(&schema()), Ok(Task::Assess));
        let mut lacking = schema();
        lacking["properties"]["level"].take();
        lacking["properties"].as_object_mut().unwrap().remove("level");
        lacking["$defs"]["Finding"]["properties"]["citations"]["items"]["properties"]
            .as_object_mut()
            .unwrap()
            .remove("quote");
        let message = task(&lacking).unwrap_err().message;
        assert!(message.ends_with("lacks level, findings[].citations[].quote"), "{message}");
        assert!(task(&json!({})).is_err());
        assert!(task(&json!({"$ref": "#"})).is_err());
        let verdict = json!({"properties": {"claim": {}, "reason": {}, "verdict": {}}});
        let verdicts = json!({"properties": {"verdicts": {"items": verdict}}});
        assert_eq!(task(&verdicts), Ok(Task::Verify));
    }
}
