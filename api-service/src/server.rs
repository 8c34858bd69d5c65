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

/// How long the head of a request may take, from the connection or the answer before it on.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Bytes of a request's head and of what is read ahead.
const BUFFER_MAX: usize = 64 * 1024;
/// After an error that is not the client's, such as no file descriptors being left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stop`, at most `connections` at a time (more wait in the listener's backlog); then
/// open requests get `drain` to end, and what is left is cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    drain: Duration,
    connections: usize,
) {
    let open = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    let cut_off = CancellationToken::new();
    while let Some((stream, permit)) = next(&listener, &open, &stop).await {
        // Answers are small: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(BUFFER_MAX);
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
