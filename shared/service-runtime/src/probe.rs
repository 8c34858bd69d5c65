//! Asking a service on this machine whether it is alive, for containers whose image holds no other program to ask with.

use std::{io, net::SocketAddr, time::Duration};

use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a service is not known to be alive.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// It does not answer.
    #[error("nothing answers at {0}: {1}")]
    NoAnswer(SocketAddr, io::Error),
    /// It answers something else than 200.
    #[error("{0} does not answer {1} with 200")]
    Unhealthy(SocketAddr, &'static str),
}

/// Whether a process is alive.
pub const ALIVE: &str = "/healthz";

/// Whether it can serve requests.
pub const READY: &str = "/readyz";

/// Asks `path` of what listens at `bind` on this machine.
///
/// # Errors
/// [`ProbeError`] when the answer is not 200.
pub async fn probe(bind: SocketAddr, path: &'static str) -> Result<(), ProbeError> {
    let here = if bind.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
    let address = if bind.ip().is_unspecified() { SocketAddr::new(here, bind.port()) } else { bind };
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    match timeout(PATIENCE, ask).await.unwrap_or_else(|late| Err(late.into())) {
        Ok(line) if line.ends_with(b" 200") => Ok(()),
        Ok(_) => Err(ProbeError::Unhealthy(address, path)),
        Err(error) => Err(ProbeError::NoAnswer(address, error)),
    }
}
