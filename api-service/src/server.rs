//! Serves HTTP/1.1 with bounds that a slow or silent client cannot stretch.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Bytes of a request's head and of what is read ahead.
const BUFFER_MAX: usize = 64 * 1024;
/// After an error that is not the client's, such as no file descriptors being left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How many connections there may be, and how long they are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Open at a time; more wait in the listener's backlog.
    pub connections: usize,
    /// How long the head of a request may take, from the connection or the answer before it on.
    pub idle: Duration,
    /// What open requests get when the server stops.
    pub drain: Duration,
}

/// Serves `router` on `listener` until `stop`, within `bounds`; what is open after the drain is cut off.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, bounds: Bounds) {
    let Bounds { connections, idle, drain } = bounds;
    let open = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    let cut_off = CancellationToken::new();
    while let Some((stream, permit)) = next(&listener, &open, &stop).await {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(idle).max_buf_size(BUFFER_MAX);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        let cut_off = cut_off.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = cut_off.cancelled() => {}
                // Whatever ended it, the client is gone or was answered.
                _ = connection => {}
            }
            drop(permit);
        });
    }
    drop(listener);
    if timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that were still open after the drain time are cut off");
        cut_off.cancel();
    }
}

async fn next(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    loop {
        let accepted = async {
            let permit = Arc::clone(open).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            (stream, permit) = accepted => match (stream, permit) {
                (Ok((stream, _)), Ok(permit)) => return Some((stream, permit)),
                (Err(error), _) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    sleep(ACCEPT_AGAIN).await;
                }
                (_, Err(_)) => return None,
            },
        }
    }
}
