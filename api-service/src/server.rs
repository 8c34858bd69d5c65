//! Serves HTTP/1.1 within limits that a slow or silent client cannot exceed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use service_runtime::{
    config::{Presence, Reader},
    settings,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

settings! {
    /// The settings of the server.
    SERVER_SETTINGS:
    BIND = "DOSSIER_BIND", Presence::Default("0.0.0.0:8080"), "address and port to listen on";
    CONNECTIONS = "DOSSIER_API_CONNECTIONS", Presence::Default("12000"),
        "maximum open connections of one API task, 1 to 1000000; further ones wait in the backlog. The limit on open files must allow for them";
    IDLE_SECONDS = "DOSSIER_API_IDLE_SECONDS", Presence::Default("75"),
        "seconds within which the head of a request must arrive on an open connection, also between two requests, 1 to 3600; set it above the idle time-out of the load balancer (60 by default), which otherwise sends requests on connections that are being closed";
    DRAIN_SECONDS = "DOSSIER_API_DRAIN_SECONDS", Presence::Default("20"),
        "seconds that open requests have to finish when the API stops, 0 to 300";
    DRAIN_NOTICE_SECONDS = "DOSSIER_API_DRAIN_NOTICE_SECONDS", Presence::Default("5"),
        "seconds after SIGTERM during which /readyz reports 503 while requests are still accepted, so that the load balancer stops sending them first, 0 to 120";
}

/// Maximum size of a request's head, and of the read buffer, in bytes.
const BUFFER_MAX: usize = 64 * 1024;
/// The pause after a failed accept that is not the client's fault, such as a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The settings of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerSettings {
    /// The address to listen on.
    pub(crate) bind: SocketAddr,
    /// Maximum open connections; further ones wait in the listener's backlog.
    connections: usize,
    /// Maximum time for the head of a request to arrive, counted from the start of the connection or from the
    /// previous response.
    idle: Duration,
    /// The time that open requests have to finish when the server stops.
    drain: Duration,
    /// The time for which requests are still accepted after the signal to stop.
    pub(crate) drain_notice: Duration,
}

impl ServerSettings {
    /// Reads the settings. Returns `None` if any is invalid, which `reader` then records.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let bind = reader.parse(&BIND);
        let connections = reader.number(&CONNECTIONS, 1, 1_000_000);
        let idle = reader.seconds(&IDLE_SECONDS, 1, 3600);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 300);
        let drain_notice = reader.seconds(&DRAIN_NOTICE_SECONDS, 0, 120);
        Some(Self {
            bind: bind?,
            connections: usize::try_from(connections?).ok()?,
            idle: idle?,
            drain: drain?,
            drain_notice: drain_notice?,
        })
    }
}

/// Serves `router` on `listener` until `stop` is cancelled, then gives open requests the drain time to finish
/// and closes the remaining connections.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    settings: ServerSettings,
) {
    let ServerSettings { connections, idle, drain, .. } = settings;
    let open = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    let abort = CancellationToken::new();
    while let Some((stream, permit)) = accept(&listener, &open, &stop).await {
        // Responses are small: waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(idle).max_buf_size(BUFFER_MAX);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        let abort = abort.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = abort.cancelled() => {}
                // Errors need no handling: the client is gone or has its response.
                _ = connection => {}
            }
            drop(permit);
        });
    }
    drop(listener);
    if timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that were still open after the drain time are aborted");
        abort.cancel();
    }
}

/// Returns the next connection and its permit. Returns `None` once `stop` is cancelled.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
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
                    sleep(ACCEPT_RETRY).await;
                }
                (_, Err(_)) => return None,
            },
        }
    }
}
