//! Converts Bedrock's Converse requests to OpenAI chat completions requests, and the answers back, as pure
//! functions over JSON.

use serde_json::{Map, Value, json};

use super::wire::{
    BilledAnswer, ConverseAnswer, ConverseError, ConverseRequest, Message, Role, Usage, tool_use_block,
    tool_use_id,
};

/// Returns the chat completions request with the same meaning.
pub(super) fn request(request: &ConverseRequest, model: &str) -> Result<Value, ConverseError> {
    let mut messages = Vec::new();
    let system: Vec<_> = request.system.iter().filter_map(|block| block.get("text")?.as_str()).collect();
    if !system.is_empty() {
        messages.push(json!({ "role": "system", "content": system.join("\n\n") }));
    }
    for message in &request.messages {
        match message.role {
            Role::User => append_user_turn(message, &mut messages),
            Role::Assistant => messages.push(assistant_message(message)),
        }
    }
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), Value::Array(messages));
    if let Some(config) = &request.inference_config {
        insert(&mut body, "max_tokens", config.max_tokens);
        insert(&mut body, "temperature", config.temperature);
        insert(&mut body, "top_p", config.top_p);
        insert(&mut body, "stop", config.stop_sequences.as_ref());
    }
    if let Some(tools) = &request.tool_config {
        let specs = tools.specs()?;
        let specs = specs.into_iter().map(|spec| {
            let mut function = json!({ "name": spec.name, "parameters": spec.input_schema.json });
            if let Some(description) = spec.description {
                function["description"] = json!(description);
            }
            json!({ "type": "function", "function": function })
        });
        body.insert("tools".to_owned(), specs.collect());
        if let Some(choice) = &tools.tool_choice {
            body.insert("tool_choice".to_owned(), tool_choice(choice));
        }
    }
    if let Some(format) = response_format(request)? {
        body.insert("response_format".to_owned(), format);
    }
    Ok(Value::Object(body))
}

fn insert(body: &mut Map<String, Value>, name: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), json!(value));
    }
}

/// Appends the messages of a user turn. In chat completions, each tool result is a separate message, which
/// precedes the user's text about it.
fn append_user_turn(message: &Message, messages: &mut Vec<Value>) {
    for result in message.content.iter().filter_map(|block| block.get("toolResult")) {
        let parts = result.get("content").and_then(Value::as_array).into_iter().flatten();
        let parts: Vec<String> = parts
            .filter_map(|part| match (part.get("text"), part.get("json")) {
                (Some(text), _) => text.as_str().map(str::to_owned),
                (None, Some(json)) => Some(json.to_string()),
                (None, None) => None,
            })
            .collect();
        messages.push(json!({
            "role": "tool",
            "tool_call_id": result.get("toolUseId"),
            "content": parts.join("\n"),
        }));
    }
    let text = message.text();
    if !text.is_empty() {
        messages.push(json!({ "role": "user", "content": text }));
    }
}

fn assistant_message(message: &Message) -> Value {
    let text = message.text();
    let calls: Vec<Value> = message
        .content
        .iter()
        .filter_map(|block| block.get("toolUse"))
        .map(|tool| {
            let arguments = tool.get("input").map(ToString::to_string).unwrap_or_default();
            json!({
                "id": tool.get("toolUseId"),
                "type": "function",
                "function": { "name": tool.get("name"), "arguments": arguments },
            })
        })
        .collect();
    let mut message =
        json!({ "role": "assistant", "content": if text.is_empty() { Value::Null } else { json!(text) } });
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    message
}

fn tool_choice(choice: &Value) -> Value {
    if let Some(name) = choice.pointer("/tool/name") {
        json!({ "type": "function", "function": { "name": name } })
    } else if choice.get("any").is_some() {
        json!("required")
    } else {
        json!("auto")
    }
}

