//! The HTTP server that all stand-ins and the embedded AWS use. It serves a listener that the caller bound,
//! until a token is cancelled or the server is dropped.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Time that a request in flight may still take after the server is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// A running server. Dropping it asks the server to stop without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopping: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves `app` on `listener` until `stopping` is cancelled. There is no idle timeout and no limit on
    /// connections.
    ///
    /// # Errors
    /// Returns an error if the listener has no local address.
    pub fn start(listener: TcpListener, stopping: CancellationToken, app: Router) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("the listener of a local server has no address")?;
        let app = app.layer(middleware::from_fn_with_state(stopping.clone(), abort_when_stopping));
        // Exchanges are small: without TCP_NODELAY each one waits for a delayed acknowledgement.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        let serving = axum::serve(listener, app).with_graceful_shutdown(stopping.clone().cancelled_owned());
        Ok(Self { address, stopping, task: tokio::spawn(async move { serving.await }) })
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns `http://address:port`, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the token that stops the server when it is cancelled.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Stops accepting, gives requests in flight one second, and returns when the last connection is closed.
    ///
    /// # Errors
    /// Returns an error if the server panicked or ended with an error, even if that happened before this
    /// call.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stopping.cancel();
        let address = self.address;
        (&mut self.task)
            .await
            .with_context(|| format!("the server on {address} panicked"))?
            .with_context(|| format!("the server on {address} ended with an error"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Answers a request with 503 if it is still in flight [`STOP_GRACE`] after the server is asked to stop.
/// Graceful shutdown waits for every request; without this limit, a long poll or a latency fault would delay
/// it for its whole duration.
async fn abort_when_stopping(
    State(stopping): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        () = async { stopping.cancelled().await; tokio::time::sleep(STOP_GRACE).await } => {
            (StatusCode::SERVICE_UNAVAILABLE, "the local server is stopping").into_response()
        }
    }
}
