//! The lease of a claimed report, which is the right to write to it. A heartbeat renews it until it is
//! released.

use std::{future::pending, sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    table::{Details, Executed},
};
use domain::{
    lifecycle::{Command, Policy, Status},
    report::Report,
};
use service_runtime::clock::Clock;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::failure::AttemptError;

/// Number of renewals within the duration of a lease, so that two of them may fail.
const RENEWALS_PER_LEASE: u32 = 3;

/// The part of a lease before its end in which it is no longer used: a renewal that takes until then counts as
/// failed. Another worker may claim the report at the end, and its clock may be ahead.
const UNUSED_PART: u32 = 20;

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
    /// The report was completed under this lease: the pipeline has its outcome.
    Completed,
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

    /// Returns whether a transient error that occurs now is retried, because the deadline has not passed.
    pub(crate) fn may_retry(&self) -> bool {
        self.time_left() > Duration::ZERO
    }

    /// Returns the time until the deadline, or zero if it has passed.
    pub(crate) fn time_left(&self) -> Duration {
        self.report.lifecycle.deadline(&self.policy).since(self.clock.now())
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
        let details = &Details { has_webhook: request.callback_url.is_some(), ..details.clone() };
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
    ///
    /// The time between two renewals counts from their beginning, and no request takes longer than the lease:
    /// a table that does not answer cannot make this worker miss the end of its lease.
    async fn run(self, stop: &CancellationToken) -> Option<Reason> {
        let Report { tenant, id, lifecycle, .. } = &self.report;
        let renew = Command::Renew { attempt: lifecycle.attempt };
        let details = Details::default();
        let interval = self.policy.lease / RENEWALS_PER_LEASE;
        let usable = self.policy.lease - self.policy.lease / UNUSED_PART;
        let expires_at = lifecycle.lease.as_ref().map(|lease| lease.expires_at);
        let left = expires_at.map_or(Duration::ZERO, |at| at.since(self.clock.now())).min(usable);
        let (mut ends, mut next) = (Instant::now() + left, Instant::now() + interval);
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep_until(next.min(ends)) => {}
            }
            let began = Instant::now();
            if began >= ends {
                return Some(Reason::Lost);
            }
            next = began + interval;
            let now = self.clock.now();
            let renewed = self.aws.table.execute(tenant, *id, &renew, &details, now, &self.policy);
            match timeout_at(ends, renewed).await {
                Ok(Ok(Executed::Done(report))) if report.lifecycle.cancel_requested => {
                    return Some(Reason::CancelRequested);
                }
                Ok(Ok(Executed::Done(_))) => ends = began + usable,
                Ok(Ok(Executed::Rejected(Some(current)))) if self.was_completed(&current) => {
                    return Some(Reason::Completed);
                }
                Ok(Ok(Executed::Rejected(_))) => return Some(Reason::Lost),
                Ok(Err(error)) => {
                    tracing::warn!(report = %id, error = %error, "the lease could not be renewed; retrying until it expires");
                    continue;
                }
                Err(_) => {
                    tracing::warn!(report = %id, "the lease could not be renewed before its end");
                    return Some(Reason::Lost);
                }
            }
            let visibility = self.policy.lease + VISIBILITY_MARGIN;
            let extended = self.aws.queue.change_visibility(&self.receipt, visibility);
            let problem = match timeout_at(next, extended).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer until the next renewal".to_owned(),
            };
            // If the message is delivered again, the lease prevents another worker from claiming the report.
            tracing::warn!(report = %id, error = %problem, "the visibility timeout of the message could not be extended");
        }
    }

    /// Returns whether `current` is the report as this lease's pipeline completed it.
    fn was_completed(&self, current: &Report) -> bool {
        current.lifecycle.status == Status::Completed
            && current.lifecycle.attempt == self.report.lifecycle.attempt
    }
}

impl Drop for Heartbeat {
    /// Stops the renewals, so that a job that panicked does not hold its report forever.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Heartbeat {
    /// Waits until the lease must not be used any more, and returns why. Never returns if the report was
    /// completed under the lease.
    pub(crate) async fn lost(&mut self) -> AttemptError {
        let reason = self.ended.wait_for(Option::is_some).await.map(|reason| *reason);
        match reason {
            Ok(Some(Reason::CancelRequested)) => AttemptError::CancelRequested,
            Ok(Some(Reason::Completed)) => pending().await,
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

#[cfg(test)]
mod tests {
    use aws_adapters::{SdkConfig, sdk_config_loader, settings::AwsSettings};
    use aws_config::Region;
    use domain::{identity::ReportId, lifecycle::apply, request::ReportRequestDraft, time::UtcTime};
    use service_runtime::config::{Environment, Reader};
    use tokio::net::TcpListener;
    use uuid::Uuid;

    use super::*;

    /// Returns a configuration whose requests are accepted by a server that never answers.
    async fn unanswered() -> SdkConfig {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                open.push(connection);
            }
        });
        sdk_config_loader().endpoint_url(endpoint).no_credentials().region(Region::new("x")).load().await
    }

    fn claimed(now: UtcTime, policy: &Policy) -> Report {
        let draft = ReportRequestDraft {
            company_name: Some("Acme".into()),
            corporate_number: Some("1".into()),
            country: Some("AQ".into()),
            ..ReportRequestDraft::default()
        };
        let submitted = apply(None, &Command::Submit, now, policy).unwrap();
        let claim = Command::Claim { holder: "w".to_owned() };
        let lifecycle = apply(Some(&submitted), &claim, now, policy).unwrap();
        let (tenant, id) = ("a".parse().unwrap(), ReportId::from(Uuid::nil()));
        let expires_at = now.plus(Duration::from_secs(86_400));
        Report::submitted(tenant, id, draft.check().unwrap(), lifecycle, Uuid::nil(), now, expires_at)
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_cannot_be_renewed_is_lost_before_its_end() {
        let environment = [("DOSSIER_QUEUE_URL", "http://q"), ("DOSSIER_CALLBACK_QUEUE_URL", "http://c")];
        let environment: Environment =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut reader = Reader::new(&environment);
        let settings = AwsSettings::read(&mut reader);
        let settings = reader.finish(settings).unwrap();
        let clock = Clock::fixed(UtcTime::from_epoch_millis(1_000_000));
        let aws = Aws::new(&unanswered().await, &settings, &clock);
        let report = claimed(clock.now(), &settings.policy);
        let started = Instant::now();
        let lease = Lease::new(aws, clock, settings.policy, report);
        let mut heartbeat = lease.heartbeat("receipt".into());
        assert!(matches!(heartbeat.lost().await, AttemptError::LeaseLost));
        // Two renewals were tried, at 20 and at 40 seconds, and each took 15.
        let lasted = started.elapsed();
        assert!(lasted > Duration::from_secs(50) && lasted < settings.policy.lease, "{lasted:?}");
        heartbeat.stop().await;
    }
}
