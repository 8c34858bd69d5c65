//! Liveness and readiness. Readiness is looked up in the background, so that asking is free.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use telemetry::metrics::metrics;
use utoipa::ToSchema;

use crate::application::App;

const STARTING: u8 = 0;
const READY: u8 = 1;
const UNREADY: u8 = 2;
const DRAINING: u8 = 3;

/// Whether requests can be served, as last seen.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

impl Readiness {
    /// From now on the answer is no, whatever the look in the background sees.
    pub fn draining(&self) {
        self.0.store(DRAINING, Ordering::SeqCst);
    }

    fn saw(&self, ready: bool) {
        let seen = if ready { READY } else { UNREADY };
        // A look that was under way when the drain began must not undo it.
        let _ =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| (now != DRAINING).then_some(seen));
    }
}

/// Looks every `interval` whether the table and the queue answer. Reads only.
pub async fn keep_looking(app: Arc<App>, interval: Duration) {
    loop {
        let looked = tokio::try_join!(app.aws.table.reachable(), app.aws.queue.depth());
        match &looked {
            Ok(((), depth)) => metrics().queue_depth(depth.visible, depth.in_flight, depth.delayed),
            Err(error) => {
                tracing::warn!(error = %error, "not ready: a service that every request needs does not answer");
            }
        }
        app.readiness.saw(looked.is_ok());
        tokio::time::sleep(interval).await;
    }
}

/// What the health routes answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or why not: `starting`, `unavailable`, `draining`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of the API.
    version: &'static str,
    /// The source revision that it was built from.
    revision: String,
}

impl Health {
    fn of(app: &App, status: &'static str) -> Json<Self> {
        Json(Self { status, version: env!("CARGO_PKG_VERSION"), revision: app.revision.clone() })
    }
}

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "Operation", security(()),
    responses((status = 200, description = "The process is alive", body = Health)))]
pub async fn healthz(State(app): State<Arc<App>>) -> Json<Health> {
    Health::of(&app, "ok")
}

/// Whether the process can serve requests: for load balancers.
#[utoipa::path(get, path = "/readyz", tag = "Operation", security(()), responses(
    (status = 200, description = "Requests can be served", body = Health),
    (status = 503, description = "They cannot, now", body = Health)))]
pub async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let (status, word) = match app.readiness.0.load(Ordering::SeqCst) {
        READY => (StatusCode::OK, "ok"),
        STARTING => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        DRAINING => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (status, Health::of(&app, word))
}
