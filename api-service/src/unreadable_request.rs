//! Answers to requests that are not HTTP, or whose head is too large, in the form of all other errors.
//!
//! hyper answers them itself, without a body, and closes the connection. The stream of a connection replaces
//! that answer on its way out, and reads for a moment what the client still sends, so that the client can read
//! the answer before the connection is closed.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::http::{StatusCode, header};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::problem::{Kind, Problem};

/// Maximum time and number of bytes for which an unreadable request is read after its answer.
const LINGER_TIME: Duration = Duration::from_secs(2);
const LINGER_MAX: usize = 4 * 1024 * 1024;

/// A header that all responses of the router have, and those of hyper itself have not.
const OF_ROUTER: &str = "x-content-type-options";

/// A connection on which hyper's own answers are replaced.
pub(crate) struct AnsweringStream<S> {
    stream: S,
    /// The answer, as far as it is not sent yet.
    answer: Vec<u8>,
    linger: Option<Linger>,
}

struct Linger {
    end: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AnsweringStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, answer: Vec::new(), linger: None }
    }

    /// Takes over `written` if it is an answer of hyper itself. Returns whether it is.
    fn replaces(&mut self, written: &[u8]) -> bool {
        let Some(answer) = answer_to(written) else { return false };
        self.answer = answer;
        self.linger = Some(Linger { end: Box::pin(sleep(LINGER_TIME)), bytes_left: LINGER_MAX });
        true
    }

    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.answer.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.answer))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.answer.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what the client still sends, until it stops or too much time or data has passed.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(linger) = &mut self.linger else { return Poll::Ready(()) };
        let mut bytes = [0; 8192];
        loop {
            if linger.end.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            let length = buffer.filled().len();
            linger.bytes_left = linger.bytes_left.saturating_sub(length);
            if read.is_err() || length == 0 || linger.bytes_left == 0 {
                return Poll::Ready(());
            }
        }
    }
}

/// Returns the answer to send in place of `written`, if that is an answer of hyper itself.
fn answer_to(written: &[u8]) -> Option<Vec<u8>> {
    if !written.starts_with(b"HTTP/1.1 4") && !written.starts_with(b"HTTP/1.0 4") {
        return None;
    }
    let head = std::str::from_utf8(written).ok()?;
    // The body of a response may look like this; only the start of its head counts.
    if !head.ends_with("\r\n\r\n") || head.contains(OF_ROUTER) {
        return None;
    }
    let status: StatusCode = head.get(9..12)?.parse().ok()?;
    let (kind, detail) = match status {
        StatusCode::BAD_REQUEST => (
            Kind::MalformedRequest,
            "the request is not valid HTTP/1.1: check its request line and headers for invalid characters",
        ),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            Kind::HeadersTooLarge,
            "the address and the headers of the request are too long, or too many: send fewer",
        ),
        _ => return None,
    };
    let body = serde_json::to_string(&Problem::new(kind, detail).body()).ok()?;
    let head = [
        format!("HTTP/1.1 {status}"),
        format!("{}: application/problem+json", header::CONTENT_TYPE),
        format!("{}: {}", header::CONTENT_LENGTH, body.len()),
        format!("{}: close", header::CONNECTION),
        format!("{}: no-store", header::CACHE_CONTROL),
        format!("{OF_ROUTER}: nosniff"),
    ];
    Some(format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for AnsweringStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for AnsweringStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(first) = slices.first().filter(|first| this.replaces(first)) {
            return Poll::Ready(Ok(first.len()));
        }
        Pin::new(&mut this.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_answer(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_answer(context))?;
        ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        ready!(this.poll_linger(context));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_of_hyper_itself_are_replaced() {
        for (status, code) in [
            ("400 Bad Request", "malformed_request"),
            ("431 Request Header Fields Too Large", "headers_too_large"),
        ] {
            let own = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let answer = String::from_utf8(answer_to(own.as_bytes()).unwrap()).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            assert!(body.contains(&format!("\"code\":\"{code}\"")), "{body}");
        }
        for other in [
            "HTTP/1.1 400 Bad Request\r\nx-content-type-options: nosniff\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
            "{\"a\": 1}",
            "",
        ] {
            assert!(answer_to(other.as_bytes()).is_none(), "{other}");
        }
    }
}
