//! What is sent to Bedrock for each way in which a model can be configured, and which model is asked next: seen on the wire.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use aws_adapters::error::ErrorClass;
use aws_adapters::{SdkConfig, sdk_config_loader};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, Region};
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

type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A server that takes every request for a call of Converse, answers it well, and keeps it. Models whose names hold "down" or
/// "forbidden" do not answer, "throttled" ones have too much to do, "declines" ones refuse, and "slow" ones take longer than other requests to AWS may.
async fn bedrock() -> Result<(SdkConfig, Seen)> {
    let seen = Seen::default();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((sdk(&url).await, seen))
}

/// Requests to `url`, which may take a second at most unless they are the model's.
async fn sdk(url: &str) -> SdkConfig {
    sdk_config_loader()
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(1)).build())
        .endpoint_url(url)
        .load()
        .await
}

async fn answer(State(seen): State<Seen>, uri: Uri, Json(body): Json<Value>) -> impl IntoResponse {
    let path = uri.path().to_owned();
    let native = body.get("outputConfig").is_some();
    seen.lock().unwrap().push((path.clone(), body));
    let error = |status, name: &str| {
        (status, [("x-amzn-errortype", name.to_owned())], Json(json!({"message": "no"})))
    };
    if path.contains("slow") {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    if path.contains("down") {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException");
    }
    if path.contains("throttled") {
        return error(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException");
    }
    if path.contains("declines") {
        let said = json!({"role": "assistant", "content": [{"text": "I cannot help with that."}]});
        let answer = json!({"output": {"message": said}, "stopReason": "content_filtered",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}});
        return (StatusCode::OK, [("x-amzn-errortype", String::new())], Json(answer));
    }
    if path.contains("forbidden") {
        return error(StatusCode::FORBIDDEN, "AccessDeniedException");
    }
    let said = json!({"level": "LOW", "summary": {"text": "Nothing was found.", "citations": ["E1"]}, "findings": []});
    let content = if native {
        json!({"text": said.to_string()})
    } else {
        json!({"toolUse": {"toolUseId": "t", "name": "record_assessment", "input": said}})
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

async fn asked(more: &[(&str, &str)]) -> Result<(Value, worker_service::assess::ModelAnswer)> {
    let (sdk, seen) = bedrock().await?;
    let settings = settings(more);
    let model = Model::configured(&sdk, &settings.model).unwrap().remove(0);
    let answer = model.ask(Prompt::current(), &[Turn::Question("<evidence>[]</evidence>".into())]).await?;
    let (_, body) = seen.lock().unwrap().remove(0);
    Ok((body, answer))
}

#[tokio::test]
async fn a_model_with_native_structured_output_gets_the_schema_and_a_mark_for_the_cache() -> Result<()> {
    let (body, answer) = asked(&[
        ("DOSSIER_MODEL_ID", "eu.anthropic.claude-sonnet-4-6"),
        ("DOSSIER_GUARDRAIL_ID", "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1"),
        ("DOSSIER_GUARDRAIL_VERSION", "3"),
    ])
    .await?;
    let definition = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    let schema: Value = serde_json::from_str(definition["schema"].as_str().unwrap())?;
    assert_fits_native(&schema);
    assert_eq!(body.get("toolConfig"), None);
    assert_eq!(body["system"][1], json!({"cachePoint": {"type": "default"}}));
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 4096, "temperature": 0.0}));
    assert_eq!(
        body["guardrailConfig"],
        json!({"guardrailIdentifier": "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1", "guardrailVersion": "3",
            "trace": "disabled"})
    );
    assert_eq!(body.get("serviceTier"), None);
    // 100 at 3.3, 10 at 16.5, 1,000 at 0.33 and 200 at 4.125 dollars a million, each rounded up.
    assert_eq!((answer.usage.input_tokens, answer.usage.cost_usd), (1_300, 0.001_65));
    let recorded = serde_json::to_value(&answer.parameters)?;
    assert_eq!(recorded["structuredOutput"], "native");
    assert_eq!(recorded["guardrail"], "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr1:3");
    assert_eq!((&recorded["promptCache"], &recorded["serviceTier"]), (&json!(true), &json!("default")));
    Ok(())
}

/// What Bedrock takes of JSON Schema ("Get validated JSON results from models"): every object closed, no bounds.
fn assert_fits_native(schema: &Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type") == Some(&json!("object")) {
                assert_eq!(members.get("additionalProperties"), Some(&json!(false)), "{schema}");
                let properties = members["properties"].as_object().unwrap();
                assert_eq!(members["required"].as_array().unwrap().len(), properties.len(), "{schema}");
            }
            for refused in
                ["$ref", "oneOf", "minLength", "maxLength", "minimum", "maximum", "pattern", "format"]
            {
                assert!(!members.contains_key(refused), "{refused}: {schema}");
            }
            members.values().for_each(assert_fits_native);
        }
        Value::Array(items) => items.iter().for_each(assert_fits_native),
        _ => {}
    }
}

