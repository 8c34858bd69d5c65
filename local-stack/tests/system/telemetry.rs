//! One trace follows a report through both processes, and telemetry contains no secrets.
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::service_process::ServiceProcess;
use crate::support::{clean_company, sanctioned_company, text_at};
use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, routing::post};
use local_stack::{
    TestStack,
    faults::Faults,
    stack::{Component, Options, client::Client},
};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::any_value::Value as AnyValue,
    trace::v1::Span,
};
use prost::Message as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The data that the collector received: spans with the name of their service, and names of metrics.
#[derive(Default)]
struct Received {
    spans: Vec<(String, Span)>,
    metrics: BTreeSet<String>,
    /// Debug output of all metrics, including attributes and resources.
    metrics_debug: String,
}

type Shared = Arc<Mutex<Received>>;

async fn traces(State(received): State<Shared>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("the body is not OTLP");
    for resource in request.resource_spans {
        let attributes = resource.resource.unwrap_or_default().attributes;
        let service =
            attributes.iter().find(|pair| pair.key == "service.name").and_then(|pair| pair.value.clone());
        let service = format!("{:?}", service.and_then(|value| value.value));
        for scope in resource.scope_spans {
            let spans = scope.spans.into_iter().map(|span| (service.clone(), span));
            received.lock().unwrap().spans.extend(spans);
        }
    }
}

async fn metrics(State(received): State<Shared>, body: Bytes) {
    let request = ExportMetricsServiceRequest::decode(body).expect("the body is not OTLP");
    received.lock().unwrap().metrics_debug.push_str(&format!("{request:?}"));
    let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    received.lock().unwrap().metrics.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
}

/// Starts a collector on a free port. Returns its URL and the data that it receives.
async fn collector() -> Result<(String, Shared)> {
    let received = Shared::default();
    let router = Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(metrics))
        .with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, received))
}

