//! Structured output of a model, as seen on the wire: the way back from native output to the tool, the order of
//! a schema's members, the prompt cache, and answers and errors that decide about money.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use aws_adapters::answer_schemas::AnswerSchemas;
use aws_adapters::error::ErrorClass;
use aws_adapters::{SdkConfig, sdk_config_loader};
use aws_sdk_s3::config::{Credentials, Region};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use domain::time::UtcTime;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use serde_json::{Value, json};
use service_runtime::clock::Clock;
use service_runtime::config::Environment;
use tokio::net::TcpListener;
use worker_service::assess::{Model, ModelAnswer, Prompt, Turn};
use worker_service::failure::Failure;
use worker_service::settings::Settings;

/// Answers a request with this body.
type Answer = dyn Fn(&Value) -> Response + Send + Sync;

/// The bodies of the requests so far.
type Bodies = Arc<Mutex<Vec<Bytes>>>;

/// How long each of the next answers takes.
type Delays = Arc<Mutex<VecDeque<Duration>>>;

/// Longer than any test runs.
const NEVER: Duration = Duration::from_secs(86_400);

/// A server that stands in for Bedrock, and the bodies that it received.
#[derive(Clone)]
struct Bedrock {
    sdk: SdkConfig,
    bodies: Bodies,
    delays: Delays,
}

impl Bedrock {
    async fn start(answer: impl Fn(&Value) -> Response + Send + Sync + 'static) -> Result<Self> {
        let bodies = Bodies::default();
        let delays = Delays::default();
        let state: (Arc<Answer>, Bodies, Delays) =
            (Arc::new(answer), Arc::clone(&bodies), Arc::clone(&delays));
        let router = Router::new().fallback(receive).with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let sdk = sdk_config_loader()
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .endpoint_url(format!("http://{}", listener.local_addr()?))
            .load()
            .await;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { sdk, bodies, delays })
    }

    fn next_answers_take(&self, delays: &[Duration]) {
        self.delays.lock().unwrap().extend(delays);
    }

    fn model(&self, more: &[(&str, &str)]) -> Model {
        let mut environment: Environment = [
            ("DOSSIER_QUEUE_URL", "http://127.0.0.1/q"),
            ("DOSSIER_DLQ_URL", "http://127.0.0.1/d"),
            ("DOSSIER_CALLBACK_QUEUE_URL", "http://127.0.0.1/c"),
            ("DOSSIER_CALLBACK_DLQ_URL", "http://127.0.0.1/cd"),
            ("DOSSIER_MANDATORY_SOURCES", "none"),
            ("DOSSIER_MODEL_ID", "m"),
            ("DOSSIER_MODELS", NATIVE),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let settings = Settings::read(&environment).unwrap();
        Model::configured(&self.sdk, &settings.model).unwrap().remove(0)
    }

    /// Returns how each request since the last call asked for structured output.
    fn methods(&self) -> Vec<&'static str> {
        let bodies = std::mem::take(&mut *self.bodies.lock().unwrap());
        bodies.iter().map(|body| if is_native(&json_of(body)) { "native" } else { "tool" }).collect()
    }
}

const NATIVE: &str = r#"model=[{id="m",structured_output="native",price=[{input=1,output=1}]}]"#;
const TOOL: &str = r#"model=[{id="m",structured_output="tool",price=[{input=1,output=1}]}]"#;

