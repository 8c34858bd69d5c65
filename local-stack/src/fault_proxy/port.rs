//! A loopback port that can be closed and opened again while the proxy runs. A closed port refuses
//! connections as the port of a host without the service does.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::connection::{Disconnect, DisconnectingStream};
use super::plan::Plan;
use super::rules::TargetService;

/// Maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// Pause after the system could not open the port again.
const REOPEN_PAUSE: Duration = Duration::from_millis(50);

/// The listener of one port. The port is closed while the rules refuse connections to its service.
#[derive(Debug)]
pub(super) struct ServicePort {
    plan: Arc<Plan>,
    replaced: watch::Receiver<u64>,
    /// `None` if the port belongs to no single service. Such a port is never closed.
    service: Option<TargetService>,
    address: SocketAddr,
    /// A socket that is bound and never listens. It keeps the port reserved while the port is closed.
    _reservation: TcpSocket,
    listener: Option<TcpListener>,
    /// Ends the connections that were accepted since the port was opened.
    connections: CancellationToken,
}

impl ServicePort {
    /// Opens a free loopback port.
    ///
    /// # Errors
    /// Returns an error if no port is free.
    pub(super) fn open(plan: Arc<Plan>, service: Option<TargetService>) -> io::Result<Self> {
        let reservation = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = reservation.local_addr()?;
        let listener = bound(address)?.listen(BACKLOG)?;
        let replaced = plan.replacements();
        let connections = CancellationToken::new();
        let listener = Some(listener);
        Ok(Self { plan, replaced, service, address, _reservation: reservation, listener, connections })
    }

    /// Returns the next connection, or `None` if the rules were replaced or the port could not be opened.
    async fn next(&mut self) -> Option<(TcpStream, SocketAddr)> {
        self.replaced.borrow_and_update();
        if self.service.is_some_and(|service| self.plan.refuses(service)) {
            self.listener = None;
            std::mem::take(&mut self.connections).cancel();
            // The port holds the plan, so there is always a sender.
            let _ = self.replaced.changed().await;
            return None;
        }
        let listener = match &mut self.listener {
            Some(listener) => listener,
            closed => match bound(self.address).and_then(|socket| socket.listen(BACKLOG)) {
                Ok(opened) => closed.insert(opened),
                Err(error) => {
                    tracing::error!(%error, address = %self.address, "the fault proxy could not open a port again");
                    tokio::time::sleep(REOPEN_PAUSE).await;
                    return None;
                }
            },
        };
        tokio::select! {
            connection = Listener::accept(listener) => Some(connection),
            _ = self.replaced.changed() => None,
        }
    }
}

impl Connected<IncomingStream<'_, ServicePort>> for Disconnect {
    fn connect_info(stream: IncomingStream<'_, ServicePort>) -> Self {
        stream.io().disconnect()
    }
}

impl Listener for ServicePort {
    type Io = DisconnectingStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DisconnectingStream, SocketAddr) {
        loop {
            if let Some((stream, peer)) = self.next().await {
                return (DisconnectingStream::new(stream, self.connections.child_token()), peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Returns a socket that is bound to `address` and shares the port with the other sockets of the proxy.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