#[tokio::test]
async fn other_models_are_forced_to_call_the_tool_and_get_what_they_take() -> Result<()> {
    let models = r#"model=[{id="m.plain",price=[{input=1,output=1},{tiers=["flex"],input=0.5,output=0.5}]}]"#;
    let (body, answer) = asked(&[
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
        "no temperature where none is known to be taken"
    );
    assert_eq!(body["serviceTier"], json!({"type": "flex"}));
    assert_eq!(answer.parameters.service_tier, "flex");
    assert_eq!(answer.usage.cost_usd, 0.000_655);
    Ok(())
}

#[test]
fn settings_that_cannot_be_used_are_told_at_once() {
    let read = |more: &[(&str, &str)]| {
        let environment: Environment =
            more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read(&environment).unwrap_err().to_string()
    };
    let told = read(&[
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
        "DOSSIER_MODELS cannot be read",
        "DOSSIER_MODEL_SERVICE_TIER cannot be read",
        "DOSSIER_GUARDRAIL_VERSION is not set",
        "DOSSIER_PROMPT cannot be read",
        "DOSSIER_BUDGET_REPORT_USD is no amount",
        "DOSSIER_BUDGET_TENANT_DAY_USD cannot be read",
    ] {
        assert!(told.contains(name), "{name}: {told}");
    }
}

async fn assessed(sdk: &SdkConfig, ids: &str) -> Result<Assessment, AttemptError> {
    let entry = |id: &str| format!("{{id=\"{}\",price=[{{input=1,output=1}}]}}", id.trim());
    let models = format!("model=[{}]", ids.split(',').map(entry).collect::<Vec<_>>().join(","));
    let settings = settings(&[("DOSSIER_MODEL_ID", ids), ("DOSSIER_MODELS", &models)]);
    let models = Model::configured(sdk, &settings.model).unwrap();
    let assessor = Assessor::new(models, settings.model.prompt, ConcurrencyLimit::new(1), vec![]);
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
    let outcome =
        SourceOutcome { source: SourceName::News, status: SourceStatus::Ok, as_of: Some(at), items: 1 };
    let found =
        EvidenceDraft { title: "t".into(), text: "x".into(), url: None, published_at: None, signals: vec![] };
    (draft.check().unwrap(), Snapshot::freeze(vec![(outcome, vec![found])], at))
}

#[tokio::test]
async fn a_model_that_is_out_of_order_or_forbidden_is_passed_over_and_the_last_one_is_not() -> Result<()> {
    let (sdk, seen) = bedrock().await?;
    let assessment = assessed(&sdk, "m.forbidden, m.down, m.good").await?;
    let (request, snapshot) = case();
    let id = domain::identity::ReportId::from(uuid::Uuid::now_v7());
    let versions = assessment.into_document(id, &request, &snapshot, service_runtime::clock::now()).versions;
    assert_eq!(versions.model.as_deref(), Some("m.good"));
    let passed = serde_json::to_value(&versions.passed_over)?;
    assert_eq!(
        passed,
        json!([{"model": "m.forbidden", "because": "outage"}, {"model": "m.down", "because": "outage"}])
    );
    let asked: Vec<String> = seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(
        asked.iter().filter(|path| path.contains("forbidden")).count(),
        1,
        "what is forbidden stays so"
    );
    assert_eq!(asked.iter().filter(|path| path.contains("down")).count(), 4);

    let stop = assessed(&sdk, "m.down").await.unwrap_err();
    assert!(stop.to_string().contains("model_unavailable"), "another attempt asks again: {stop}");
    Ok(())
}

#[tokio::test]
async fn a_model_gets_the_time_that_it_is_configured_to_have() -> Result<()> {
    let (sdk, _) = bedrock().await?;
    let assessment = assessed(&sdk, "m.slow").await?;
    assert!(assessment.has_summary_by_model(), "1.5 s are longer than other requests may take");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_lost_is_not_bought_again_at_once_and_a_refused_connection_is_tried_again()
-> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    // Reads the request and breaks the connection: nobody knows what the model did with it.
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut some = [0; 64];
            let _ = stream.read(&mut some).await;
        }
    });
    let sdk = sdk(&url).await;
    let stop = assessed(&sdk, "m.plain").await.unwrap_err();
    assert!(stop.to_string().contains("model_answer_lost"), "{stop}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    // Nobody listens any more: nothing was sent, and nothing can have been paid.
    server.abort();
    let _ = server.await;
    let stop = assessed(&sdk, "m.plain").await.unwrap_err();
    assert!(stop.to_string().contains("model_unavailable"), "{stop}");
    Ok(())
}

#[tokio::test]
async fn a_fallback_that_is_forbidden_makes_the_rules_speak_and_no_report_fail() -> Result<()> {
    let (sdk, _) = bedrock().await?;
    let assessment = assessed(&sdk, "m.declines, m.forbidden").await?;
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
async fn a_throttle_behind_an_outage_spends_an_attempt_and_alone_it_spends_none() -> Result<()> {
    let (sdk, _) = bedrock().await?;
    for (ids, class) in
        [("m.throttled", ErrorClass::Throttled), ("m.forbidden, m.throttled", ErrorClass::Transient)]
    {
        match assessed(&sdk, ids).await {
            Err(AttemptError::Failed(failure)) => {
                assert_eq!((failure.code, failure.class), ("model_throttled", class));
            }
            other => panic!("{ids}: {other:?}"),
        }
    }
    Ok(())
}
