//! Reads bodies within a budget of memory that all requests share.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::problem::{Kind, Problem};

/// How long a request waits for other bodies to leave memory.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The memory for bodies, in bytes of body. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct BodyMemory(Arc<Semaphore>);

/// The memory of one body. The body's values and what is made of them count as long as this exists.
#[derive(Debug)]
pub(crate) struct HeldMemory(OwnedSemaphorePermit);

impl BodyMemory {
    /// Creates a budget for bodies of `bytes` in total.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Reads a body of at most `max` bytes. A body of unknown length counts as one of `max` bytes until it is
    /// complete. Nothing is read, and a client that sent `Expect: 100-continue` is not told to continue,
    /// before there is room for the body.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the body is too large or incomplete, or if other requests
    /// keep the memory for too long.
    pub(super) async fn read(&self, mut body: Body, max: usize) -> Result<(Vec<u8>, HeldMemory), Problem> {
        let too_large = || {
            let detail = format!("the body has more than the allowed {max} bytes: send a smaller one");
            Problem::new(Kind::BodyTooLarge, detail)
        };
        let declared = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if declared.is_some_and(|length| length > max) {
            return Err(too_large());
        }
        let mut held = self.hold(declared.unwrap_or(max)).await?;
        let mut bytes = Vec::with_capacity(declared.unwrap_or_default());
        while let Some(frame) = body.frame().await {
            let incomplete = |_| {
                let detail = "the connection ended before the body was complete: send the request again";
                Problem::new(Kind::MalformedJson, detail)
            };
            let Ok(chunk) = frame.map_err(incomplete)?.into_data() else { continue };
            if bytes.len() + chunk.len() > max {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        held.shrink_to(bytes.len());
        Ok((bytes, held))
    }

    async fn hold(&self, bytes: usize) -> Result<HeldMemory, Problem> {
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        match timeout(WAIT_MAX, Arc::clone(&self.0).acquire_many_owned(permits)).await {
            Ok(Ok(permit)) => Ok(HeldMemory(permit)),
            Ok(Err(_)) | Err(_) => {
                let detail = "the service is reading as many bodies as its memory allows: retry after the time in \
                    Retry-After";
                Err(Problem::new(Kind::Overloaded, detail).retry_after(Duration::from_secs(1)))
            }
        }
    }
}

impl HeldMemory {
    fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.0.num_permits().saturating_sub(bytes);
        drop(self.0.split(surplus));
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn chunked(bytes: usize) -> Body {
        let chunks =
            vec![Ok::<_, std::convert::Infallible>(vec![b' '; bytes / 2]), Ok(vec![b' '; bytes / 2])];
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_room_and_keep_only_what_they_use() {
        let memory = BodyMemory::new(100);
        let (bytes, first) = memory.read(chunked(40), 60).await.unwrap();
        assert_eq!((bytes.len(), memory.0.available_permits()), (40, 60));
        let (_, second) = memory.read(Body::from(vec![b' '; 60]), 60).await.unwrap();
        let refused = memory.read(Body::from("{}"), 60).await.unwrap_err();
        assert!(format!("{refused:?}").contains("Overloaded"), "{refused:?}");
        let waiting = memory.read(Body::from("{}"), 60);
        let free = async {
            tokio::time::sleep(WAIT_MAX / 2).await;
            drop(first);
        };
        assert!(tokio::join!(waiting, free).0.is_ok());
        drop(second);
        assert_eq!(memory.0.available_permits(), 100);
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused_and_leaves_nothing_held() {
        let memory = BodyMemory::new(100);
        for body in [Body::from(vec![0; 61]), chunked(62)] {
            let refused = memory.read(body, 60).await.unwrap_err();
            assert!(format!("{refused:?}").contains("BodyTooLarge"), "{refused:?}");
        }
        assert_eq!(memory.0.available_permits(), 100);
    }
}
