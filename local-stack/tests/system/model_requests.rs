//! The requests to Bedrock for each model configuration, and the choice of the next model, as seen on the
//! wire.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use aws_adapters::error::ErrorClass;
use aws_adapters::{SdkConfig, sdk_config_loader};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, Region};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Json, Router};
use domain::evidence::{EvidenceDraft, Snapshot, SourceName, SourceOutcome, SourceStatus};
use domain::request::{ReportRequest, ReportRequestDraft};
use domain::time::UtcTime;
use serde_json::{Value, json};
use service_runtime::config::Environment;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use worker_service::assess::{Assessment, Assessor, Model, NoLedger, Prompt, Turn};
use worker_service::concurrency_limit::ConcurrencyLimit;
use worker_service::failure::AttemptError;
use worker_service::settings::Settings;

type ReceivedRequests = Arc<Mutex<Vec<(String, Bytes)>>>;

/// Starts a server that answers every request as a Converse call and records its path and body. Models whose
/// names contain "down" or "forbidden" fail, "throttled" ones are throttled, "declines" ones refuse to answer,
/// and "slow" ones take longer than other requests to AWS may.
async fn bedrock() -> Result<(SdkConfig, ReceivedRequests)> {
    let requests = ReceivedRequests::default();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&requests));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((sdk(&url).await, requests))
}

/// Returns an SDK configuration for `url`. Requests time out after a second, except those to the model.
async fn sdk(url: &str) -> SdkConfig {
    sdk_config_loader()
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(1)).build())
        .endpoint_url(url)
        .load()
        .await
}

async fn answer(State(requests): State<ReceivedRequests>, uri: Uri, body: Bytes) -> impl IntoResponse {
    let path = uri.path().to_owned();
    let native = json_of(&body).get("outputConfig").is_some();
    requests.lock().unwrap().push((path.clone(), body));
    let error = |status, name: &str| {
        (status, [("x-amzn-errortype", name.to_owned())], Json(json!({"message": "no"})))
    };
    if path.contains("slow") {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    if path.contains("down") {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException");
    }
    if path.contains("garbled") {
        return (StatusCode::OK, [("x-amzn-errortype", String::new())], Json(json!("not an answer")));
    }
    if path.contains("throttled") {
        return error(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException");
    }
    if path.contains("declines") {
        let message = json!({"role": "assistant", "content": [{"text": "I cannot help with that."}]});
        let answer = json!({"output": {"message": message}, "stopReason": "content_filtered",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}});
        return (StatusCode::OK, [("x-amzn-errortype", String::new())], Json(answer));
    }
    if path.contains("forbidden") {
        return error(StatusCode::FORBIDDEN, "AccessDeniedException");
    }
    let assessment = json!({"level": "LOW", "summary": {"text": "Nothing was found.", "citations": ["E1"]}, "findings": []});
    let content = if native {
        json!({"text": assessment.to_string()})
    } else {
        json!({"toolUse": {"toolUseId": "t", "name": "record_assessment", "input": assessment}})
    };
    let answer = json!({
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": if native { "end_turn" } else { "tool_use" },
        "usage": {"inputTokens": 100, "outputTokens": 10, "totalTokens": 1_310, "cacheReadInputTokens": 1_000,
            "cacheWriteInputTokens": 200},
        "metrics": {"latencyMs": 1},
    });
    (StatusCode::OK, [("x-amzn-errortype", String::new())], Json(answer))
}

fn settings(more: &[(&str, &str)]) -> Settings {
    let mut environment: Environment = [
        ("DOSSIER_QUEUE_URL", "http://127.0.0.1/q"),
        ("DOSSIER_DLQ_URL", "http://127.0.0.1/d"),
        ("DOSSIER_CALLBACK_QUEUE_URL", "http://127.0.0.1/c"),
        ("DOSSIER_CALLBACK_DLQ_URL", "http://127.0.0.1/cd"),
        ("DOSSIER_MANDATORY_SOURCES", "none"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Settings::read(&environment).unwrap()
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

async fn send_request(more: &[(&str, &str)]) -> Result<(Value, worker_service::assess::ModelAnswer)> {
    let (sdk, requests) = bedrock().await?;
    let settings = settings(more);
    let model = Model::configured(&sdk, &settings.model).unwrap().remove(0);
    let answer = model.ask(Prompt::current(), &[Turn::Question("<evidence>[]</evidence>".into())]).await?;
    let (_, body) = requests.lock().unwrap().remove(0);
    Ok((json_of(&body), answer))
}

#[tokio::test]
async fn a_model_with_native_structured_output_gets_the_schema_and_no_cache_point_that_is_too_short()
-> Result<()> {
    let (body, answer) = send_request(&[
        ("DOSSIER_MODEL_ID", "eu.anthropic.claude-sonnet-4-6"),
        ("DOSSIER_GUARDRAIL_ID", "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1"),
        ("DOSSIER_GUARDRAIL_VERSION", "3"),
    ])
    .await?;
    let definition = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    let schema: Value = serde_json::from_str(definition["schema"].as_str().unwrap())?;
    assert_fits_native(&schema);
    assert_eq!(body.get("toolConfig"), None);
    assert_eq!(body["system"].as_array().unwrap().len(), 1, "the system prompt has fewer than 2,048 tokens");
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 4096, "temperature": 0.0}));
    assert_eq!(
        body["guardrailConfig"],
        json!({"guardrailIdentifier": "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1", "guardrailVersion": "3",
            "trace": "disabled"})
    );
    assert_eq!(body.get("serviceTier"), None);
    // 100, 10, 1,000 and 200 tokens at 3.3, 16.5, 0.33 and 4.125 dollars per million, each rounded up.
    assert_eq!((answer.usage.input_tokens, answer.usage.cost_usd), (1_300, 0.001_65));
    let recorded = serde_json::to_value(&answer.parameters)?;
    assert_eq!(recorded["structuredOutput"], "native");
    assert_eq!(recorded["guardrail"], "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1:3");
    assert_eq!((&recorded["promptCache"], &recorded["serviceTier"]), (&json!(false), &json!("default")));
    Ok(())
}

/// Asserts that Bedrock supports the JSON Schema ("Get validated JSON results from models"): every object is
/// closed, and there are no bounds.
fn assert_fits_native(schema: &Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type") == Some(&json!("object")) {
                assert_eq!(members.get("additionalProperties"), Some(&json!(false)), "{schema}");
                let properties = members["properties"].as_object().unwrap();
                assert_eq!(members["required"].as_array().unwrap().len(), properties.len(), "{schema}");
            }
            for unsupported in
                ["$ref", "oneOf", "minLength", "maxLength", "minimum", "maximum", "pattern", "format"]
            {
                assert!(!members.contains_key(unsupported), "{unsupported}: {schema}");
            }
            members.values().for_each(assert_fits_native);
        }
        Value::Array(items) => items.iter().for_each(assert_fits_native),
        _ => {}
    }
}