/// Provokes every failure of requests and reports that is logged with its reason.
async fn provoke_errors(stack: &TestStack) -> Result<()> {
    let wrong_key = Client::new(stack.api_url(), format!("{}x", stack.keys().dev.expose_secret()).into())?;
    assert_eq!(wrong_key.get("/v1/reports").await?.status(), 401);
    let invalid = json!({"companyName": "Calder Vane", "corporateNumber": "99104372-", "country": "XX"});
    assert_eq!(stack.dev().submit(&invalid).await?.status(), 422);
    // The sources fail. The failed requests contain the company's name.
    stack.feeds().faults().set(Faults::from_json(&json!({"error": 1})).unwrap());
    let unanswered = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&unanswered).await?["riskLevel"], "UNDETERMINED");
    stack.feeds().faults().set(Faults::default());
    // The model fails, and then cites evidence that does not exist.
    for (fault, status) in [("error", "FAILED"), ("hallucinated", "COMPLETED")] {
        stack.bedrock().faults().set(Faults::from_json(&json!({fault: 1})).unwrap());
        let report = stack.dev().submit_accepted(&sanctioned_company()).await?;
        assert_eq!(stack.dev().wait_for_end(&report).await?["status"], status);
    }
    stack.bedrock().faults().set(Faults::default());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardrail_that_verifies_claims_is_traced_and_its_units_are_counted() -> Result<()> {
    let options = Options { without: vec![Component::Worker], ..TestStack::options() };
    let stack = TestStack::with(options).await?;
    let (collector, received) = collector().await?;
    let mut environment = stack.environment().clone();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
        ("DOSSIER_VERIFIER", "guardrail"),
        ("DOSSIER_VERIFIER_GUARDRAIL_ID", "gr1"),
        ("DOSSIER_VERIFIER_GUARDRAIL_VERSION", "7"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let worker = ServiceProcess::start("worker-service", &environment)?;
    let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    worker.terminate().await?;
    let received = std::mem::take(&mut *received.lock().unwrap());
    let span = |name: &str| received.spans.iter().map(|(_, span)| span).find(|span| span.name == name);
    let (verify, check) = (span("verify").unwrap(), span("apply_guardrail gr1").unwrap());
    assert_eq!(check.parent_span_id, verify.span_id);
    let attributes = format!("{:?}", check.attributes);
    for expected in ["gen_ai.operation.name", "apply_guardrail", "aws.bedrock.guardrail.id", "gr1"] {
        assert!(attributes.contains(expected), "{expected} is not in {attributes}");
    }
    assert!(format!("{:?}", verify.attributes).contains("verified"), "{verify:?}");
    for metric in
        ["dossier.guardrail.units", "dossier.verification.verdicts", "gen_ai.client.operation.duration"]
    {
        assert!(received.metrics.contains(metric), "{metric} is not among {:?}", received.metrics);
    }
    for attribute in ["contextual_grounding", "apply_guardrail"] {
        assert!(received.metrics_debug.contains(attribute), "{attribute} is no attribute");
    }
    stack.stop().await
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT_SPAN: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_covers_the_request_up_to_the_models_answer() -> Result<()> {
    let stack =
        TestStack::with(Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() })
            .await?;
    let (collector, received) = collector().await?;
    let mut environment = stack.environment().clone();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
        ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
        ("DOSSIER_LOG", "debug,hyper=info,h2=info"),
        ("DOSSIER_DEADLINE_SECONDS", "0"),
        ("DOSSIER_REVISION", "0123abcd"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let api = ServiceProcess::start("api-service", &environment)?;
    let worker = ServiceProcess::start("worker-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let traceparent = format!("00-{TRACE}-{CLIENT_SPAN}-01");
    let request = stack.dev().request(Method::POST, "/v1/reports").header("traceparent", traceparent);
    let pending: Value = request.json(&sanctioned_company()).send().await?.json().await?;
    let report = stack.dev().wait_for_end(text_at(&pending, "/reportId")).await?;
    assert_eq!(report["status"], "COMPLETED");
    let link = text_at(&report, "/links/json").to_owned();
    let redirect =
        stack.dev().get(&format!("/v1/reports/{}/artifacts/pdf", text_at(&report, "/reportId"))).await?;
    assert_eq!(redirect.status(), 303);
    let document: Value = serde_json::from_slice(&stack.dev().download(&link).await?)?;
    provoke_errors(&stack).await?;
    let logs = [api.terminate().await?, worker.terminate().await?];

    let received = std::mem::take(&mut *received.lock().unwrap());
    let trace: Vec<_> =
        received.spans.iter().filter(|(_, span)| hex::encode(&span.trace_id) == TRACE).collect();
    let by_id: HashMap<_, _> = trace.iter().map(|(_, span)| (span.span_id.clone(), span)).collect();
    for (_, span) in &trace {
        let known =
            by_id.contains_key(&span.parent_span_id) || hex::encode(&span.parent_span_id) == CLIENT_SPAN;
        assert!(known, "{} has a parent outside the trace", span.name);
    }
    let names: BTreeSet<&str> = trace.iter().map(|(_, span)| span.name.as_str()).collect();
    let expected = [
        "POST /v1/reports",
        "DynamoDB.PutItem",
        "send dossier-reports",
        "SQS.SendMessage",
        "process dossier-reports",
        "DynamoDB.UpdateItem",
        "gather",
        "ask sanctions",
        "ask news",
        "ask registry",
        "assess",
        "verify",
        "chat dossier.stand-in-v1",
        "Bedrock Runtime.Converse",
        "render",
        "publish",
        "S3.PutObject",
        "SQS.DeleteMessage",
    ];
    for name in expected {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    let parent_of = |name: &str| {
        let (_, span) = trace.iter().find(|(_, span)| span.name == name).unwrap();
        by_id.get(&span.parent_span_id).map(|parent| parent.name.as_str())
    };
    assert_eq!(parent_of("Bedrock Runtime.Converse"), Some("chat dossier.stand-in-v1"));
    assert_eq!(parent_of("chat dossier.stand-in-v1"), Some("assess"));
    assert_eq!(parent_of("assess"), Some("process dossier-reports"));
    assert_eq!(parent_of("process dossier-reports"), Some("send dossier-reports"));
    assert_eq!(parent_of("send dossier-reports"), Some("POST /v1/reports"));
    assert_eq!(parent_of("SQS.SendMessage"), Some("send dossier-reports"));
    let value = |name: &str, key: &str| {
        let (_, span) = trace.iter().find(|(_, span)| span.name == name).unwrap();
        let attribute = span.attributes.iter().find(|attribute| attribute.key == key);
        attribute.and_then(|attribute| attribute.value.clone()?.value)
    };
    let attribute = |name: &str, key: &str| match value(name, key) {
        Some(AnyValue::StringValue(text)) => Some(text),
        _ => None,
    };
    // OpenTelemetry's semantic conventions for messaging and for generative AI.
    for name in ["send dossier-reports", "process dossier-reports"] {
        assert_eq!(attribute(name, "messaging.system").as_deref(), Some("aws_sqs"));
        assert_eq!(attribute(name, "messaging.destination.name").as_deref(), Some("dossier-reports"));
    }
    let message = attribute("send dossier-reports", "messaging.message.id");
    assert!(message.is_some() && message == attribute("process dossier-reports", "messaging.message.id"));
    let chat = |key: &str| attribute("chat dossier.stand-in-v1", key);
    assert_eq!(chat("gen_ai.operation.name").as_deref(), Some("chat"));
    assert_eq!(chat("gen_ai.provider.name").as_deref(), Some("aws.bedrock"));
    assert_eq!(chat("gen_ai.request.model").as_deref(), Some("dossier.stand-in-v1"));
    let chat_value = |key: &str| value("chat dossier.stand-in-v1", key);
    assert!(matches!(chat_value("gen_ai.response.finish_reasons"), Some(AnyValue::ArrayValue(_))));
    for key in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.request.max_tokens"] {
        assert!(matches!(chat_value(key), Some(AnyValue::IntValue(1..))), "{key}: {:?}", chat_value(key));
    }
    assert_eq!(value("POST /v1/reports", "http.response.status_code"), Some(AnyValue::IntValue(202)));
    let (service, process) = trace.iter().find(|(_, span)| span.name == "process dossier-reports").unwrap();
    assert!(service.contains("dossier-worker"));
    assert!(
        process.attributes.iter().any(|attribute| attribute.key == "dossier.queue.seconds"),
        "the queue time is missing"
    );
    for metric in [
        "http.server.request.duration",
        "dossier.aws.call.duration",
        "dossier.stage.duration",
        "dossier.queue.messages",
        "dossier.queue.wait",
        "dossier.report.duration",
        "dossier.reports.ended",
        "dossier.reports.in_flight",
        "dossier.reports.overdue",
        "dossier.reports.waiting",
        "dossier.worker.slots",
        "dossier.source.outcomes",
        "dossier.source.breaker",
        "dossier.attempts.ended",
        "dossier.checks.failed",
        "dossier.model.cost",
        "dossier.verification.outcomes",
        "dossier.verification.verdicts",
        "gen_ai.client.token.usage",
        "gen_ai.client.operation.duration",
    ] {
        assert!(received.metrics.contains(metric), "{metric} is not among {:?}", received.metrics);
    }

    // Log lines are JSON and contain the trace id. Neither they nor the spans contain secrets.
    for log in &logs {
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert!(lines.iter().any(|line| line["traceId"] == TRACE), "{log}");
    }
    // The audit log records who did what to which report. The key's id identifies the actor.
    let audits: Vec<Value> = logs[0]
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .filter(|line: &Value| line["target"] == "dossier::audit")
        .collect();
    let key = domain::access::ApiKey::parse(stack.keys().dev.expose_secret()).unwrap();
    for action in ["report.submit", "artifact.links", "artifact.link"] {
        let entry =
            audits.iter().find(|line| line["action"] == action).unwrap_or_else(|| panic!("no {action}"));
        assert_eq!((&entry["tenant"], &entry["actor"]), (&"dev".into(), &format!("key:{}", key.id).into()));
        assert!(text_at(entry, "/subject").starts_with(text_at(&report, "/reportId")));
    }
    let everything = format!("{logs:?} {:?} {}", received.spans, received.metrics_debug);
    let signature = link.split("X-Amz-Signature=").nth(1).unwrap().split('&').next().unwrap();
    let secrets = [
        stack.keys().dev.expose_secret(),
        stack.infrastructure().credentials().secret_access_key.expose_secret(),
        signature,
        "Calder Vane",
        "99104372",
        "Nordhavet",
        "星見川",
        "1010401998301",
    ];
    // The evidence is confidential as well.
    let evidence = document["evidence"].as_array().unwrap();
    assert!(evidence.len() > 3, "{document}");
    // A log escapes quotation marks and line breaks, so the text is searched in the pieces between them.
    let pieces = evidence.iter().flat_map(|one| [text_at(one, "/title"), text_at(one, "/text")]);
    let pieces = pieces.flat_map(|text| text.split(['"', '\n', '\\'])).filter(|piece| piece.len() > 30);
    for secret in secrets.into_iter().chain(pieces) {
        let context = everything.find(secret).map(|at| &everything[at.saturating_sub(300)..at]);
        assert_eq!(context, None, "a log line or a span contains a secret");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn unsampled_requests_are_still_measured_and_logged() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Api], ..TestStack::options() }).await?;
    let (collector, received) = collector().await?;
    let mut environment = stack.environment().clone();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
        ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let api = ServiceProcess::start("api-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), 200);
    // A client can request a trace with the sampled flag.
    let traceparent = format!("00-{TRACE}-{CLIENT_SPAN}-01");
    let sampled = stack.dev().request(Method::GET, "/v1/usage").header("traceparent", traceparent);
    assert_eq!(sampled.send().await?.status(), 200);
    let log = api.terminate().await?;
    let received = std::mem::take(&mut *received.lock().unwrap());
    let traced: Vec<_> = received.spans.iter().filter(|(_, span)| span.name.starts_with("GET ")).collect();
    assert_eq!(traced.iter().map(|(_, span)| span.name.as_str()).collect::<Vec<_>>(), ["GET /v1/usage"]);
    assert!(received.metrics.contains("http.server.request.duration"));
    let listed = log.lines().find(|line| line.contains(r#""route":"/v1/reports""#)).expect(&log);
    assert!(listed.contains("traceId"), "{listed}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_one_trace_still_connects_the_logs_of_both_services() -> Result<()> {
    let stack =
        TestStack::with(Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() })
            .await?;
    let mut environment = stack.environment().clone();
    environment.insert("DOSSIER_API_DRAIN_NOTICE_SECONDS".to_owned(), "0".to_owned());
    let api = ServiceProcess::start("api-service", &environment)?;
    let worker = ServiceProcess::start("worker-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let traceparent = format!("00-{TRACE}-{CLIENT_SPAN}-01");
    let traced = |method: Method, path: &str| {
        stack.dev().request(method, path).header("traceparent", traceparent.as_str())
    };
    let pending: Value =
        traced(Method::POST, "/v1/reports").json(&sanctioned_company()).send().await?.json().await?;
    let id = text_at(&pending, "/reportId").to_owned();
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    let problem: Value = traced(Method::GET, "/v1/reports/none").send().await?.json().await?;
    assert_eq!(problem["instance"], format!("urn:dossier:trace:{TRACE}"));
    let other: Value = stack.dev().get("/v1/reports/none").await?.json().await?;
    let other = text_at(&other, "/instance").strip_prefix("urn:dossier:trace:").expect("a trace").to_owned();
    assert!(other.len() == 32 && other != TRACE, "a request without a trace begins one: {other}");

    let [api, worker] = [api.terminate().await?, worker.terminate().await?]
        .map(|log| log.lines().map(|line| serde_json::from_str(line).expect(line)).collect::<Vec<Value>>());
    let submitted: Vec<&Value> = api.iter().filter(|line| line["traceId"] == TRACE).collect();
    assert!(submitted.iter().any(|line| line["route"] == "/v1/reports" && line["status"] == 202), "{api:?}");
    let of_report: Vec<&Value> = worker.iter().filter(|line| line["report"] == id.as_str()).collect();
    assert!(!of_report.is_empty(), "{worker:?}");
    for line in of_report {
        assert_eq!((&line["traceId"], &line["dossier.report"]), (&json!(TRACE), &json!(id)), "{line}");
        assert!(line["spanId"].as_str().is_some_and(|span| span.len() == 16), "{line}");
    }
    assert!(worker.iter().all(|line| line.get("otel.name").is_none()), "{worker:?}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_name_their_trace_also_if_the_log_shows_nothing_else() -> Result<()> {
    let stack =
        TestStack::with(Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() })
            .await?;
    let mut environment = stack.environment().clone();
    for (name, value) in [
        ("DOSSIER_API_DRAIN_NOTICE_SECONDS", "0"),
        ("DOSSIER_DEADLINE_SECONDS", "0"),
        ("DOSSIER_LOG", "warn"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let api = ServiceProcess::start("api-service", &environment)?;
    let worker = ServiceProcess::start("worker-service", &environment)?;
    while !stack.dev().get("/readyz").await.is_ok_and(|answer| answer.status() == 200) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stack.bedrock().faults().set(Faults::from_json(&json!({"error": 1})).unwrap());
    let traceparent = format!("00-{TRACE}-{CLIENT_SPAN}-01");
    let request = stack.dev().request(Method::POST, "/v1/reports").header("traceparent", traceparent);
    let pending: Value = request.json(&sanctioned_company()).send().await?.json().await?;
    assert_eq!(stack.dev().wait_for_end(text_at(&pending, "/reportId")).await?["status"], "FAILED");
    api.terminate().await?;
    let log = worker.terminate().await?;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().all(|line| line["level"] != "INFO"), "{log}");
    assert!(lines.iter().any(|line| line["traceId"] == TRACE), "{log}");
    stack.stop().await
}
