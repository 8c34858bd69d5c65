//! A stand-in for Bedrock Runtime's Converse: it reads the evidence in the prompt and answers in the requested schema,
//! or forwards the conversation to a server that speaks the OpenAI chat API. Faults can be asked of it.

mod ask;
mod evidence;
mod faulty;
mod forward;
mod forward_wire;
mod phrases;
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
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::aws::Credentials;
use crate::aws::sigv4::Verifier;
use crate::calls::Calls;
use crate::faults::{FaultPlan, Faults, Outcome, StandIn, admin};
use crate::server::Server;
use ask::Ask;
pub use forward::Forward;
use forward::Forwarder;
use wire::{ConverseError, ConverseRequest, ErrorKind};

/// Bedrock's own limit for a Converse request is near this.
const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// How the stand-in starts.
#[derive(Debug)]
pub struct Options {
    /// The keys that requests must be signed with.
    pub credentials: Credentials,
    /// The region that requests must be signed for.
    pub region: String,
    /// The faults in force at the start.
    pub faults: Faults,
    /// Seed of the faults.
    pub seed: u64,
    /// Where conversations go instead of being answered here.
    pub forward: Option<Forward>,
}

/// A running stand-in for Bedrock Runtime.
#[derive(Debug)]
pub struct Bedrock {
    server: Server,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
    open: Arc<()>,
}

struct App {
    verifier: Verifier,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
    forward: Option<Forwarder>,
    /// Each open call holds a reference.
    open: Arc<()>,
    stopping: CancellationToken,
}

impl Bedrock {
    /// Serves on `listener`.
    ///
    /// # Errors
    /// When the listener has no address, or no client for forwarding can be made.
    pub async fn start(listener: TcpListener, options: Options) -> anyhow::Result<Self> {
        let stopping = CancellationToken::new();
        let plan = Arc::new(FaultPlan::new(StandIn::Bedrock, options.faults, options.seed));
        let calls = Arc::new(Calls::default());
        let open = Arc::new(());
        let app = App {
            verifier: Verifier::new(&options.credentials, &options.region),
            plan: Arc::clone(&plan),
            calls: Arc::clone(&calls),
            forward: options.forward.map(Forwarder::new).transpose()?,
            open: Arc::clone(&open),
            stopping: stopping.clone(),
        };
        // The model id is percent-encoded by SDKs and not by everybody: the path is taken apart by hand.
        let router = Router::new().fallback(route).with_state(Arc::new(app));
        let router = router.merge(admin(Arc::clone(&plan), Arc::clone(&calls)));
        Ok(Self { server: Server::start(listener, stopping, router)?, plan, calls, open })
    }

    /// The endpoint URL for the Bedrock Runtime client.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The faults, to be looked at or replaced without HTTP.
    pub fn faults(&self) -> &FaultPlan {
        &self.plan
    }

    /// How many calls were answered with 200, by operation.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.snapshot()
    }

    /// How many calls are being answered now; one whose client has gone is not.
    pub fn in_flight(&self) -> usize {
        // This handle and the server hold one each.
        Arc::strong_count(&self.open).saturating_sub(2)
    }

    /// Cancelling this token stops the server.
    pub fn stopping(&self) -> CancellationToken {
        self.server.stopping()
    }

    /// Stops the server.
    ///
    /// # Errors
    /// When the server had ended with an error before.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.server.stop().await
    }
}

async fn route(State(app): State<Arc<App>>, request: Request) -> Response {
    let _open = Arc::clone(&app.open);
    match converse(&app, request).await {
        Ok(answer) => {
            app.calls.add("Converse".to_owned());
            Json(answer).into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn converse(app: &App, request: Request) -> Result<serde_json::Value, ConverseError> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|error| ConverseError::validation(format!("the body could not be read: {error}")))?;
    app.verifier
        .verify(&parts, &body, "bedrock")
        .map_err(|refusal| ConverseError::new(ErrorKind::Authentication(refusal.code), refusal.message))?;
    let model = model_id(&parts.method, parts.uri.path())?;

    let roll = app.plan.roll();
    tokio::select! {
        () = tokio::time::sleep(roll.latency) => {}
        () = app.stopping.cancelled() => {
            return Err(ConverseError::new(ErrorKind::ServiceUnavailable, "the stand-in is stopping"));
        }
    }
    match roll.outcome {
        Outcome::Throttle => {
            let message = "Too many requests, please wait before trying again. (fault asked for)";
            return Err(ConverseError::new(ErrorKind::Throttling, message));
        }
        Outcome::Error(turn) => return Err(faulty::server_error(turn)),
        _ => {}
    }

    let request: ConverseRequest = serde_json::from_slice(&body)
        .map_err(|error| ConverseError::validation(format!("the body is not a Converse request: {error}")))?;
    let elapsed_ms = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let (Outcome::Answer, Some(forward)) = (roll.outcome, &app.forward) {
        let answer = forward.converse(&request).await?;
        return Ok(answer.into_json(elapsed_ms()));
    }
    let ask = Ask::of(&request)?;
    let prompt = evidence::read(&request.messages)?;
    tracing::debug!(model, evidence = prompt.evidence.len(), outcome = ?roll.outcome, "the stand-in answers");
    let assessment = writer::write(&prompt);
    let answer = faulty::answer(roll.outcome, &ask, assessment, &prompt);
    Ok(answer.into_json(&body, elapsed_ms()))
}

fn model_id(method: &Method, path: &str) -> Result<String, ConverseError> {
    let encoded = path
        .strip_prefix("/model/")
        .and_then(|rest| rest.strip_suffix("/converse"))
        .filter(|model| method == Method::POST && !model.is_empty())
        .ok_or_else(|| {
            let message =
                format!("{method} {path}: the stand-in answers POST /model/MODEL-ID/converse alone");
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
    fn model_ids_may_hold_colons_and_slashes() {
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
