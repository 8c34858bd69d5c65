//! One loopback HTTP server: started on a listener the caller bound, stopped by a token or by being dropped.
//! All stand-ins and the embedded AWS share it.

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

/// How long a request that is being answered may still take once the server is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// A running server. Dropping it asks the server to stop without waiting for it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopping: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves `app` on `listener` until `stopping` is cancelled. There is no idle time-out and no limit of connections.
    ///
    /// # Errors
    /// When the listener has no local address any more.
    pub fn start(listener: TcpListener, stopping: CancellationToken, app: Router) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("the listener given to a local server has no address")?;
        let app = app.layer(middleware::from_fn_with_state(stopping.clone(), end_with_the_server));
        // Small answers follow small requests here: without this every exchange waits for a delayed acknowledgement.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        let serving = axum::serve(listener, app).with_graceful_shutdown(stopping.clone().cancelled_owned());
        Ok(Self { address, stopping, task: tokio::spawn(async move { serving.await }) })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address:port`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cancelling this token stops the server.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Stops accepting, gives requests in flight one second, and returns when the last connection is closed.
    ///
    /// # Errors
    /// When the server had ended with an error before.
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

/// Graceful shutdown waits for every request; a long poll or a latency fault would hold it up for as long as it lasts.
async fn end_with_the_server(
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
