//! Whether this worker is alive, told to who asks on this machine: containers are replaced when it is not.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::time::UtcTime;
use serde::Serialize;
use service_runtime::clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Longest that one receive may take before the worker counts as stuck: longer than all the time-outs of a long poll together.
pub const STUCK_AFTER: Duration = Duration::from_secs(120);

/// How long who asks may take to ask.
const PATIENCE: Duration = Duration::from_secs(2);

/// The liveness of a worker: its consumer keeps it, who asks reads it.
#[derive(Debug, Default)]
pub struct Liveness {
    ready: AtomicBool,
    /// Since when a receive is under way, epoch milliseconds; zero while none is.
    receiving_since: AtomicI64,
}

impl Liveness {
    /// The lists are loaded: work is taken from now on.
    pub fn ready(&self) {
        self.ready.store(true, Ordering::SeqCst);
    }

    /// A receive began. Waiting for a free slot is no sign of anything: a report may take its time.
    pub fn receiving(&self, now: UtcTime) {
        self.receiving_since.store(now.epoch_millis(), Ordering::SeqCst);
    }

    /// It ended, well or not: SQS that does not answer is no reason to replace the worker.
    pub fn received(&self) {
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

#[derive(Debug, Serialize)]
struct Health<'a> {
    status: State,
    version: &'static str,
    revision: &'a str,
}

/// Answers `/healthz`, and every other path, at `bind` until `stop`: 200 while the worker is alive, 503 before it is ready
/// and once it is stuck.
///
/// # Errors
/// When the address cannot be bound.
pub async fn answer(
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
                // No file descriptors are left, say.
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let status = liveness.state(clock.now());
            let health = Health { status, version: env!("CARGO_PKG_VERSION"), revision: &revision };
            let body = serde_json::to_string(&health).unwrap_or_default();
            let line = if status == State::Ok { "200 OK" } else { "503 Service Unavailable" };
            let answer = format!(
                "HTTP/1.1 {line}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = timeout(PATIENCE, say(stream, answer)).await;
        }
    })
}

async fn say(mut stream: TcpStream, answer: String) -> io::Result<()> {
    // What is asked does not matter, but a connection that is closed on unread bytes loses the answer.
    let mut request = [0; 1024];
    let _ = stream.read(&mut request).await?;
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
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
    async fn who_asks_on_this_machine_hears_it() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (liveness, stop) = (Arc::new(Liveness::default()), CancellationToken::new());
        let answering = answer(port, Arc::clone(&liveness), Clock::system(), "abc".to_owned(), stop.clone());
        let answering = tokio::spawn(answering.await.unwrap());
        let unhealthy = probe(port, ALIVE).await.unwrap_err().to_string();
        assert!(unhealthy.contains("does not answer /healthz with 200"), "{unhealthy}");
        liveness.ready();
        probe(port, ALIVE).await.unwrap();
        stop.cancel();
        answering.await.unwrap();
        assert!(probe(port, ALIVE).await.unwrap_err().to_string().contains("nothing answers at"));
    }
}
