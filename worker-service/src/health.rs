//! Answers health checks, so that containers whose worker is not alive are replaced.

use std::{
    convert::Infallible,
    future::ready,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::time::UtcTime;
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use service_runtime::{
    clock::Clock,
    config::{ConfigErrors, Environment, Presence, Reader},
    settings,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

settings! {
    /// The setting of the health check.
    HEALTH_SETTINGS:
    HEALTH_BIND = "DOSSIER_HEALTH_BIND", Presence::Optional,
        "address and port on which the worker answers worker-service healthcheck; container images set it";
}

/// Maximum duration of one receive before the worker counts as stuck. It is longer than all timeouts of a
/// long poll together.
const STUCK_AFTER: Duration = Duration::from_secs(120);

/// Maximum duration of one connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause after a connection could not be accepted, for example because no file descriptor was left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Reads the address of the health check. Returns `None` if it is not set, or if `reader` noted an error.
pub(crate) fn read_bind_address(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    reader.parse(&HEALTH_BIND)
}

/// Returns the address on which a worker with the settings in `environment` answers health checks. Its other
/// settings are not read.
///
/// # Errors
/// Returns [`ConfigErrors`] if the setting is not an address.
pub fn bind_address(environment: &Environment) -> Result<Option<SocketAddr>, ConfigErrors> {
    let mut reader = Reader::new(environment);
    let bind = read_bind_address(&mut reader);
    reader.finish(Some(bind))
}

/// The liveness of a worker. The worker and its consumer update it, and the health check reads it.
#[derive(Debug, Default)]
pub struct Liveness {
    ready: AtomicBool,
    /// Start of the receive in progress, in epoch milliseconds; 0 if none is.
    receiving_since: AtomicI64,
}

impl Liveness {
    /// Records that the worker is ready: the sources are prepared, and reports are processed from now on.
    pub(crate) fn ready(&self) {
        self.ready.store(true, Ordering::SeqCst);
    }

    /// Records that a receive has begun at `now`. Waiting for a free slot is not monitored, because a report
    /// may take a long time.
    pub(crate) fn receiving(&self, now: UtcTime) {
        self.receiving_since.store(now.epoch_millis(), Ordering::SeqCst);
    }

    /// Records that the receive has ended, successfully or not. A failed receive does not make the worker
    /// unhealthy, because replacing it does not help if SQS does not respond.
    pub(crate) fn received(&self) {
        self.receiving_since.store(0, Ordering::SeqCst);
    }

    fn state(&self, now: UtcTime) -> State {
        let since = self.receiving_since.load(Ordering::SeqCst);
        if !self.ready.load(Ordering::SeqCst) {
            State::Starting
        } else if since != 0 && now.since(UtcTime::from_epoch_millis(since)) > STUCK_AFTER {
            State::Stuck
        } else {
            State::Ok
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Starting,
    Stuck,
}

/// The body of a health check's response.
#[derive(Debug, Serialize)]
struct Health<'a> {
    status: State,
    version: &'static str,
    revision: &'a str,
}

/// Binds `bind` and returns a future that answers health checks, on every path, until `stop` is cancelled:
/// with 200 while the worker is alive, and with 503 before it is ready and once it is stuck.
///
/// # Errors
/// Returns the [`io::Error`] if the address cannot be bound.
pub async fn serve(
    bind: SocketAddr,
    liveness: Arc<Liveness>,
    clock: Clock,
    revision: String,
    stop: CancellationToken,
) -> io::Result<impl Future<Output = ()>> {
    let listener = TcpListener::bind(bind).await?;
    Ok(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let _ = timeout(CONNECTION_TIMEOUT, answer(stream, &liveness, &clock, &revision)).await;
        }
    })
}

/// Answers one request on `stream` and closes it.
async fn answer(
    stream: TcpStream,
    liveness: &Liveness,
    clock: &Clock,
    revision: &str,
) -> Result<(), hyper::Error> {
    let respond = service_fn(|_| ready(Ok::<_, Infallible>(response(liveness.state(clock.now()), revision))));
    http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), respond).await
}

fn response(status: State, revision: &str) -> Response<String> {
    let health = Health { status, version: env!("CARGO_PKG_VERSION"), revision };
    let mut response = Response::new(serde_json::to_string(&health).unwrap_or_default());
    if status != State::Ok {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use service_runtime::probe::{ALIVE, probe};

    use super::*;

    #[test]
    fn a_worker_is_alive_while_its_receives_end() {
        let (liveness, now) = (Liveness::default(), UtcTime::from_epoch_millis(1_000_000));
        assert_eq!(liveness.state(now), State::Starting);
        liveness.ready();
        assert_eq!(liveness.state(now), State::Ok);
        liveness.receiving(now);
        assert_eq!(liveness.state(now.plus(STUCK_AFTER)), State::Ok);
        assert_eq!(liveness.state(now.plus(STUCK_AFTER + Duration::from_millis(1))), State::Stuck);
        liveness.received();
        assert_eq!(liveness.state(now.plus(STUCK_AFTER * 10)), State::Ok);
    }

    #[tokio::test]
    async fn a_health_check_sees_whether_the_worker_is_alive() {
        let bind = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (liveness, stop) = (Arc::new(Liveness::default()), CancellationToken::new());
        let serving = serve(bind, Arc::clone(&liveness), Clock::system(), "abc".to_owned(), stop.clone());
        let serving = tokio::spawn(serving.await.unwrap());
        let unhealthy = probe(bind, ALIVE).await.unwrap_err().to_string();
        assert!(unhealthy.contains("does not answer /healthz with 200"), "{unhealthy}");
        liveness.ready();
        probe(bind, ALIVE).await.unwrap();
        stop.cancel();
        serving.await.unwrap();
        assert!(probe(bind, ALIVE).await.unwrap_err().to_string().contains("nothing answers at"));
    }

    #[tokio::test]
    async fn a_response_is_json_and_closes_its_connection() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        client.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let liveness = Liveness::default();
        liveness.ready();
        answer(stream, &liveness, &Clock::system(), "abc").await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.contains("content-type: application/json\r\n"), "{text}");
        assert!(text.contains("connection: close\r\n"), "{text}");
        let body: serde_json::Value = serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!((&body["status"], &body["revision"]), (&"ok".into(), &"abc".into()));
    }
}
