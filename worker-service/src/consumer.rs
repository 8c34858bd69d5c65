//! Receives only what a free slot can start.

use std::{sync::Arc, time::Duration};

use shared::aws::queue::{Delivery, RECEIVE_MAX};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{job::Jobs, lease::GRACE, retry::full_jitter};

/// Longest wait of one receive ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(20);

/// Receives messages and runs a job for each until `stop`, at most `slots` at a time. The jobs are
/// tracked by `running`, and may go on after this returns.
pub async fn consume(jobs: Arc<Jobs>, slots: usize, stop: CancellationToken, running: TaskTracker) {
    let free = Arc::new(Semaphore::new(slots));
    let mut failures = 0;
    while let Some(mut permits) = slots_to_fill(&free, &stop).await {
        let visibility = jobs.policy.lease + GRACE;
        let received = tokio::select! {
            // A message on its way at this moment comes back when its visibility ends.
            () = stop.cancelled() => break,
            received = jobs.aws.queue.receive(permits.len(), LONG_POLL, visibility) => received,
        };
        match received {
            Ok(deliveries) => {
                failures = 0;
                for delivery in deliveries {
                    start(&jobs, delivery, permits.pop(), &running);
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "no messages can be received");
                let wait = full_jitter(failures, Duration::from_millis(500), Duration::from_secs(30));
                failures = failures.saturating_add(1);
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = sleep(wait) => {}
                }
            }
        }
    }
}

/// Waits for a free slot and takes as many as one receive can fill; none once stopped.
async fn slots_to_fill(free: &Arc<Semaphore>, stop: &CancellationToken) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        permit = Arc::clone(free).acquire_owned() => permit.ok()?,
    };
    let more = std::iter::from_fn(|| Arc::clone(free).try_acquire_owned().ok());
    Some(std::iter::once(first).chain(more.take(RECEIVE_MAX - 1)).collect())
}

fn start(jobs: &Arc<Jobs>, delivery: Delivery, permit: Option<OwnedSemaphorePermit>, running: &TaskTracker) {
    let jobs = Arc::clone(jobs);
    running.spawn(async move {
        jobs.run(delivery).await;
        drop(permit);
    });
}
