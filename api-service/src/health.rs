//! Liveness and readiness. Readiness is looked up in the background, so that asking is free.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
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
        let looked = tokio::try_join!(app.aws.table.reachable(), app.aws.queue.reachable());
        if let Err(error) = &looked {
            tracing::warn!(error = %error, "not ready: a service that every request needs does not answer");
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
    revision: &'static str,
}

impl Health {
    fn new(status: &'static str) -> Self {
        let revision = option_env!("DOSSIER_REVISION").unwrap_or("unknown");
        Self { status, version: env!("CARGO_PKG_VERSION"), revision }
    }
}

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "Operation", security(()),
    responses((status = 200, description = "The process is alive", body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health::new("ok"))
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
    (status, Json(Health::new(word)))
}

/// Why the API on this machine is not known to be alive.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// It does not answer.
    #[error("the API does not answer on port {0}: {1}")]
    NoAnswer(u16, std::io::Error),
    /// It answers something else than 200.
    #[error("the API on port {0} does not answer /healthz with 200")]
    Unhealthy(u16),
}

/// Asks the API that listens at `bind` on this machine whether it is alive, for containers whose
/// image holds no other program to ask with.
///
/// # Errors
/// [`ProbeError`] when it is not known to be.
pub async fn probe(bind: SocketAddr) -> Result<(), ProbeError> {
    let port = bind.port();
    let address = if bind.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], port)) } else { bind };
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = timeout(Duration::from_secs(3), ask).await.unwrap_or_else(|late| Err(late.into()));
    match answer {
        Ok(line) if line.starts_with(b"HTTP/1.1 200") => Ok(()),
        Ok(_) => Err(ProbeError::Unhealthy(port)),
        Err(error) => Err(ProbeError::NoAnswer(port, error)),
    }
}
