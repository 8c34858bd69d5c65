//! The port of the API on 127.0.0.1: seen to be free before anything is started, so that a taken one costs no time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use api_service::startup::BuildError;
use thiserror::Error;
use tokio::net::TcpListener;

/// The API cannot listen where it was told to.
#[derive(Debug, Error)]
pub enum PortUnavailable {
    /// Somebody else listens there.
    #[error(
        "port {0} is taken: another program listens on 127.0.0.1:{0}. Stop it, or choose another port with --port N \
         (--port 0 takes any free one)"
    )]
    Taken(u16),
    /// The system refuses.
    #[error(
        "cannot listen on 127.0.0.1:{0}: {1}. Choose another port with --port N (--port 0 takes any free one)"
    )]
    Refused(u16, io::Error),
}

impl PortUnavailable {
    fn new(port: u16, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::Taken(port),
            _ => Self::Refused(port, error),
        }
    }
}

/// An address that stays free until it is used: below the ports that the system gives to connections (from 32768 on in Linux,
/// from 49152 on by RFC 6335), and by chance, so that stacks that start at the same time do not choose the same.
async fn free() -> SocketAddr {
    loop {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(20_000..32_000)));
        if TcpListener::bind(address).await.is_ok() {
            return address;
        }
    }
}

/// The address for `port`, which nobody listens on. Port 0 stays 0 unless `choose` asks for a free one.
pub(super) async fn check(port: u16, choose: bool) -> Result<SocketAddr, PortUnavailable> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if port == 0 && !choose {
        return Ok(address);
    }
    if port == 0 {
        return Ok(free().await);
    }
    let listener = TcpListener::bind(address).await.map_err(|error| PortUnavailable::new(port, error))?;
    listener.local_addr().map_err(|error| PortUnavailable::new(port, error))
}

/// What the API says of its address is in words for deployments; here it is an option of the command line.
pub(super) fn from_build_error(error: BuildError) -> anyhow::Error {
    match error {
        BuildError::Bind { address, error } => PortUnavailable::new(address.port(), error).into(),
        other @ (BuildError::Aws(_) | BuildError::Http(_)) => other.into(),
    }
}