#[tokio::test]
async fn other_models_are_forced_to_call_the_tool_and_get_only_supported_parameters() -> Result<()> {
    let models = r#"model=[{id="m.plain",price=[{input=1,output=1},{tiers=["flex"],input=0.5,output=0.5}]}]"#;
    let (body, answer) = send_request(&[
        ("DOSSIER_MODEL_ID", "m.plain"),
        ("DOSSIER_MODELS", models),
        ("DOSSIER_MODEL_SERVICE_TIER", "flex"),
        ("DOSSIER_MODEL_MAX_TOKENS", "1000"),
    ])
    .await?;
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"tool": {"name": "record_assessment"}}));
    assert_eq!(body.get("outputConfig"), None);
    assert_eq!(body["system"].as_array().unwrap().len(), 1);
    assert_eq!(
        body["inferenceConfig"],
        json!({"maxTokens": 1000}),
        "no temperature if the model is not known to support one"
    );
    assert_eq!(body["serviceTier"], json!({"type": "flex"}));
    assert_eq!(answer.parameters.service_tier, "flex");
    assert_eq!(answer.usage.cost_usd, 0.000_655);
    Ok(())
}

#[test]
fn every_invalid_setting_is_reported_at_once() {
    let read = |more: &[(&str, &str)]| {
        let environment: Environment =
            more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read(&environment).unwrap_err().to_string()
    };
    let error = read(&[
        ("DOSSIER_MODEL_ID", " , "),
        ("DOSSIER_MODELS", "model=[{name=1}]"),
        ("DOSSIER_MODEL_SERVICE_TIER", "gold"),
        ("DOSSIER_GUARDRAIL_ID", "gr1"),
        ("DOSSIER_PROMPT", "assess-0"),
        ("DOSSIER_BUDGET_REPORT_USD", "-1"),
        ("DOSSIER_BUDGET_TENANT_DAY_USD", "much"),
    ]);
    for name in [
        "DOSSIER_MODEL_ID names no model",
        "DOSSIER_MODELS cannot be parsed",
        "DOSSIER_MODEL_SERVICE_TIER cannot be parsed",
        "DOSSIER_GUARDRAIL_VERSION is not set",
        "DOSSIER_PROMPT cannot be parsed",
        "DOSSIER_BUDGET_REPORT_USD is not an amount",
        "DOSSIER_BUDGET_TENANT_DAY_USD cannot be parsed",
    ] {
        assert!(error.contains(name), "{name}: {error}");
    }
}

async fn assess_with(sdk: &SdkConfig, ids: &str) -> Result<Assessment, AttemptError> {
    let entry = |id: &str| format!("{{id=\"{}\",price=[{{input=1,output=1}}]}}", id.trim());
    let models = format!("model=[{}]", ids.split(',').map(entry).collect::<Vec<_>>().join(","));
    let settings = settings(&[("DOSSIER_MODEL_ID", ids), ("DOSSIER_MODELS", &models)]);
    let models = Model::configured(sdk, &settings.model).unwrap();
    let assessor =
        Assessor::new(models, settings.model.prompt, ConcurrencyLimit::new(1), vec![], sources::rulebook());
    let (request, snapshot) = case();
    assessor.assess(&request, &snapshot, &mut NoLedger).await
}

