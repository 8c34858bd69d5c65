//! Responses that are complete before the request is: refusals, mostly.
//!
//! If the server closes a connection on which the client still sends, the client's system discards the
//! response before the client has read it (RFC 9112, section 9.6). The rest of the request is therefore read
//! and thrown away for a while, and the connection closed after that.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderValue, Response, header},
    middleware::Next,
};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

/// Maximum size of the rest that is read, in bytes: four times the largest body that any route accepts.
const REST_MAX: usize = 16 * 1024 * 1024;
/// Maximum time to read the rest.
const REST_TIME: Duration = Duration::from_secs(10);
/// Maximum size of a body whose rest is awaited before the response, so that the connection stays open. It
/// has usually arrived together with the head.
const SMALL_MAX: u64 = 64 * 1024;
/// How long such a rest is awaited.
const SMALL_TIME: Duration = Duration::from_millis(50);

/// Passes on a request. If its response comes before the end of its body, reads the rest while the response
/// is sent, and has the connection closed unless the rest comes at once.
pub(crate) async fn read_rest(request: Request, next: Next) -> Response<Body> {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let expects_continue = request
        .headers()
        .get(header::EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let (parts, body) = request.into_parts();
    let is_small = body.size_hint().exact().is_some_and(|length| length <= SMALL_MAX);
    let mut shared = SharedBody::new(body);
    let mut response = next.run(Request::from_parts(parts, Body::new(shared.clone()))).await;
    let Progress { begun, ended } = shared.progress();
    // A client that was never told to continue sends nothing: reading would tell it to.
    let may_read = begun || !expects_continue;
    if ended || (may_read && is_small && timeout(SMALL_TIME, discard(&mut shared)).await.is_ok()) {
        return response;
    }
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    if may_read {
        tokio::spawn(async move { timeout(REST_TIME, discard(&mut shared)).await });
    }
    response
}

/// Reads `body` to its end, at most [`REST_MAX`] bytes of it.
async fn discard(body: &mut SharedBody) {
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > REST_MAX {
            return;
        }
    }
}

/// How far a body has been read.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    begun: bool,
    ended: bool,
}

/// A body that outlives the handler that reads it.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<(Body, Progress)>>);

impl SharedBody {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new((body, Progress::default()))))
    }

    fn lock(&self) -> MutexGuard<'_, (Body, Progress)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> Progress {
        self.lock().1
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut shared = self.lock();
        let (body, progress) = &mut *shared;
        progress.begun = true;
        let frame = ready!(Pin::new(&mut *body).poll_frame(context));
        progress.ended = !matches!(frame, Some(Ok(_))) || body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().0.size_hint()
    }
}
