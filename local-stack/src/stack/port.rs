//! The API's port on 127.0.0.1. It is checked before anything starts, so that the start fails at once if the
//! port is taken.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use api_service::startup::BuildError;
use thiserror::Error;
use tokio::net::TcpListener;

/// The reason why the API cannot listen on its port.
#[derive(Debug, Error)]
pub(crate) enum PortUnavailable {
    /// Another program listens on the port.
    #[error(
        "port {0} is taken: another program listens on 127.0.0.1:{0}. Stop it, or choose another port with --port N \
         (--port 0 takes any free one)"
    )]
    Taken(u16),
    /// The operating system refuses the port.
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

/// Returns a free address that is likely to stay free until it is used. It lies below the ports that the
/// system gives to outgoing connections (from 32768 on Linux, from 49152 by RFC 6335), and it is random, so
/// that stacks that start at the same time select different ports.
async fn random_free_address() -> SocketAddr {
    loop {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(20_000..32_000)));
        if TcpListener::bind(address).await.is_ok() {
            return address;
        }
    }
}

/// Returns the address with `port`, or an error if no program can listen on it. Port 0 stays 0, unless
/// `choose` asks for a concrete free port.
pub(super) async fn check(port: u16, choose: bool) -> Result<SocketAddr, PortUnavailable> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if port == 0 && !choose {
        return Ok(address);
    }
    if port == 0 {
        return Ok(random_free_address().await);
    }
    let listener = TcpListener::bind(address).await.map_err(|error| PortUnavailable::new(port, error))?;
    listener.local_addr().map_err(|error| PortUnavailable::new(port, error))
}

/// Converts the API's error about its address to one that names the command line option. The API's own error
/// names a setting of deployments.
pub(super) fn from_build_error(error: BuildError) -> anyhow::Error {
    match error {
        BuildError::Bind { address, error } => PortUnavailable::new(address.port(), error).into(),
        other @ (BuildError::Aws(_) | BuildError::Http(_)) => other.into(),
    }
}
