//! The stand-ins of all registered sources of evidence (the feeds), on one base URL. The stand-ins themselves
//! are in the folders of the sources; this module mounts them, injects faults and counts calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use serde_json::json;
use sources::stand_in::{Operation, StandIn as SourceStandIn};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::calls::Calls;
use crate::faults::{FaultPlan, Faults, Outcome, StandIn, admin};
use crate::server::Server;

/// The running stand-ins of the sources.
#[derive(Debug)]
pub struct FeedsServer {
    server: Server,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
}

#[derive(Debug)]
struct Feeds {
    /// The names of the operations, by their paths.
    operations: BTreeMap<&'static str, &'static str>,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
    stopping: CancellationToken,
}

impl FeedsServer {
    /// Serves the stand-ins on `listener`. Ignores faults that they do not support.
    ///
    /// # Errors
    /// Returns an error if the listener has no address.
    pub async fn start(listener: TcpListener, faults: Faults, seed: u64) -> anyhow::Result<Self> {
        let stopping = CancellationToken::new();
        let plan = Arc::new(FaultPlan::new(StandIn::Feeds, faults, seed));
        let calls = Arc::new(Calls::default());
        let operations: Vec<Operation> = stand_ins().flat_map(|stand_in| stand_in.operations).collect();
        let feeds = Arc::new(Feeds {
            operations: operations.iter().map(|operation| (operation.path, operation.name)).collect(),
            plan: Arc::clone(&plan),
            calls: Arc::clone(&calls),
            stopping: stopping.clone(),
        });
        let router = operations
            .into_iter()
            .fold(Router::new(), |router, Operation { path, handler, .. }| router.route(path, handler))
            .route_layer(middleware::from_fn_with_state(feeds, with_faults))
            .merge(admin(Arc::clone(&plan), Arc::clone(&calls)));
        Ok(Self { server: Server::start(listener, stopping, router)?, plan, calls })
    }

    /// Returns the base URL of the stand-ins.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the faults, which can be read and replaced without HTTP.
    pub fn faults(&self) -> &FaultPlan {
        &self.plan
    }

    /// Returns the number of calls that were answered with 200, by operation.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.snapshot()
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

/// Iterates over the stand-ins of the registered sources.
fn stand_ins() -> impl Iterator<Item = SourceStandIn> {
    sources::REGISTERED.iter().filter_map(|source| Some((source.stand_in?)()))
}

/// Returns the settings of a worker whose sources query the stand-ins at `base_url`.
pub fn environment(base_url: &str) -> Vec<(&'static str, String)> {
    stand_ins().flat_map(|stand_in| (stand_in.environment)(base_url)).collect()
}

async fn with_faults(
    State(feeds): State<Arc<Feeds>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let roll = feeds.plan.roll();
    tokio::select! {
        () = tokio::time::sleep(roll.latency) => {}
        () = feeds.stopping.cancelled() => return failed(StatusCode::SERVICE_UNAVAILABLE, "the stand-in is stopping"),
    }
    let response = match roll.outcome {
        Outcome::Throttle => {
            let mut response = failed(StatusCode::TOO_MANY_REQUESTS, "too many requests (injected fault)");
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            response
        }
        Outcome::Error(turn) if turn.is_multiple_of(2) => {
            failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error (injected fault)")
        }
        Outcome::Error(_) => failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable (injected fault)"),
        Outcome::Malformed(turn) => malformed(turn),
        // The plan never selects the other faults, because these stand-ins do not support them.
        _ => next.run(request).await,
    };
    if response.status() == StatusCode::OK
        && let Some(operation) = feeds.operations.get(path.as_str())
    {
        feeds.calls.add((*operation).to_owned());
    }
    response
}

fn failed(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

/// Returns truncated JSON, JSON of another shape, or an HTML page, in turn.
fn malformed(turn: u64) -> Response {
    let (media_type, body) = match turn % 3 {
        0 => ("application/json", r#"{"responses": {"q1": {"status": 200, "results": [{"#),
        1 => (
            "application/json",
            r#"{"responses": [], "articles": {"title": 7}, "data": "none", "meta": null}"#,
        ),
        _ => ("text/html; charset=utf-8", "<!doctype html><title>Maintenance</title><p>Back soon."),
    };
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}
