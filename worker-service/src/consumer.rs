//! Receives only what a free slot can start.

use std::{sync::Arc, time::Duration};

use aws_adapters::queue::{Delivery, RECEIVE_MAX};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    concurrency_limit::{ConcurrencyLimit, Slot},
    health::Liveness,
    job::JobRunner,
    lease::VISIBILITY_MARGIN,
    retry::full_jitter,
};

/// Longest wait of one receive ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(20);

/// Receives messages and runs a job for each until `stop`, as many at a time as there are `slots`.
/// The jobs are tracked by `running`, and may go on after this returns.
pub async fn consume(
    jobs: Arc<JobRunner>,
    slots: Arc<ConcurrencyLimit>,
    liveness: &Liveness,
    stop: CancellationToken,
    running: TaskTracker,
) {
    let mut failures = 0;
    loop {
        let mut free = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            free = slots.take(RECEIVE_MAX) => free,
        };
        let visibility = jobs.policy.lease + VISIBILITY_MARGIN;
        liveness.receiving(jobs.clock.now());
        let received = tokio::select! {
            // A message on its way at this moment comes back when its visibility ends.
            () = stop.cancelled() => {
                liveness.received();
                return;
            }
            received = jobs.aws.queue.receive(free.len(), LONG_POLL, visibility) => received,
        };
        liveness.received();
        match received {
            Ok(deliveries) => {
                failures = 0;
                for delivery in deliveries {
                    start(&jobs, delivery, free.pop(), &running);
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "no messages can be received");
                let wait = full_jitter(failures, Duration::from_millis(500), Duration::from_secs(30));
                failures = failures.saturating_add(1);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep(wait) => {}
                }
            }
        }
    }
}

fn start(jobs: &Arc<JobRunner>, delivery: Delivery, slot: Option<Slot>, running: &TaskTracker) {
    let jobs = Arc::clone(jobs);
    running.spawn(async move {
        jobs.run(delivery).await;
        drop(slot);
    });
}
