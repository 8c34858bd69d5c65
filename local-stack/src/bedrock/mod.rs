//! A stand-in for the Converse and ApplyGuardrail operations of Bedrock Runtime. It reads the evidence or the
//! claims in the prompt and answers in the requested schema, or forwards the conversation to a server that
//! speaks the OpenAI chat API. On request, it injects faults.

mod answer_format;
mod chat_completions;
mod faulty;
mod forward;
mod guardrail;
mod judge;
mod metered;
mod phrases;
mod prompt;
mod wire;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::account::Account;
use crate::aws::Credentials;
use crate::aws::sigv4::Verifier;
use crate::calls::Calls;
use crate::faults::{FaultPlan, Faults, Outcome, Roll, StandIn, Task, admin};
use crate::server::Server;
use answer_format::{AnswerFormat, check_tool_choice};
pub use forward::Forward;
use forward::Forwarder;
use metered::MeteredCall;
use wire::{ConverseError, ConverseRequest, ErrorKind};

/// Maximum size of a request, in bytes; close to Bedrock's own limit.
const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// Options of the stand-in.
#[derive(Debug)]
pub struct Options {
    /// Credentials that must have signed a request.
    pub credentials: Credentials,
    /// Region that a request must be signed for.
    pub region: String,
    /// Faults at the start.
    pub faults: Faults,
    /// Seed of the fault schedule.
    pub seed: u64,
    /// Server to forward conversations to. `None` lets the stand-in answer.
    pub forward: Option<Forward>,
    /// The account with the meter and the quotas.
    pub account: Account,
}

/// A running stand-in for Bedrock Runtime.
#[derive(Debug)]
pub struct Bedrock {
    server: Server,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
    in_flight: Arc<()>,
}

struct StandInState {
    verifier: Verifier,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
    forward: Option<Forwarder>,
    account: Account,
    /// Each call in flight holds a reference.
    in_flight: Arc<()>,
    stopping: CancellationToken,
}

impl Bedrock {
    /// Serves on `listener`.
    ///
    /// # Errors
    /// Returns an error if the listener has no address, the base URL to forward to is not a URL, or the HTTP
    /// client for forwarding cannot be built.
    pub async fn start(listener: TcpListener, options: Options) -> anyhow::Result<Self> {
        let stopping = CancellationToken::new();
        let plan = Arc::new(FaultPlan::new(StandIn::Bedrock, options.faults, options.seed));
        let calls = Arc::new(Calls::default());
        let in_flight = Arc::new(());
        let state = StandInState {
            verifier: Verifier::new(&options.credentials, &options.region),
            plan: Arc::clone(&plan),
            calls: Arc::clone(&calls),
            forward: options.forward.map(Forwarder::new).transpose()?,
            account: options.account.clone(),
            in_flight: Arc::clone(&in_flight),
            stopping: stopping.clone(),
        };
        // SDKs percent-encode the model id, other clients do not, so the handler parses the path itself.
        let router = Router::new().fallback(route).with_state(Arc::new(state));
        let router =
            router.merge(admin(Arc::clone(&plan), Arc::clone(&calls))).merge(options.account.routes());
        Ok(Self { server: Server::start(listener, stopping, router)?, plan, calls, in_flight })
    }

    /// Returns the endpoint URL for Bedrock Runtime clients.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the fault plan, which tests can read and change without HTTP.
    pub fn faults(&self) -> &FaultPlan {
        &self.plan
    }

    /// Returns a handle of the fault plan that outlives a borrow of the stack.
    pub(crate) fn fault_plan(&self) -> Arc<FaultPlan> {
        Arc::clone(&self.plan)
    }

    /// Returns a handle of the counter of calls that outlives a borrow of the stack.
    pub(crate) fn call_counter(&self) -> Arc<Calls<String>> {
        Arc::clone(&self.calls)
    }

    /// Returns the number of calls that were answered with 200, by operation.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.snapshot()
    }

    /// Returns the number of calls in flight. A call whose client has gone away does not count.
    pub fn in_flight(&self) -> usize {
        // This handle and the server's state hold one reference each.
        Arc::strong_count(&self.in_flight).saturating_sub(2)
    }

    /// Returns the token that stops the server when it is cancelled.
    pub fn stopping(&self) -> CancellationToken {
        self.server.stopping()
    }

    /// Stops the server.
    ///
    /// # Errors
    /// Returns an error if the server panicked or ended with an error, even if that happened before this
    /// call.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.server.stop().await
    }
}

/// An answer with status 200.
enum Answer {
    Json(Value),
    Unreadable(String),
}

async fn route(State(state): State<Arc<StandInState>>, request: Request) -> Response {
    let _in_flight = Arc::clone(&state.in_flight);
    let operation = operation(request.method(), request.uri().path());
    state.account.meter().request(metered::BEDROCK, operation);
    match answer(&state, request).await {
        Ok(answer) => {
            state.calls.add(operation.to_owned());
            match answer {
                Answer::Json(value) => Json(value).into_response(),
                Answer::Unreadable(body) => ([("content-type", "application/json")], body).into_response(),
            }
        }
        Err(error) => error.into_response(),
    }
}

