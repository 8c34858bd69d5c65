//! Connections that a handler can close without sending a byte of an answer, as a network failure does.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A handle that closes one connection. HTTP/1 has one exchange at a time on a connection, so no other
/// exchange is affected.
#[derive(Debug, Clone, Default)]
pub(super) struct Disconnect(Arc<AtomicBool>);

impl Disconnect {
    /// Makes every further read and write of the connection fail. The server drops the connection when it
    /// next reads or writes.
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "closed by the fault proxy"));
        }
        Ok(())
    }
}

/// A listener whose connections can be closed by a handler.
#[derive(Debug)]
pub(super) struct DisconnectingListener(pub(super) TcpListener);

impl Listener for DisconnectingListener {
    type Io = DisconnectingStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DisconnectingStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Exchanges are small: without TCP_NODELAY each one waits for a delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        (DisconnectingStream { stream, disconnect: Disconnect::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, DisconnectingListener>> for Disconnect {
    fn connect_info(stream: IncomingStream<'_, DisconnectingListener>) -> Self {
        stream.io().disconnect.clone()
    }
}

/// A connection that a handler can close.
#[derive(Debug)]
pub(super) struct DisconnectingStream {
    stream: TcpStream,
    disconnect: Disconnect,
}

impl AsyncRead for DisconnectingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.disconnect.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for DisconnectingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.disconnect.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