async fn receive(
    State((answer, bodies, delays)): State<(Arc<Answer>, Bodies, Delays)>,
    body: Bytes,
) -> Response {
    bodies.lock().unwrap().push(body.clone());
    let delay = delays.lock().unwrap().pop_front();
    tokio::time::sleep(delay.unwrap_or_default()).await;
    answer(&json_of(&body))
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn is_native(request: &Value) -> bool {
    request.get("outputConfig").is_some()
}

fn response(status: u16, error: &str, body: impl Into<Body>) -> Response {
    let response = Response::builder().status(status).header("x-amzn-errortype", error);
    response.body(body.into()).unwrap()
}

fn refused(message: &str) -> Response {
    response(400, "ValidationException", json!({"message": message}).to_string())
}

/// Returns an answer in the form that the request asks for. `usage` is its member of that name.
fn assessed(request: &Value, usage: Option<Value>) -> Response {
    let assessment =
        json!({"level": "LOW", "summary": {"text": "Nothing.", "citations": ["E1"]}, "findings": []});
    let content = if is_native(request) {
        json!({"text": assessment.to_string()})
    } else {
        json!({"toolUse": {"toolUseId": "t", "name": "record_assessment", "input": assessment}})
    };
    let mut answer = json!({
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": "end_turn",
        "metrics": {"latencyMs": 1},
    });
    if let Some(usage) = usage {
        answer["usage"] = usage;
    }
    response(200, "", answer.to_string())
}

fn some_usage() -> Option<Value> {
    Some(json!({"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}))
}

async fn ask(model: &Model) -> Result<ModelAnswer, Failure> {
    model.ask(Prompt::current(), &[Turn::Question("<evidence>[]</evidence>".into())]).await
}

#[tokio::test]
async fn a_schema_that_bedrock_cannot_compile_is_sent_as_a_tool_in_the_same_attempt() -> Result<()> {
    for message in [
        "Grammar compilation timed out.",
        "Schema is too complex.",
        "The model returned the following errors: output_config.format.schema: unsupported keyword",
        "This model doesn't support the outputConfig field.",
    ] {
        let bedrock = Bedrock::start(move |request| {
            if is_native(request) { refused(message) } else { assessed(request, some_usage()) }
        })
        .await?;
        let model = bedrock.model(&[]);
        let answer = ask(&model).await.unwrap();
        assert_eq!(answer.parameters.structured_output, "tool", "{message}");
        assert_eq!(bedrock.methods(), ["native", "tool"], "{message}");
        ask(&model).await.unwrap();
        assert_eq!(bedrock.methods(), ["tool"], "the model remembers that: {message}");
    }
    Ok(())
}

#[tokio::test]
async fn a_model_that_cannot_be_told_to_call_a_tool_by_its_name_is_told_to_call_any_tool() -> Result<()> {
    let bedrock = Bedrock::start(|request| {
        if is_native(request) { refused("Schema is too complex.") } else { assessed(request, some_usage()) }
    })
    .await?;
    let any = NATIVE.replace("price", "tool_choice=\"any\",price");
    for (models, choice) in
        [(NATIVE, json!({"tool": {"name": "record_assessment"}})), (any.as_str(), json!({"any": {}}))]
    {
        let answer = ask(&bedrock.model(&[("DOSSIER_MODELS", models)])).await.unwrap();
        assert_eq!(answer.parameters.structured_output, "tool");
        let bodies = std::mem::take(&mut *bedrock.bodies.lock().unwrap());
        let tools = &json_of(&bodies[1])["toolConfig"];
        assert_eq!(tools["toolChoice"], choice);
        assert_eq!(tools["tools"].as_array().unwrap().len(), 1, "`any` leaves no choice");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_refused_for_another_reason_stays_refused() -> Result<()> {
    let bedrock = Bedrock::start(|_| refused("Input is too long for requested model.")).await?;
    let model = bedrock.model(&[]);
    for _ in 0..2 {
        let failure = ask(&model).await.unwrap_err();
        assert_eq!((failure.code, failure.class), ("model_refused_request", ErrorClass::Permanent));
        assert_eq!(bedrock.methods(), ["native", "tool"], "the schema is not known to be the reason");
    }
    Ok(())
}

#[tokio::test]
async fn the_first_call_with_a_schema_may_take_longer_and_a_timeout_leads_to_the_tool() -> Result<()> {
    // The first answer comes after the timeout of a call, and long before that of a first call. The second
    // never comes.
    let bedrock = Bedrock::start(|request| assessed(request, some_usage())).await?;
    let patient = bedrock.model(&[("DOSSIER_MODEL_SECONDS", "1"), ("DOSSIER_MODEL_FIRST_SECONDS", "600")]);
    bedrock.next_answers_take(&[Duration::from_millis(1_500), NEVER]);
    assert_eq!(ask(&patient).await.unwrap().parameters.structured_output, "native");
    let failure = ask(&patient).await.unwrap_err();
    assert_eq!(failure.code, "model_timed_out", "the schema is compiled, so the short timeout applies");
    assert_eq!(bedrock.methods(), ["native", "native"]);

    let hasty = bedrock.model(&[("DOSSIER_MODEL_SECONDS", "1"), ("DOSSIER_MODEL_FIRST_SECONDS", "1")]);
    bedrock.next_answers_take(&[NEVER]);
    assert_eq!(ask(&hasty).await.unwrap_err().code, "model_timed_out");
    assert_eq!(bedrock.methods(), ["native"], "a call that may have been billed is not repeated at once");
    let _ = ask(&hasty).await;
    assert_eq!(bedrock.methods(), ["tool"]);
    Ok(())
}

#[tokio::test]
async fn workers_tell_each_other_which_schemas_bedrock_has_compiled() -> Result<()> {
    let stack =
        TestStack::with(Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() })
            .await?;
    let start = UtcTime::from_epoch_millis(1_790_000_000_000);
    let clock = Clock::fixed(start);
    let schemas = AnswerSchemas::new(stack.sdk(), stack.names().table.clone(), clock.clone());
    let recorded = async || -> Result<i64> {
        loop {
            let items = stack.clients().dynamodb.scan().table_name(&stack.names().table).send().await?;
            let mut of_schemas =
                items.items().iter().filter(|item| item["pk"].as_s().is_ok_and(|pk| pk.starts_with("G#m#")));
            if let Some(item) = of_schemas.next() {
                return Ok(item["at"].as_n().unwrap().parse()?);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let bedrock = Bedrock::start(|request| assessed(request, some_usage())).await?;
    let seconds = |first| [("DOSSIER_MODEL_SECONDS", "1"), ("DOSSIER_MODEL_FIRST_SECONDS", first)];
    let worker = |first| bedrock.model(&seconds(first)).sharing_schemas(schemas.clone());

    ask(&worker("600")).await.unwrap();
    assert_eq!(recorded().await?, start.epoch_millis());
    let hour = Duration::from_secs(3600);
    clock.set(start.plus(10 * hour));
    let second = worker("600");
    bedrock.next_answers_take(&[NEVER]);
    assert_eq!(ask(&second).await.unwrap_err().code, "model_timed_out", "it does not wait for the compiler");
    ask(&second).await.unwrap();
    assert_eq!(
        recorded().await?,
        start.epoch_millis(),
        "Bedrock drops the grammar a day after its first use"
    );

    // Then the compiler fails for one worker, and no other one tries it for an hour.
    clock.set(start.plus(24 * hour));
    bedrock.methods();
    bedrock.next_answers_take(&[NEVER]);
    assert_eq!(ask(&worker("1")).await.unwrap_err().code, "model_timed_out");
    while recorded().await? == start.epoch_millis() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ask(&worker("600")).await.unwrap();
    assert_eq!(bedrock.methods(), ["native", "tool"]);
    clock.set(start.plus(25 * hour));
    ask(&worker("600")).await.unwrap();
    assert_eq!(bedrock.methods(), ["native"]);
    stack.stop().await
}

#[tokio::test]
async fn the_same_question_has_the_same_bytes_in_every_run() -> Result<()> {
    let bedrock = Bedrock::start(|request| assessed(request, some_usage())).await?;
    for models in [TOOL, NATIVE] {
        for _ in 0..3 {
            ask(&bedrock.model(&[("DOSSIER_MODELS", models)])).await.unwrap();
        }
        let bodies = std::mem::take(&mut *bedrock.bodies.lock().unwrap());
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        // A hash map has another order in each process. Values of `serde_json` are ordered by name.
        assert_eq!(bodies[0], json_of(&bodies[0]).to_string(), "the members are in alphabetical order");
    }
    Ok(())
}

#[tokio::test]
async fn a_cache_point_is_sent_only_if_the_models_minimum_is_surely_reached() -> Result<()> {
    let bedrock = Bedrock::start(|request| assessed(request, some_usage())).await?;
    for (more, cached) in [
        ("prompt_cache=true,cache_minimum=100", true),
        ("prompt_cache=true,cache_minimum=1024", false),
        // A model whose minimum is unknown.
        ("prompt_cache=true", false),
        ("prompt_cache=false,cache_minimum=100", false),
    ] {
        let models = format!("model=[{{id=\"m\",{more},price=[{{input=1,output=1}}]}}]");
        let answer = ask(&bedrock.model(&[("DOSSIER_MODELS", &models)])).await.unwrap();
        assert_eq!(answer.parameters.prompt_cache, cached, "{more}");
        let body = json_of(&bedrock.bodies.lock().unwrap().pop().unwrap());
        let point = &body["system"][1];
        assert_eq!(*point == json!({"cachePoint": {"type": "default"}}), cached, "{more}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_without_its_tokens_costs_what_was_reserved_and_never_nothing() -> Result<()> {
    let stated = Bedrock::start(|request| assessed(request, some_usage())).await?;
    let cost = ask(&stated.model(&[])).await.unwrap().usage.cost_usd;
    for usage in [None, Some(json!({})), Some(json!({"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}))]
    {
        let bedrock = Bedrock::start(move |request| assessed(request, usage.clone())).await?;
        let answer = ask(&bedrock.model(&[])).await.unwrap();
        // At least the maximum of 4,096 tokens of output, at a dollar per million.
        assert!(answer.usage.cost_usd >= 0.004_096 && answer.usage.cost_usd > cost, "{:?}", answer.usage);
        assert_eq!(answer.usage.model_calls, 1);
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_cannot_be_parsed_may_have_been_paid_for_and_is_worth_another_attempt() -> Result<()> {
    for body in [
        r#"{"output":{"message":{"role":"assist"#,
        "<html><body>It works</body></html>",
        r#"{"output":{"message":{"role":"assistant","content":[{"text":"\ud83d"}]}},"stopReason":"end_turn"}"#,
        r#"{"stopReason":"end_turn"}"#,
        "",
    ] {
        let bedrock = Bedrock::start(move |_| response(200, "", body)).await?;
        let failure = ask(&bedrock.model(&[("DOSSIER_MODELS", TOOL)])).await.unwrap_err();
        assert_eq!((failure.code, failure.class), ("model_answer_lost", ErrorClass::Transient), "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_model_is_classified_as_the_api_documents_it() -> Result<()> {
    use ErrorClass::{Permanent, Throttled, Transient};
    for (status, error, code, class) in [
        (400, "ValidationException", "model_refused_request", Permanent),
        (403, "AccessDeniedException", "model_refused_request", Permanent),
        (404, "ResourceNotFoundException", "model_refused_request", Permanent),
        (408, "ModelTimeoutException", "model_unavailable", Transient),
        (424, "ModelErrorException", "model_unavailable", Transient),
        (429, "ThrottlingException", "model_throttled", Throttled),
        (429, "ModelNotReadyException", "model_unavailable", Transient),
        (500, "InternalServerException", "model_unavailable", Transient),
        (503, "ServiceUnavailableException", "model_unavailable", Transient),
        // Errors without a name come from something before the API.
        (408, "", "model_unavailable", Transient),
        (424, "", "model_unavailable", Transient),
        (429, "", "model_throttled", Throttled),
        (503, "", "model_unavailable", Transient),
        // A gateway does not know what became of the call.
        (502, "", "model_answer_lost", Transient),
        (504, "", "model_answer_lost", Transient),
    ] {
        let bedrock = Bedrock::start(move |_| response(status, error, r#"{"message":"no"}"#)).await?;
        let failure = ask(&bedrock.model(&[("DOSSIER_MODELS", TOOL)])).await.unwrap_err();
        assert_eq!((failure.code, failure.class), (code, class), "{status} {error}");
        assert_eq!(bedrock.methods().len(), 1, "the SDK itself retries nothing: {status} {error}");
    }
    Ok(())
}
