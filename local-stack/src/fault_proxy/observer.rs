//! Observation of the exchanges that pass the fault proxy.

use std::fmt;
use std::sync::Arc;

use axum::http::StatusCode;

/// An exchange that the service behind the proxy carried out.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// Service and operation, such as `S3.PutObject`.
    pub operation: &'a str,
    /// Body of the request.
    pub request: &'a [u8],
    /// Body of the service's answer, as the service sent it.
    pub answer: &'a [u8],
    /// Status of the service's answer.
    pub status: StatusCode,
    /// Whether the proxy loses or spoils that answer on its way back.
    pub lost: bool,
}

/// A function that sees every exchange that was carried out, before its answer goes back. It must not block.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Exchange<'_>) + Send + Sync>);

impl Observer {
    /// Returns an observer that calls `observe` for every exchange.
    pub fn new(observe: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    pub(super) fn observe(&self, exchange: &Exchange<'_>) {
        (self.0)(exchange);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}
