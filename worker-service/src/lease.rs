//! The lease of a claimed report, which is the right to write to it. A heartbeat renews it until it is
//! released.

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

/// Number of renewals within the duration of a lease, so that two of them may fail.
const RENEWALS_PER_LEASE: u32 = 3;

/// Time that a message stays hidden after the lease of its report would expire, so that the report can be
/// claimed when the message reappears.
pub(crate) const VISIBILITY_MARGIN: Duration = Duration::from_secs(2);

/// The lease of a claimed report. Every write through it carries the fencing token of the claim.
#[derive(Debug)]
pub(crate) struct Lease {
    aws: Aws,
    clock: Clock,
    policy: Policy,
    report: Report,
}

/// A background task that renews a lease and the visibility timeout of its message. It must be stopped before
/// the message is deleted or made visible, so that no renewal can undo that.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    ended: watch::Receiver<Option<Reason>>,
}

/// The reason why a lease must not be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Lost,
    CancelRequested,
}

impl Lease {
    /// Creates the lease of `report`, which has just been claimed.
    pub(crate) fn new(aws: Aws, clock: Clock, policy: Policy, report: Report) -> Self {
        Self { aws, clock, policy, report }
    }

    /// Returns the report as last read or written.
    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the attempt number, which is the fencing token.
    pub(crate) fn attempt(&self) -> u32 {
        self.report.lifecycle.attempt
    }

    /// Executes the command that `command` builds from the fencing token, and writes `details`.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the lease is lost, if a cancellation is pending, or if the table does
    /// not respond.
    pub(crate) async fn write(
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
                if self.is_held(&current) && current.lifecycle.cancel_requested =>
            {
                Err(AttemptError::CancelRequested)
            }
            Executed::Rejected(_) => Err(AttemptError::LeaseLost),
        }
    }

    /// Returns whether this lease still holds the report whose `current` state was read.
    fn is_held(&self, current: &Report) -> bool {
        current.lifecycle.status == Status::Processing && current.lifecycle.attempt == self.attempt()
    }

    /// Starts the heartbeat for this lease and for the message with the receipt handle `receipt`.
    pub(crate) fn heartbeat(&self, receipt: Arc<str>) -> Heartbeat {
        let (sender, ended) = watch::channel(None);
        let stop = CancellationToken::new();
        let renewal = Renewal {
            aws: self.aws.clone(),
            clock: self.clock.clone(),
            policy: self.policy,
            report: self.report.clone(),
            receipt,
        };
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            if let Some(reason) = renewal.run(&stopped).await {
                let _ = sender.send(Some(reason));
            }
        });
        Heartbeat { stop, task: Some(task), ended }
    }
}

/// The background task of a [`Heartbeat`].
struct Renewal {
    aws: Aws,
    clock: Clock,
    policy: Policy,
    report: Report,
    receipt: Arc<str>,
}

impl Renewal {
    /// Renews lease and visibility timeout until the lease must not be used any more, and returns why.
    /// Returns `None` if it is stopped; a renewal in progress is finished first, so that none arrives late.
    async fn run(self, stop: &CancellationToken) -> Option<Reason> {
        let Report { tenant, id, lifecycle, .. } = &self.report;
        let renew = Command::Renew { attempt: lifecycle.attempt };
        let mut expires_at = lifecycle.lease.as_ref().map(|lease| lease.expires_at);
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep(self.policy.lease / RENEWALS_PER_LEASE) => {}
            }
            let now = self.clock.now();
            let details = Details::default();
            let renewed = self.aws.table.execute(tenant, *id, &renew, &details, now, &self.policy).await;
            match renewed {
                Ok(Executed::Done(report)) if report.lifecycle.cancel_requested => {
                    return Some(Reason::CancelRequested);
                }
                Ok(Executed::Done(report)) => {
                    expires_at = report.lifecycle.lease.map(|lease| lease.expires_at);
                }
                Ok(Executed::Rejected(_)) => return Some(Reason::Lost),
                Err(error) => {
                    tracing::warn!(report = %id, error = %error, "the lease could not be renewed; retrying until it expires");
                    // Once the lease has expired, another worker may hold the report.
                    if expires_at.is_none_or(|at| self.clock.now() >= at) {
                        return Some(Reason::Lost);
                    }
                    continue;
                }
            }
            if let Err(error) =
                self.aws.queue.change_visibility(&self.receipt, self.policy.lease + VISIBILITY_MARGIN).await
            {
                // If the message is delivered again, the lease prevents another worker from claiming the
                // report.
                tracing::warn!(report = %id, error = %error, "the visibility timeout of the message could not be extended");
            }
        }
    }
}

impl Drop for Heartbeat {
    /// Stops the renewals, so that a job that panicked does not hold its report forever.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Heartbeat {
    /// Waits until the lease must not be used any more, and returns why.
    pub(crate) async fn lost(&mut self) -> AttemptError {
        match self.ended.wait_for(Option::is_some).await.map(|reason| *reason) {
            Ok(Some(Reason::CancelRequested)) => AttemptError::CancelRequested,
            // An error means that the task has ended without a reason, for example by a panic. Nothing renews
            // the lease any more.
            _ => AttemptError::LeaseLost,
        }
    }

    /// Stops the heartbeat. No renewal is in progress when this function returns.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}
