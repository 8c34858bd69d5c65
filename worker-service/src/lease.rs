//! A claimed report: the right to write it, kept alive by a heartbeat until it is given up.

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    table::{Details, Executed},
};
use domain::{
    lifecycle::{Command, Policy, Status},
    report::Report,
};
use service_runtime::clock::Clock;
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::failure::AttemptError;

/// Three beats fit into a lease, so that two may fail.
const BEATS: u32 = 3;

/// A claimed report. Every write through it carries the fencing token of the claim.
#[derive(Debug)]
pub struct Lease {
    aws: Aws,
    clock: Clock,
    policy: Policy,
    report: Report,
}

/// Keeps a lease and its message alive in the background; stopped and joined before the message is
/// deleted or given back, so that no beat can undo that.
#[derive(Debug)]
pub struct Heartbeat {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    lost: watch::Receiver<Option<Why>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Lost,
    Cancelled,
}

impl Lease {
    /// The lease of `report`, just claimed.
    pub fn new(aws: Aws, clock: Clock, policy: Policy, report: Report) -> Self {
        Self { aws, clock, policy, report }
    }

    /// The report as last seen.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The fencing token.
    pub fn attempt(&self) -> u32 {
        self.report.lifecycle.attempt
    }

    /// Writes `command`, made with the fencing token, and `details`.
    ///
    /// # Errors
    /// [`AttemptError`]: the lease is lost, a cancel was asked for, or the table does not answer.
    pub async fn write(
        &mut self,
        command: impl Fn(u32) -> Command,
        details: &Details,
    ) -> Result<(), AttemptError> {
        let command = command(self.attempt());
        let now = self.clock.now();
        let Report { tenant, id, request, .. } = &self.report;
        let details = &Details { calls_back: request.callback_url.is_some(), ..details.clone() };
        match self.aws.table.execute(tenant, *id, &command, details, now, &self.policy).await? {
            Executed::Done(report) => {
                self.report = *report;
                Ok(())
            }
            Executed::Rejected(Some(current))
                if self.is_ours(&current) && current.lifecycle.cancel_requested =>
            {
                Err(AttemptError::CancelRequested)
            }
            Executed::Rejected(_) => Err(AttemptError::LeaseLost),
        }
    }

    fn is_ours(&self, current: &Report) -> bool {
        current.lifecycle.status == Status::Processing && current.lifecycle.attempt == self.attempt()
    }

    /// Starts the heartbeat for this lease and the message `receipt`.
    pub fn heartbeat(&self, receipt: Arc<str>) -> Heartbeat {
        let (tell, lost) = watch::channel(None);
        let stop = CancellationToken::new();
        let beat = Beat {
            aws: self.aws.clone(),
            clock: self.clock.clone(),
            policy: self.policy,
            report: self.report.clone(),
            receipt,
        };
        let until = stop.clone();
        let task = tokio::spawn(async move {
            if let Some(why) = beat.keep_alive(&until).await {
                let _ = tell.send(Some(why));
            }
        });
        Heartbeat { stop, task: Some(task), lost }
    }
}

struct Beat {
    aws: Aws,
    clock: Clock,
    policy: Policy,
    report: Report,
    receipt: Arc<str>,
}

impl Beat {
    /// Renews lease and visibility together until that is no longer right, and says why; nothing
    /// when it was stopped. A beat that has begun is finished, so that none arrives late.
    async fn keep_alive(self, stop: &CancellationToken) -> Option<Why> {
        let Report { tenant, id, lifecycle, .. } = &self.report;
        let renew = Command::Renew { attempt: lifecycle.attempt };
        let mut held_until = lifecycle.lease.as_ref().map(|lease| lease.expires_at);
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep(self.policy.lease / BEATS) => {}
            }
            let now = self.clock.now();
            let details = Details::default();
            let renewed = self.aws.table.execute(tenant, *id, &renew, &details, now, &self.policy).await;
            match renewed {
                Ok(Executed::Done(report)) if report.lifecycle.cancel_requested => {
                    return Some(Why::Cancelled);
                }
                Ok(Executed::Done(report)) => {
                    held_until = report.lifecycle.lease.map(|lease| lease.expires_at);
                }
                Ok(Executed::Rejected(_)) => return Some(Why::Lost),
                Err(error) => {
                    tracing::warn!(report = %id, error = %error, "the lease could not be renewed");
                    // Somebody else may have it by now.
                    if held_until.is_none_or(|until| self.clock.now() >= until) {
                        return Some(Why::Lost);
                    }
                    continue;
                }
            }
            if let Err(error) =
                self.aws.queue.change_visibility(&self.receipt, self.policy.lease + VISIBILITY_MARGIN).await
            {
                // The message may come again: the lease keeps others from the report.
                tracing::warn!(report = %id, error = %error, "the message could not be kept hidden");
            }
        }
    }
}

/// A message stays hidden a little longer than its lease, so that it comes back when the report can
/// be claimed.
pub const VISIBILITY_MARGIN: Duration = Duration::from_secs(2);

impl Drop for Heartbeat {
    /// A heartbeat whose holder is gone, by a panic for one, must not keep the report from others.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Heartbeat {
    /// Waits until the lease must not be used any more, and says why.
    pub async fn broken(&mut self) -> AttemptError {
        let why = self.lost.wait_for(Option::is_some).await.map(|why| *why);
        match why {
            Ok(Some(Why::Cancelled)) => AttemptError::CancelRequested,
            // The task ended without a word: it panicked. Nothing keeps the lease alive.
            _ => AttemptError::LeaseLost,
        }
    }

    /// Stops the heartbeat; when this returns, no beat is under way.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}
