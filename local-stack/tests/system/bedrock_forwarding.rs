//! The Bedrock stand-in that forwards conversations to a server that speaks the OpenAI chat API.
use std::sync::{Arc, Mutex};

use crate::support::aws::free_listener;
use crate::support::converse::{assess, assessment_schema, bedrock_client, start_bedrock, tool_input};
use aws_sdk_bedrockruntime::error::ProvideErrorMetadata as _;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router};
use local_stack::bedrock::{Bedrock, Forward};
use local_stack::faults::Faults;
use local_stack::server::Server;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Authorization header and body of a request.
type ReceivedRequest = (Option<String>, Value);

/// A chat completions server that always gives the same answer and records its requests.
#[derive(Clone)]
struct Chat {
    status: StatusCode,
    answer: Value,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

async fn chat(status: StatusCode, answer: Value) -> (Server, Chat) {
    let chat = Chat { status, answer, requests: Arc::default() };
    let app =
        Router::new().route("/v1/chat/completions", axum::routing::post(complete)).with_state(chat.clone());
    (Server::start(free_listener().await, CancellationToken::new(), app).unwrap(), chat)
}

async fn complete(
    State(chat): State<Chat>,
    headers: axum::http::HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let key = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    chat.requests.lock().unwrap().push((key, body));
    (chat.status, Json(chat.answer))
}

async fn start_forwarding(server: &Server) -> Bedrock {
    let forward = Forward {
        base_url: format!("{}/v1/", server.base_url()),
        model: "small-model".to_owned(),
        api_key: Some("key-of-the-server".into()),
    };
    start_bedrock(Faults::default(), Some(forward)).await
}

#[tokio::test]
async fn a_forwarded_conversation_is_answered_in_bedrocks_format() {
    let (server, chat) = chat(
        StatusCode::OK,
        json!({
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "report", "arguments": "{\"level\":\"LOW\"}"}}
            ]}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107, "prompt_tokens_details": {"cached_tokens": 40}}
        }),
    )
    .await;
    let bedrock = start_forwarding(&server).await;
    let output = assess(&bedrock_client(&bedrock, "a secret of this test")).await.unwrap();
    assert_eq!(tool_input(&output), json!({"level": "LOW"}));
    let usage = output.usage().unwrap();
    assert_eq!((usage.input_tokens(), usage.cache_read_input_tokens()), (60, Some(40)));
    assert_eq!((usage.output_tokens(), usage.total_tokens()), (7, 107));

    let (key, request) = chat.requests.lock().unwrap().remove(0);
    assert_eq!(key.as_deref(), Some("Bearer key-of-the-server"));
    assert_eq!(request["model"], "small-model");
    assert_eq!(request["max_tokens"], 2000);
    assert_eq!(request["messages"][0], json!({"role": "system", "content": "You assess."}));
    assert_eq!(request["tools"][0]["function"]["parameters"], assessment_schema());
    assert_eq!(request["tool_choice"]["function"]["name"], "report");
}

#[tokio::test]
async fn errors_of_the_other_server_become_bedrocks_errors() {
    type Check = fn(&ConverseError) -> bool;
    let cases: [(StatusCode, Check); 4] = [
        (StatusCode::TOO_MANY_REQUESTS, ConverseError::is_throttling_exception),
        (StatusCode::INTERNAL_SERVER_ERROR, ConverseError::is_internal_server_exception),
        (StatusCode::BAD_GATEWAY, ConverseError::is_service_unavailable_exception),
        (StatusCode::UNAUTHORIZED, ConverseError::is_access_denied_exception),
    ];
    for (status, expected) in cases {
        let (server, _chat) = chat(status, json!({"error": {"message": "message of the server"}})).await;
        let bedrock = start_forwarding(&server).await;
        let error = assess(&bedrock_client(&bedrock, "a secret of this test"))
            .await
            .unwrap_err()
            .into_service_error();
        assert!(expected(&error), "{status}: {error:?}");
        assert!(error.message().unwrap().contains("message of the server"));
    }
    let (server, _chat) = chat(StatusCode::OK, json!({"choices": []})).await;
    let bedrock = start_forwarding(&server).await;
    let error =
        assess(&bedrock_client(&bedrock, "a secret of this test")).await.unwrap_err().into_service_error();
    assert!(error.is_model_error_exception(), "{error:?}");
    server.stop().await.unwrap();
    let error =
        assess(&bedrock_client(&bedrock, "a secret of this test")).await.unwrap_err().into_service_error();
    assert!(error.is_service_unavailable_exception(), "{error:?}");
}
