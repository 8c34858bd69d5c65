//! Writes that go on when their request ends early.
//!
//! A client can disconnect at any moment, and the request time-out can pass; the request is then dropped
//! where it waits. What belongs together, from the first write to the message and the audit line, therefore
//! runs as a task of its own.

use std::{future::Future, panic::resume_unwind, time::Duration};

use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The writes in progress. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes(TaskTracker);

impl Writes {
    /// Runs `write` to its end and returns its result, even if the returned future is dropped before. The
    /// task drops `held` when it ends: the places in the limits that the write keeps taking.
    ///
    /// # Panics
    /// Panics if `write` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        held: impl Send + 'static,
        write: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let task = async move {
            let result = write.await;
            drop(held);
            result
        };
        match self.0.spawn(task.in_current_span()).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // Nothing aborts these tasks: the runtime is shutting down, and this future ends with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until all writes have ended, at most for `limit`. Returns whether they have.
    pub(crate) async fn finish(&self, limit: Duration) -> bool {
        self.0.close();
        timeout(limit, self.0.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use futures::FutureExt as _;
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_write_ends_although_its_request_is_dropped_at_any_await() {
        const STEPS: u32 = 5;
        for dropped_at in 0..STEPS {
            let (writes, done, go) =
                (Writes::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
            let held = Arc::new(());
            let write = {
                let (done, go) = (Arc::clone(&done), Arc::clone(&go));
                async move {
                    for _ in 0..STEPS {
                        go.notified().await;
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                }
            };
            let mut request = Box::pin(writes.run(Arc::clone(&held), write));
            assert!(request.as_mut().now_or_never().is_none());
            for step in 1..=dropped_at {
                go.notify_one();
                while done.load(Ordering::SeqCst) < step {
                    tokio::task::yield_now().await;
                }
            }
            drop(request);
            assert_eq!(Arc::strong_count(&held), 2, "the write keeps its places");
            for step in dropped_at + 1..=STEPS {
                go.notify_one();
                while done.load(Ordering::SeqCst) < step {
                    tokio::task::yield_now().await;
                }
            }
            assert!(writes.finish(Duration::from_secs(60)).await);
            assert_eq!((done.load(Ordering::SeqCst), Arc::strong_count(&held)), (STEPS, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_shutdown_waits_for_writes_and_says_when_they_take_too_long() {
        let writes = Writes::default();
        let write = async { tokio::time::sleep(Duration::from_secs(5)).await };
        let _ = Box::pin(writes.run((), write)).now_or_never();
        assert!(!writes.finish(Duration::from_secs(4)).await);
        assert!(writes.finish(Duration::from_secs(2)).await);
    }
}