fn operation(method: &Method, path: &str) -> &'static str {
    if guardrail::serves(method, path) { "ApplyGuardrail" } else { "Converse" }
}

async fn answer(state: &StandInState, request: Request) -> Result<Answer, ConverseError> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|error| ConverseError::validation(format!("the body could not be read: {error}")))?;
    state
        .verifier
        .verify(&parts, &body, "bedrock")
        .map_err(|error| ConverseError::new(ErrorKind::Authentication(error.code), error.message))?;
    if guardrail::serves(&parts.method, parts.uri.path()) {
        let outcome = roll(state, Task::Verify).await?;
        return Ok(match outcome {
            Outcome::Unreadable(turn) => Answer::Unreadable(faulty::unreadable(turn)),
            outcome => {
                let answer = guardrail::apply(&body, outcome)?;
                metered::grounding(&state.account, &answer);
                Answer::Json(answer)
            }
        });
    }
    let model = model_id(&parts.method, parts.uri.path())?;
    let request: ConverseRequest = serde_json::from_slice(&body)
        .map_err(|error| ConverseError::validation(format!("the body is not a Converse request: {error}")))?;
    check_tool_choice(&model, &request)?;
    let mut call = MeteredCall::begin(&state.account, &model, &body, &request)?;
    let format = AnswerFormat::of(&request);
    let task = format.as_ref().map_or(Task::Assess, |(_, task)| *task);
    let outcome = roll(state, task).await?;
    let elapsed_ms = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let (Outcome::Answer, Some(forward)) = (outcome, &state.forward) {
        let answer = forward.converse(&request).await?.into_json(elapsed_ms());
        call.end(&answer);
        return Ok(Answer::Json(answer));
    }
    let (format, task) = format?;
    match outcome {
        Outcome::Grammar if format == AnswerFormat::JsonText => return Err(faulty::grammar_error()),
        Outcome::Unreadable(turn) => {
            call.end_unread();
            return Ok(Answer::Unreadable(faulty::unreadable(turn)));
        }
        _ => {}
    }
    tracing::debug!(model, ?task, ?outcome, "the stand-in answers a Converse request");
    let answer = match task {
        Task::Assess => {
            let prompt = prompt::read(&request.messages)?;
            faulty::answer(outcome, &format, writer::write(&prompt), &prompt)
        }
        Task::Verify => faulty::verdicts(outcome, &format, &prompt::read_claims(&request.messages)?),
    };
    let mut answer = answer.into_json(&body, elapsed_ms());
    call.end(&answer);
    if let (Outcome::WithoutUsage, Some(members)) = (outcome, answer.as_object_mut()) {
        members.remove("usage");
    }
    Ok(Answer::Json(answer))
}

/// Waits as long as the faults in force delay a call for `task`, and returns its outcome.
async fn roll(state: &StandInState, task: Task) -> Result<Outcome, ConverseError> {
    let Roll { latency, outcome } = state.plan.roll_for(task);
    let delay = async {
        tokio::time::sleep(latency).await;
        if outcome == Outcome::Hang {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = delay => {}
        () = state.stopping.cancelled() => {
            return Err(ConverseError::new(ErrorKind::ServiceUnavailable, "the stand-in is stopping"));
        }
    }
    match outcome {
        Outcome::Throttle => {
            let message = "Too many requests, please wait before trying again. (injected fault)";
            Err(ConverseError::new(ErrorKind::Throttling, message))
        }
        Outcome::Error(turn) => Err(faulty::server_error(turn)),
        outcome => Ok(outcome),
    }
}

fn model_id(method: &Method, path: &str) -> Result<String, ConverseError> {
    let encoded = path
        .strip_prefix("/model/")
        .and_then(|rest| rest.strip_suffix("/converse"))
        .filter(|model| method == Method::POST && !model.is_empty())
        .ok_or_else(|| {
            let message = format!("{method} {path}: the stand-in only serves POST /model/MODEL-ID/converse and POST /guardrail/ID/version/VERSION/apply");
            ConverseError::new(ErrorKind::UnknownOperation, message)
        })?;
    percent_decode_str(encoded)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| ConverseError::validation(format!("the model id {encoded:?} is not UTF-8: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_ids_may_contain_colons_and_slashes() {
        for (path, expected) in [
            ("/model/vendor.model-v1%3A0/converse", "vendor.model-v1:0"),
            ("/model/vendor.model-v1:0/converse", "vendor.model-v1:0"),
            (
                "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.m/converse",
                "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.m",
            ),
        ] {
            assert_eq!(model_id(&Method::POST, path).unwrap(), expected);
        }
        assert!(model_id(&Method::POST, "/model//converse").is_err());
        assert!(model_id(&Method::POST, "/model/m/invoke").is_err());
        assert!(model_id(&Method::GET, "/model/m/converse").is_err());
    }
}