fn response_format(request: &ConverseRequest) -> Result<Option<Value>, ConverseError> {
    let Some(definition) =
        request.output_config.as_ref().and_then(|config| config.pointer("/textFormat/structure/jsonSchema"))
    else {
        return Ok(None);
    };
    let schema = definition.get("schema").and_then(Value::as_str).unwrap_or_default();
    let schema: Value = serde_json::from_str(schema).map_err(|error| {
        ConverseError::validation(format!("outputConfig.textFormat: the schema is not JSON: {error}"))
    })?;
    let name = definition.get("name").and_then(Value::as_str).unwrap_or("answer");
    Ok(Some(json!({
        "type": "json_schema",
        "json_schema": { "name": name, "schema": schema, "strict": true },
    })))
}

/// Returns the answer of a chat completion in Bedrock's format, or the problem with it.
pub(super) fn response(answer: &Value) -> Result<BilledAnswer, String> {
    let choice = answer.pointer("/choices/0").ok_or("it has no choices")?;
    let message = choice.get("message").ok_or("its first choice has no message")?;
    let mut content = Vec::new();
    let text = message.get("content").and_then(Value::as_str).unwrap_or_default();
    if !text.is_empty() {
        content.push(json!({ "text": text }));
    }
    let calls = message.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for call in calls {
        let name = call.pointer("/function/name").and_then(Value::as_str).ok_or("a tool call has no name")?;
        let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or("{}");
        let input: Value = serde_json::from_str(arguments)
            .map_err(|error| format!("the arguments of the tool call {name:?} are not JSON: {error}"))?;
        let id = call.get("id").and_then(Value::as_str).map_or_else(tool_use_id, str::to_owned);
        content.push(tool_use_block(&id, name, &input));
    }
    // Some servers report "stop" after a forced tool, so any tool call counts as tool use.
    let stop_reason = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => "max_tokens",
        Some("content_filter") => "content_filtered",
        _ if !calls.is_empty() => "tool_use",
        _ => "end_turn",
    };
    Ok(BilledAnswer { answer: ConverseAnswer { stop_reason, content }, usage: usage(answer) })
}

fn usage(answer: &Value) -> Usage {
    let count = |pointer: &str| answer.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let cache_read = count("/usage/prompt_tokens_details/cached_tokens");
    Usage {
        // OpenAI includes cached input in the input, Bedrock counts it separately.
        input: count("/usage/prompt_tokens").saturating_sub(cache_read),
        output: count("/usage/completion_tokens"),
        cache_read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_turn_keeps_its_tool_call_and_result() {
        let given: ConverseRequest = serde_json::from_value(json!({
            "system": [{"text": "a"}, {"cachePoint": {"type": "default"}}, {"text": "b"}],
            "messages": [
                {"role": "user", "content": [{"text": "assess"}]},
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "report", "input": {"level": "LOW"}}}]},
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": "t1", "status": "error", "content": [{"text": "E9 does not exist"}]}},
                    {"text": "again"}
                ]}
            ],
            "toolConfig": {"tools": [{"toolSpec": {"name": "report", "inputSchema": {"json": {"type": "object"}}}}], "toolChoice": {"tool": {"name": "report"}}},
            "inferenceConfig": {"maxTokens": 100, "temperature": 0.0}
        }))
        .unwrap();
        assert_eq!(
            request(&given, "m").unwrap(),
            json!({
                "model": "m",
                "messages": [
                    {"role": "system", "content": "a\n\nb"},
                    {"role": "user", "content": "assess"},
                    {"role": "assistant", "content": null, "tool_calls": [
                        {"id": "t1", "type": "function", "function": {"name": "report", "arguments": "{\"level\":\"LOW\"}"}}
                    ]},
                    {"role": "tool", "tool_call_id": "t1", "content": "E9 does not exist"},
                    {"role": "user", "content": "again"}
                ],
                "max_tokens": 100,
                "temperature": 0.0,
                "tools": [{"type": "function", "function": {"name": "report", "parameters": {"type": "object"}}}],
                "tool_choice": {"type": "function", "function": {"name": "report"}}
            })
        );
    }

    #[test]
    fn an_answer_that_is_not_a_completion_is_reported_with_its_problem() {
        for (answer, problem) in [
            (json!({}), "no choices"),
            (json!({"choices": [{}]}), "no message"),
            (
                json!({"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}}]}),
                "not JSON",
            ),
        ] {
            let error = response(&answer).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }
}
