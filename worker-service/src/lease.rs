//! The lease of a claimed report, which is the right to write to it. A heartbeat renews it until it is
//! released.

use std::{future::pending, sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    table::{Details, Executed},
};
use domain::{
    attempt::AttemptOutcome,
    lifecycle::{Command, Policy, Status},
    report::{Report, Stage, StagesBegan},
    time::UtcTime,
    unsettled::UnsettledCall,
};
use service_runtime::clock::Clock;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::failure::AttemptError;

/// Number of renewals within the duration of a lease, so that two of them may fail.
const RENEWALS_PER_LEASE: u32 = 3;

/// Number of extensions of the visibility timeout within its duration. A message that reappears too early only costs
/// a receive, because the lease prevents another worker from claiming the report.
const EXTENSIONS_PER_VISIBILITY: u32 = 2;

/// The part of the time between two renewals for which an extension of the visibility timeout may delay the second one. If
/// each renewal takes until the next one, the message would reappear otherwise.
const EXTENSION_PART: u32 = 4;

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
    /// What the next write records in addition.
    pending: Details,
    /// When the last write that extended the lease after the claim began. The heartbeat renews a lease only if no
    /// other write has extended it.
    extended: watch::Sender<Option<Instant>>,
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
        let lost = report.ended_attempts.last().is_some_and(|last| {
            last.outcome == AttemptOutcome::Lost && last.attempt + 1 == report.lifecycle.attempt
        });
        // The claim found it; only a write of the new holder can record it without a race.
        let ended_attempts = lost.then(|| report.ended_attempts.clone());
        let pending = Details { ended_attempts, ..Details::default() };
        Self { aws, clock, policy, report, pending, extended: watch::Sender::new(None) }
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

    /// Records that `stage` begins, with the next write. Call it where the stage ends soon or writes soon, so that
    /// readers see the progress in time.
    pub(crate) fn begin(&mut self, stage: Stage, details: Details) {
        let began = StagesBegan::default().with(stage, self.clock.now());
        self.record(Details { progress: Some(stage.progress()), began, ..details });
    }

    /// Records `details` with the next write.
    pub(crate) fn record(&mut self, details: Details) {
        self.pending = details.or(std::mem::take(&mut self.pending));
    }

    /// Returns the report's model calls that are under way or have an unknown outcome, by what is known now.
    pub(crate) fn unsettled_calls(&self) -> &[UnsettledCall] {
        self.pending.unsettled_calls.as_deref().unwrap_or(&self.report.unsettled_calls)
    }

    /// Records with the next write that the outcome of a call is known.
    pub(crate) fn record_settled(&mut self, attempt: u32, number: u32) {
        let calls = self.unsettled_calls().iter().filter(|call| !call.is(attempt, number)).copied().collect();
        self.record(Details { unsettled_calls: Some(calls), ..Details::default() });
    }

    /// Executes the command that `command` builds from the fencing token, and writes `details` together with what
    /// was recorded for the next write.
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
        let (now, began) = (self.clock.now(), Instant::now());
        let Report { tenant, id, request, .. } = &self.report;
        let has_webhook = request.callback_url.is_some();
        let details = Details { has_webhook, ..details.clone() }.or(self.pending.clone());
        let details = self.with_end_of_attempt(&command, details, now);
        match self.aws.table.execute(tenant, *id, &command, &details, now, &self.policy).await? {
            Executed::Done(report) => {
                self.report = *report;
                self.pending = Details::default();
                if matches!(command, Command::Advance { .. } | Command::Renew { .. }) {
                    self.extended.send_replace(Some(began));
                }
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

    /// Returns `details` with the record of this attempt, if `command` ends it and another one will follow.
    fn with_end_of_attempt(&self, command: &Command, details: Details, now: UtcTime) -> Details {
        let outcome = match command {
            Command::RetryLater { .. } => AttemptOutcome::Retried,
            Command::Release { .. } => AttemptOutcome::Released,
            _ => return details,
        };
        let code = details.error.as_ref().map(|error| error.code.clone());
        let ended = self.report.attempts_after(outcome, details.began, Some(now), code);
        Details { ended_attempts: Some(ended), ..details }
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
            extended: self.extended.subscribe(),
        };
        let stopped = stop.clone();
        // In the span of the report, so that warnings have its trace.
        let task = tokio::spawn(
            async move {
                if let Some(reason) = renewal.run(&stopped).await {
                    let _ = sender.send(Some(reason));
                }
            }
            .in_current_span(),
        );
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
    /// When the last write of the pipeline that extended the lease began.
    extended: watch::Receiver<Option<Instant>>,
}

/// When a lease and a message need attention.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// Until when the lease may be used.
    ends: Instant,
    /// When the lease is renewed.
    renew: Instant,
    /// When the visibility timeout is extended.
    extend: Instant,
}

impl Schedule {
    /// Returns until when the answer to an extension that began at `began` is waited for: until the next renewal, or a part of
    /// `interval` beyond it, and never longer than the lease may be used.
    fn latest_answer(&self, began: Instant, interval: Duration) -> Instant {
        self.renew.max(began + interval / EXTENSION_PART).min(self.ends)
    }

    /// Plans the next renewal after a write that began at `began` has extended the lease, which lasts for `lease`.
    fn extended(&mut self, began: Instant, lease: Duration) {
        self.ends = self.ends.max(began + usable(lease));
        self.renew = self.renew.max(began + lease / RENEWALS_PER_LEASE);
    }
}

/// Returns for how long a lease may be used after the beginning of the write that extended it.
fn usable(lease: Duration) -> Duration {
    lease - lease / UNUSED_PART
}

