//! Serves HTTP/1.1 within limits that a slow or silent client cannot exceed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::Service};
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

use crate::{client_address::Peer, unreadable_request::AnsweringStream};

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

/// Maximum size of a request's head, and of the read buffer, in bytes. Every connection can fill its buffer
/// before its caller is known.
const BUFFER_MAX: usize = 32 * 1024;
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
    while let Some((stream, peer, permit)) = accept(&listener, &open, &stop).await {
        // Responses are small: waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(idle).max_buf_size(BUFFER_MAX);
        let service = WithPeer { inner: TowerToHyperService::new(router.clone()), peer: Peer(peer.ip()) };
        let connection =
            graceful.watch(builder.serve_connection(TokioIo::new(AnsweringStream::new(stream)), service));
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

/// Adds the address of the client to each request of a connection.
#[derive(Clone)]
struct WithPeer {
    inner: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for WithPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.inner.call(request)
    }
}

/// Returns the next connection, the address of its client, and its permit. Returns `None` once `stop` is cancelled.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    loop {
        let accepted = async {
            let permit = Arc::clone(open).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            (stream, permit) = accepted => match (stream, permit) {
                (Ok((stream, peer)), Ok(permit)) => return Some((stream, peer, permit)),
                (Err(error), _) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    sleep(ACCEPT_RETRY).await;
                }
                (_, Err(_)) => return None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use service_runtime::config::Environment;

    use super::*;
    use crate::limits::LimitSettings;

    /// How many times its size a request body takes in memory, at most: its values, its reports and the response
    /// to it. The system tests measure it.
    const BODY_FACTOR: usize = 8;
    /// Memory of the process without requests, and of the collector next to it.
    const BASE: usize = 256 * 1024 * 1024;

    #[test]
    fn heads_and_bodies_fit_the_memory_of_the_deployed_task() {
        let environment = Environment::new();
        let mut reader = Reader::new(&environment);
        let server = ServerSettings::read(&mut reader).unwrap();
        let limits = LimitSettings::read(&mut reader).unwrap();
        let worst = server.connections * BUFFER_MAX + limits.body_bytes * BODY_FACTOR + BASE;
        let deployment = include_str!("../../deploy/tasks.yaml");
        let memory = deployment.lines().find_map(|line| line.trim().strip_prefix("Memory: ")).unwrap();
        let memory = memory.trim_matches('"').parse::<usize>().unwrap() * 1024 * 1024;
        assert!(worst < memory, "{} MiB of {} MiB", worst >> 20, memory >> 20);
    }
}
