//! Connections that a handler or a closed port can end without sending another byte, as a network failure
//! does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A handle that closes one connection. HTTP/1 has one exchange at a time on a connection, so no other
/// exchange is affected.
#[derive(Debug, Clone)]
pub(super) struct Disconnect(CancellationToken);

impl Disconnect {
    /// Makes every further read and write of the connection fail, so that the server drops the connection.
    pub(super) fn now(&self) {
        self.0.cancel();
    }
}

/// A connection that ends when its token is cancelled.
#[derive(Debug)]
pub(super) struct DisconnectingStream {
    stream: TcpStream,
    disconnect: CancellationToken,
    disconnected: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl DisconnectingStream {
    pub(super) fn new(stream: TcpStream, disconnect: CancellationToken) -> Self {
        // Exchanges are small: without TCP_NODELAY each one waits for a delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let disconnected = Box::pin(disconnect.clone().cancelled_owned());
        Self { stream, disconnect, disconnected }
    }

    /// Returns a handle that closes the connection.
    pub(super) fn disconnect(&self) -> Disconnect {
        Disconnect(self.disconnect.clone())
    }

    fn closed() -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionReset, "closed by the fault proxy")
    }
}

impl AsyncRead for DisconnectingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A server always has a read pending, so this wakes it when the connection has to end.
        if self.disconnected.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(Self::closed()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for DisconnectingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.disconnect.is_cancelled() {
            return Poll::Ready(Err(Self::closed()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