impl Renewal {
    /// Renews lease and visibility timeout until the lease must not be used any more, and returns why.
    /// Returns `None` if it is stopped; a request in progress is finished first, so that none arrives late.
    ///
    /// The time until a renewal counts from the beginning of the last write that extended the lease, and no request
    /// takes longer than the lease: a table that does not answer cannot make this worker miss the end of its lease.
    async fn run(mut self, stop: &CancellationToken) -> Option<Reason> {
        let expires_at = self.report.lifecycle.lease.as_ref().map(|lease| lease.expires_at);
        let left =
            expires_at.map_or(Duration::ZERO, |at| at.since(self.clock.now())).min(usable(self.policy.lease));
        let now = Instant::now();
        let mut schedule = Schedule {
            ends: now + left,
            renew: now + self.interval(),
            extend: now + self.visibility() / EXTENSIONS_PER_VISIBILITY,
        };
        loop {
            let is_alive = tokio::select! {
                () = stop.cancelled() => return None,
                extended = self.extended.changed() => extended.is_ok(),
                () = sleep_until(schedule.renew.min(schedule.ends).min(schedule.extend)) => true,
            };
            // Without a pipeline this task is about to be stopped.
            if !is_alive {
                return None;
            }
            self.note_extension(&mut schedule);
            let now = Instant::now();
            if now >= schedule.ends {
                return Some(Reason::Lost);
            }
            if now >= schedule.renew
                && let Some(reason) = self.renew(&mut schedule).await
            {
                return Some(reason);
            }
            if now >= schedule.extend {
                self.extend_visibility(&mut schedule).await;
            }
        }
    }

    /// Plans the next renewal after the last write of the pipeline.
    fn note_extension(&mut self, schedule: &mut Schedule) {
        if let Some(began) = *self.extended.borrow_and_update() {
            schedule.extended(began, self.policy.lease);
        }
    }

    fn interval(&self) -> Duration {
        self.policy.lease / RENEWALS_PER_LEASE
    }

    fn visibility(&self) -> Duration {
        self.policy.lease + VISIBILITY_MARGIN
    }

    /// Renews the lease. Returns why it must not be used any more, or `None` if it may.
    async fn renew(&mut self, schedule: &mut Schedule) -> Option<Reason> {
        let Report { tenant, id, lifecycle, .. } = &self.report;
        let id = *id;
        let renew = Command::Renew { attempt: lifecycle.attempt };
        let began = Instant::now();
        schedule.renew = began + self.interval();
        let (now, details) = (self.clock.now(), Details::default());
        let renewed = self.aws.table.execute(tenant, id, &renew, &details, now, &self.policy);
        match timeout_at(schedule.ends, renewed).await {
            Ok(Ok(Executed::Done(report))) if report.lifecycle.cancel_requested => {
                Some(Reason::CancelRequested)
            }
            Ok(Ok(Executed::Done(_))) => {
                schedule.extended(began, self.policy.lease);
                None
            }
            Ok(Ok(Executed::Rejected(Some(current)))) if self.was_completed(&current) => {
                Some(Reason::Completed)
            }
            Ok(Ok(Executed::Rejected(_))) => Some(Reason::Lost),
            Ok(Err(error)) => {
                tracing::warn!(report = %id, error = %error, "the lease could not be renewed; retrying until it expires");
                None
            }
            Err(_) => {
                // The pipeline may have extended the lease in the meantime.
                self.note_extension(schedule);
                if schedule.ends > Instant::now() {
                    return None;
                }
                tracing::warn!(report = %id, "the lease could not be renewed before its end");
                Some(Reason::Lost)
            }
        }
    }

    /// Extends the visibility timeout of the message.
    async fn extend_visibility(&self, schedule: &mut Schedule) {
        let began = Instant::now();
        let next = began + self.visibility() / EXTENSIONS_PER_VISIBILITY;
        let extended = self.aws.queue.change_visibility(&self.receipt, self.visibility());
        let problem = match timeout_at(schedule.latest_answer(began, self.interval()), extended).await {
            Ok(Ok(())) => {
                schedule.extend = next;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer until the next renewal".to_owned(),
        };
        schedule.extend = next.min(began + self.interval());
        // If the message is delivered again, the lease prevents another worker from claiming the report.
        tracing::warn!(report = %self.report.id, error = %problem, "the visibility timeout of the message could not be extended");
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

    #[tokio::test(start_paused = true)]
    async fn an_extension_has_a_quarter_of_the_interval_even_if_a_renewal_is_due() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let interval = Duration::from_secs(40);
        let schedule = Schedule { ends: at(114), renew: at(40), extend: at(35) };
        assert_eq!(schedule.latest_answer(at(20), interval), at(40), "the renewal is far away");
        assert_eq!(schedule.latest_answer(at(39), interval), at(49));
        assert_eq!(schedule.latest_answer(at(110), interval), at(114), "the lease ends");
    }

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
    async fn a_write_of_the_pipeline_replaces_a_renewal() {
        let (start, lease) = (Instant::now(), Duration::from_secs(60));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut schedule = Schedule { ends: at(57), renew: at(20), extend: at(31) };
        schedule.extended(at(15), lease);
        assert_eq!((schedule.renew, schedule.ends), (at(35), at(72)));
        // A renewal that began before the write, and was answered after it, changes nothing.
        schedule.extended(at(10), lease);
        assert_eq!((schedule.renew, schedule.ends, schedule.extend), (at(35), at(72), at(31)));
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
        // Two renewals were tried, at 20 and at 40 seconds, and each took 15. The extension of the visibility timeout
        // in between delayed neither.
        let lasted = started.elapsed();
        assert!(lasted > Duration::from_secs(50) && lasted < settings.policy.lease, "{lasted:?}");
        heartbeat.stop().await;
    }
}
