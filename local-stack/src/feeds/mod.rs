//! Stand-ins for the evidence feeds on one base URL, over a small invented world: sanctions matching as yente answers,
//! news as GDELT answers, company records as GLEIF answers. Faults can be asked of all three at once.

mod names;
mod news;
mod news_query;
mod registry;
mod sanctions;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::calls::Calls;
use crate::faults::{FaultPlan, Faults, Outcome, StandIn, admin};
use crate::server::Server;
use world::World;

const MATCH: &str = "/match/{dataset}";
const NEWS: &str = "/api/v2/doc/doc";
const REGISTRY: &str = "/api/v1/lei-records";

/// Running stand-ins for the feeds.
#[derive(Debug)]
pub struct FeedsServer {
    server: Server,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
}

#[derive(Debug)]
struct Feeds {
    world: World,
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
    stopping: CancellationToken,
}

impl FeedsServer {
    /// Serves on `listener`; faults without a meaning for feeds are left out.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn start(listener: TcpListener, faults: Faults, seed: u64) -> anyhow::Result<Self> {
        let stopping = CancellationToken::new();
        let plan = Arc::new(FaultPlan::new(StandIn::Feeds, faults, seed));
        let calls = Arc::new(Calls::default());
        let feeds = Arc::new(Feeds {
            world: World::load()?,
            plan: Arc::clone(&plan),
            calls: Arc::clone(&calls),
            stopping: stopping.clone(),
        });
        let router = Router::new()
            .route(MATCH, post(sanctions::matches))
            .route(NEWS, get(news::search))
            .route(REGISTRY, get(registry::search))
            .route_layer(middleware::from_fn_with_state(Arc::clone(&feeds), with_faults))
            .with_state(feeds)
            .merge(admin(Arc::clone(&plan), Arc::clone(&calls)));
        Ok(Self { server: Server::start(listener, stopping, router)?, plan, calls })
    }

    /// The base URL of all three feeds.
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

fn operation(path: &str) -> &'static str {
    match path {
        MATCH => "sanctions.match",
        NEWS => "news.search",
        _ => "registry.search",
    }
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
            let mut response = failed(StatusCode::TOO_MANY_REQUESTS, "too many requests (fault asked for)");
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            response
        }
        Outcome::Error(turn) if turn.is_multiple_of(2) => {
            failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error (fault asked for)")
        }
        Outcome::Error(_) => failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable (fault asked for)"),
        Outcome::Malformed(turn) => malformed(turn),
        // The others mean nothing to feeds and never come up.
        _ => next.run(request).await,
    };
    if response.status() == StatusCode::OK {
        feeds.calls.add(operation(path.as_str()).to_owned());
    }
    response
}

fn failed(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

/// JSON that breaks off, JSON of another shape, and a page of HTML, in turn.
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
