//! Liveness and readiness. A background task determines readiness, so a health check calls no other service.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use aws_adapters::{keys::Keys, queue::Queue, table::Table};
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
use telemetry::metrics::metrics;
use utoipa::ToSchema;

settings! {
    /// The settings of the readiness check.
    HEALTH_SETTINGS:
    READINESS_SECONDS = "DOSSIER_READINESS_SECONDS", Presence::Default("10"),
        "seconds between two checks of the tables and the queue for /readyz, 1 to 300";
}

/// Reads the time between two readiness checks. Returns `None` if it is invalid, which `reader` then records.
pub(crate) fn readiness_interval(reader: &mut Reader<'_>) -> Option<Duration> {
    reader.seconds(&READINESS_SECONDS, 1, 300)
}

const STARTING: u8 = 0;
const READY: u8 = 1;
const UNREADY: u8 = 2;
const DRAINING: u8 = 3;

/// Whether the service can process requests, as of the last check.
#[derive(Debug)]
pub(crate) struct Readiness {
    state: AtomicU8,
    table: Table,
    keys: Keys,
    queue: Queue,
    revision: String,
}

impl Readiness {
    /// Creates the readiness of a service that was built from the source `revision`.
    pub(crate) fn new(table: Table, keys: Keys, queue: Queue, revision: String) -> Self {
        Self { state: AtomicU8::new(STARTING), table, keys, queue, revision }
    }

    /// Checks every `interval` whether the tables and the queue answer. Only reads from them.
    pub(crate) async fn run(&self, interval: Duration) {
        loop {
            let checked = tokio::try_join!(self.table.reachable(), self.keys.reachable(), self.queue.depth());
            match &checked {
                Ok(((), (), depth)) => metrics().queue_depth(depth.visible, depth.in_flight, depth.delayed),
                Err(error) => {
                    tracing::warn!(error = %error, "not ready: a service that every request needs does not answer");
                }
            }
            self.record(checked.is_ok());
            tokio::time::sleep(interval).await;
        }
    }

    /// Marks the service as not ready for the rest of its life, whatever later checks find.
    pub(crate) fn drain(&self) {
        self.state.store(DRAINING, Ordering::SeqCst);
    }

    fn record(&self, ready: bool) {
        let state = if ready { READY } else { UNREADY };
        // A check that was in progress when the drain began must not undo it.
        let _ = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| (now != DRAINING).then_some(state));
    }

    fn health(&self, status: &'static str) -> Json<Health> {
        Json(Health { status, version: env!("CARGO_PKG_VERSION"), revision: self.revision.clone() })
    }
}

/// The health of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or the reason why not: `starting`, `unavailable` or `draining`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of the API.
    version: &'static str,
    /// The source revision that the service was built from.
    revision: String,
}

/// Returns whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "Operation", security(()),
    responses((status = 200, description = "The process is alive", body = Health)))]
pub(crate) async fn healthz(State(readiness): State<Arc<Readiness>>) -> Json<Health> {
    readiness.health("ok")
}

/// Returns whether the process can process requests, for load balancers.
#[utoipa::path(get, path = "/readyz", tag = "Operation", security(()), responses(
    (status = 200, description = "The service can process requests", body = Health),
    (status = 503, description = "The service cannot process requests now", body = Health)))]
pub(crate) async fn readyz(State(readiness): State<Arc<Readiness>>) -> (StatusCode, Json<Health>) {
    let (status, name) = match readiness.state.load(Ordering::SeqCst) {
        READY => (StatusCode::OK, "ok"),
        STARTING => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        DRAINING => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (status, readiness.health(name))
}