fn case() -> (ReportRequest, Snapshot) {
    let draft = ReportRequestDraft {
        company_name: Some("Acme".into()),
        corporate_number: Some("99318841".into()),
        country: Some("GB".into()),
        ..ReportRequestDraft::default()
    };
    let at = UtcTime::from_epoch_millis(0);
    let outcome = SourceOutcome {
        source: SourceName::from_static("news"),
        status: SourceStatus::Ok,
        as_of: Some(at),
        items: 1,
    };
    let found = EvidenceDraft::note("t", "x");
    (draft.check().unwrap(), Snapshot::freeze(vec![(outcome, vec![found])], at))
}

#[tokio::test]
async fn a_failing_or_forbidden_model_is_passed_over_unless_it_is_the_last_one() -> Result<()> {
    let (sdk, requests) = bedrock().await?;
    let assessment = assess_with(&sdk, "m.forbidden, m.down, m.good").await?;
    let (request, snapshot) = case();
    let id = domain::identity::ReportId::from(uuid::Uuid::now_v7());
    let versions = assessment.into_document(id, &request, &snapshot, service_runtime::clock::now()).versions;
    assert_eq!(versions.model.as_deref(), Some("m.good"));
    let passed = serde_json::to_value(&versions.passed_over)?;
    assert_eq!(
        passed,
        json!([{"model": "m.forbidden", "because": "outage"}, {"model": "m.down", "because": "outage"}])
    );
    let paths: Vec<String> = requests.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(
        paths.iter().filter(|path| path.contains("forbidden")).count(),
        1,
        "a forbidden model is not retried"
    );
    assert_eq!(paths.iter().filter(|path| path.contains("down")).count(), 4);

    let stop = assess_with(&sdk, "m.down").await.unwrap_err();
    assert!(
        stop.to_string().contains("model_unavailable"),
        "another attempt may call the model again: {stop}"
    );
    Ok(())
}

#[tokio::test]
async fn a_model_has_its_own_timeout() -> Result<()> {
    let (sdk, _) = bedrock().await?;
    let assessment = assess_with(&sdk, "m.slow").await?;
    assert!(assessment.has_summary_by_model(), "1.5 s exceed the timeout of other requests");
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_not_bought_again_at_once_but_a_refused_connection_is_retried() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    // The server reads the request and closes the connection, so the client does not know whether the model
    // answered.
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut some = [0; 64];
            let _ = stream.read(&mut some).await;
        }
    });
    let sdk = sdk(&url).await;
    let stop = assess_with(&sdk, "m.plain").await.unwrap_err();
    assert!(stop.to_string().contains("model_answer_lost"), "{stop}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    // Nothing listens any more, so no request is sent and none can cost anything.
    server.abort();
    let _ = server.await;
    let stop = assess_with(&sdk, "m.plain").await.unwrap_err();
    assert!(stop.to_string().contains("model_unavailable"), "{stop}");
    Ok(())
}

#[tokio::test]
async fn with_a_forbidden_fallback_the_rules_write_the_summary_and_the_report_does_not_fail() -> Result<()> {
    let (sdk, _) = bedrock().await?;
    let assessment = assess_with(&sdk, "m.declines, m.forbidden").await?;
    assert!(!assessment.has_summary_by_model());
    let (request, snapshot) = case();
    let id = domain::identity::ReportId::from(uuid::Uuid::now_v7());
    let document = assessment.into_document(id, &request, &snapshot, service_runtime::clock::now());
    let passed = serde_json::to_value(&document.versions.passed_over)?;
    assert_eq!(
        passed,
        json!([{"model": "m.declines", "because": "refusal"}, {"model": "m.forbidden", "because": "outage"}])
    );
    assert!(document.review.required);
    Ok(())
}

#[tokio::test]
async fn a_throttle_after_a_lost_answer_ends_the_attempt_with_the_loss() -> Result<()> {
    let (sdk, _) = bedrock().await?;
    // A refused request cost nothing; an answer that was lost may have been paid for.
    for (ids, code, class) in [
        ("m.throttled", "model_throttled", ErrorClass::Throttled),
        ("m.forbidden, m.throttled", "model_throttled", ErrorClass::Throttled),
        ("m.garbled, m.throttled", "model_answer_lost", ErrorClass::Transient),
    ] {
        match assess_with(&sdk, ids).await {
            Err(AttemptError::Failed(failure)) => {
                assert_eq!((failure.code, failure.class), (code, class), "{ids}");
            }
            other => panic!("{ids}: {other:?}"),
        }
    }
    Ok(())
}
