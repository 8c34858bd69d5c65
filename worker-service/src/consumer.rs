//! Receives messages from the queue of reports, only as many as the worker can start immediately.

use std::{sync::Arc, time::Duration};

use aws_adapters::queue::{Delivery, RECEIVE_MAX};
use service_runtime::retry::full_jitter;
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    concurrency_limit::{ConcurrencyLimit, Slot},
    health::Liveness,
    job::JobRunner,
    lease::VISIBILITY_MARGIN,
};

/// Wait time of one receive, which is the maximum of SQS ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(20);
/// Back-off after a failed receive.
const RETRY_BASE: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Receives messages and runs a job for each of them, within the `concurrency` limit, until `stop` is
/// cancelled. The jobs are tracked by `running` and may continue after this function returns.
pub(crate) async fn consume(
    jobs: Arc<JobRunner>,
    concurrency: Arc<ConcurrencyLimit>,
    liveness: &Liveness,
    stop: CancellationToken,
    running: TaskTracker,
) {
    let mut failures = 0;
    loop {
        let mut slots = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            slots = concurrency.acquire(RECEIVE_MAX) => slots,
        };
        let visibility = jobs.policy.lease + VISIBILITY_MARGIN;
        liveness.receiving(jobs.clock.now());
        let received = tokio::select! {
            // A message that is in transit when the receive is abandoned reappears when its visibility
            // timeout ends.
            () = stop.cancelled() => {
                liveness.received();
                return;
            }
            received = jobs.aws.queue.receive(slots.len(), LONG_POLL, visibility) => received,
        };
        liveness.received();
        match received {
            Ok(deliveries) => {
                failures = 0;
                // The poll was long, so it has asked all servers of SQS.
                if deliveries.is_empty() {
                    jobs.witness.saw_empty_queue(jobs.clock.now());
                } else {
                    jobs.arrivals.send_replace(());
                }
                for delivery in deliveries {
                    start(&jobs, delivery, slots.pop(), &running);
                }
            }
            Err(error) => {
                jobs.arrivals.send_replace(());
                tracing::error!(error = %error, "messages could not be received; retrying");
                let wait = full_jitter(failures, RETRY_BASE, RETRY_MAX);
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
