//! The limit on concurrent requests of this process.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{Response, request::Parts},
    middleware::Next,
    response::IntoResponse,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Kind, Problem};

/// The limit on requests in flight. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct InFlightLimit(Arc<Semaphore>);

impl InFlightLimit {
    /// Creates a limit of `requests` concurrent requests.
    pub(crate) fn new(requests: usize) -> Self {
        Self(Arc::new(Semaphore::new(requests)))
    }
}

/// The place of one request in the limit. It is free again once all clones are dropped, so work that goes on
/// after its request has ended keeps a clone.
#[derive(Clone, Debug)]
pub(crate) struct InFlightPlace {
    limit: InFlightLimit,
    permit: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl InFlightPlace {
    /// Waits for `idle` without taking a place in the limit, then for a place, and returns the result.
    pub(crate) async fn without_place<T>(&self, idle: impl Future<Output = T>) -> T {
        self.set(None);
        let result = idle.await;
        // The semaphore is never closed, so a permit always comes.
        self.set(Arc::clone(&self.limit.0).acquire_owned().await.ok());
        result
    }

    fn set(&self, permit: Option<OwnedSemaphorePermit>) {
        *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }
}

impl<S: Send + Sync> FromRequestParts<S> for InFlightPlace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Every route but the health checks lies within `shed_load`.
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("the request has no place"))
    }
}

/// Rejects requests beyond the limit at once, because an immediate error is better than an answer that comes
/// too late. Health checks do not count. A request that waits for a change of a report gives up its place
/// meanwhile, but only after its caller is authenticated.
pub(crate) async fn shed_load(
    State(limit): State<InFlightLimit>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let Ok(permit) = Arc::clone(&limit.0).try_acquire_owned() else {
        let detail =
            "the service is processing as many requests as it can: retry after the time in Retry-After";
        return Problem::new(Kind::Overloaded, detail).retry_after(Duration::from_secs(1)).into_response();
    };
    let place = InFlightPlace { limit, permit: Arc::new(Mutex::new(Some(permit))) };
    request.extensions_mut().insert(place.clone());
    let response = next.run(request).await;
    drop(place);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_free_while_its_request_is_idle_and_after_its_last_clone() {
        let limit = InFlightLimit::new(1);
        let permit = Arc::clone(&limit.0).try_acquire_owned().ok();
        let place = InFlightPlace { limit: limit.clone(), permit: Arc::new(Mutex::new(permit)) };
        let work = place.clone();
        drop(place);
        assert_eq!(limit.0.available_permits(), 0, "a clone keeps the place");
        let free = work.without_place(async { limit.0.available_permits() }).await;
        assert_eq!((free, limit.0.available_permits()), (1, 0));
        drop(work);
        assert_eq!(limit.0.available_permits(), 1);
    }
}
