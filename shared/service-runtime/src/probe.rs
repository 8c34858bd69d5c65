//! A health probe for containers, whose images contain no other program that could send a request.

use std::{
    error::Error as StdError,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use http_body_util::Empty;
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::{net::TcpStream, time::timeout};

/// Timeout of the whole request. Container health checks have their own, longer timeout.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Path of the liveness check: whether the process works.
pub const ALIVE: &str = "/healthz";

/// Path of the readiness check: whether the process can serve requests.
pub const READY: &str = "/readyz";

/// Why a service is not healthy.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The service did not answer.
    #[error("nothing answers at {0}: {1}")]
    NoAnswer(SocketAddr, io::Error),
    /// The service answered with another status than 200.
    #[error("{0} does not answer {1} with 200")]
    Unhealthy(SocketAddr, &'static str),
}

/// Sends GET `path` to the service that listens at `bind` on this host.
///
/// # Errors
/// Returns [`ProbeError`] if there is no answer within three seconds, or its status is not 200.
pub async fn probe(bind: SocketAddr, path: &'static str) -> Result<(), ProbeError> {
    let address = reachable(bind);
    let no_answer = |error| ProbeError::NoAnswer(address, error);
    match timeout(TIMEOUT, status(address, path)).await.map_err(|elapsed| no_answer(elapsed.into()))? {
        Ok(StatusCode::OK) => Ok(()),
        Ok(_) => Err(ProbeError::Unhealthy(address, path)),
        Err(error) => Err(no_answer(io::Error::other(error))),
    }
}

/// Returns the address at which a service that listens at `bind` is reached: loopback for an unspecified
/// address.
fn reachable(bind: SocketAddr) -> SocketAddr {
    match bind {
        SocketAddr::V4(address) if address.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, bind.port()).into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, bind.port()).into(),
        address => address,
    }
}

async fn status(address: SocketAddr, path: &str) -> Result<StatusCode, Box<dyn StdError + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header(HOST, "localhost").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await;
    connection.abort();
    Ok(response?.status())
}
