//! Finds reports that are due and that no worker processes. It sends the messages of those whose wait outside
//! the queue is over or whose message was lost, marks those as FAILED whose workers vanished, erases those whose
//! erasure was requested, and keeps the files of those under legal hold. A report's
//! record and its message are not written atomically, and messages, workers and webhooks can get lost; the
//! sweeper recovers from all of these.

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    error::AwsError,
    table::{Details, Due, DuePartition, Executed, Work},
};
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::{Command, Lifecycle, Status},
    report::Report,
    time::UtcTime,
    webhook::WEBHOOK_GRACE,
};
use futures::{StreamExt as _, stream};
use telemetry::{
    metrics::{SweepOutcome, Wait, metrics},
    propagation::current_traceparent,
};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::{
    claim::abandoned,
    erasure::erase,
    expiry,
    job::JobRunner,
    lease::VISIBILITY_MARGIN,
    legal_hold,
    sweep_pace::{Pace, Pause, Seen},
};

/// Number of reports that are read from a partition at a time.
const PAGE: usize = 100;
/// Maximum number of pages of one partition in a sweep. The rest waits for the next sweep, so that no partition
/// delays the others for long.
const PAGES_MAX: usize = 10;
/// Number of reports that a sweep handles concurrently.
const CONCURRENCY: usize = 16;
/// Number of grace periods between two checks of a report in a long backlog, at most.
const GRACES_MAX: u32 = 15;
/// Age from which a message is sent again in any case: a day before SQS deletes it
/// (`MessageRetentionPeriod` of the queue: four days).
const MESSAGE_AGE_MAX: Duration = Duration::from_secs(3 * 24 * 3600);

/// Sweeps about every `interval` until `stop` is cancelled, and less often while nothing is due and no message
/// arrives ([`Pace`]).
pub(crate) async fn keep_sweeping(jobs: Arc<JobRunner>, interval: Duration, stop: CancellationToken) {
    let pace = Pace::new(interval);
    let mut arrivals = jobs.arrivals.subscribe();
    // The first pause is short, so that a short-lived worker sweeps as well.
    let first = interval.mul_f64(rand::random_range(0.0..=0.5));
    let mut pause = Pause { least: first, most: first };
    let mut is_promised = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait(pause, &mut arrivals) => {}
        }
        if !is_promised {
            let promised = jobs.aws.table.promise_expiry(jobs.clock.now()).await;
            is_promised = promised
                .inspect_err(|error| tracing::warn!(error = %error, "the expiry of reports of tenants with a retention period of their own could not be recorded; trying again"))
                .is_ok();
        }
        // The sender is part of `jobs`, so it still exists.
        let arrived = arrivals.has_changed().unwrap_or_default();
        arrivals.mark_unchanged();
        // While messages arrive, sweeps are frequent, and what is not due yet would be read in vain.
        let lookahead = if arrived { Duration::ZERO } else { pace.lookahead() };
        let seen = sweep(&jobs, &stop, lookahead).await;
        pause = pace.after(seen, arrived, rand::random_range(0.0..=1.0));
    }
}

/// Waits for the pause before a sweep. It ends early, but after its least time, if messages arrive.
async fn wait(pause: Pause, arrivals: &mut watch::Receiver<()>) {
    sleep(pause.least).await;
    tokio::select! {
        () = sleep(pause.most.saturating_sub(pause.least)) => {}
        _ = arrivals.changed() => arrivals.mark_changed(),
    }
}

/// Sweeps every partition of the index of due reports once. Also reads what becomes due within `lookahead`, and
/// returns what it saw. It begins at a random partition, so that sweeps that are interrupted do not always miss the same
/// ones, and ends with the erasures, of which there can be many. An error affects no other report, and is retried by
/// the next sweep. If `stop` is cancelled, the sweep ends early, but finishes what it has begun: a report whose
/// message is recorded must also get it.
pub(crate) async fn sweep(jobs: &JobRunner, stop: &CancellationToken, lookahead: Duration) -> Seen {
    let mut partitions: Vec<DuePartition> = DuePartition::all().collect();
    if let Some((DuePartition::Erasures, of_reports)) = partitions.split_last_mut() {
        of_reports.rotate_left(rand::random_range(0..of_reports.len()));
    }
    let mut sweep = Sweep { jobs, stop, lookahead, has_looked: false, next_due: None };
    let (mut longest_overdue, mut is_complete) = (Duration::ZERO, true);
    for partition in partitions {
        match sweep.partition(partition).await {
            Ok(overdue) => longest_overdue = longest_overdue.max(overdue),
            Err(error) => {
                tracing::warn!(%partition, error = %error, "a partition of the due reports could not be read");
                jobs.witness.table_failed(jobs.clock.now());
                is_complete = false;
            }
        }
    }
    // An incomplete sweep does not prove that nothing is overdue.
    if is_complete || longest_overdue > Duration::ZERO {
        metrics().overdue(longest_overdue);
    }
    // The queue is looked at only if something is due.
    Seen { is_quiet: is_complete && !sweep.has_looked, next_due: sweep.next_due }
}

/// One sweep.
struct Sweep<'a> {
    jobs: &'a JobRunner,
    stop: &'a CancellationToken,
    /// How far ahead the sweep looks.
    lookahead: Duration,
    /// Whether the sweep has found something due, and has looked at the queue.
    has_looked: bool,
    /// Time until the first report or webhook becomes due that is not due yet.
    next_due: Option<Duration>,
}

impl Sweep<'_> {
    /// Handles the due reports of one partition. Returns for how long the most overdue one has been due.
    async fn partition(&mut self, partition: DuePartition) -> Result<Duration, AwsError> {
        let (mut longest_overdue, mut after) = (Duration::ZERO, None);
        for _ in 0..PAGES_MAX {
            if self.stop.is_cancelled() {
                break;
            }
            let now = self.jobs.clock.now();
            let mut due = self.jobs.aws.table.due(partition, now.plus(self.lookahead), PAGE, after).await?;
            let later = due.entries.split_off(due.entries.partition_point(|due| due.at <= now));
            longest_overdue =
                due.entries.iter().map(|due| due.overdue(now)).fold(longest_overdue, Duration::max);
            if !due.entries.is_empty() && !self.has_looked {
                self.has_looked = true;
                look_at_queue(self.jobs).await;
            }
            self.recover_all(due.entries).await;
            if let Some(first) = later.first() {
                let until_due = first.at.since(now);
                self.next_due = Some(self.next_due.map_or(until_due, |next_due| next_due.min(until_due)));
                break;
            }
            after = due.next;
            if after.is_none() {
                break;
            }
        }
        Ok(longest_overdue)
    }

    /// Handles what is due, several entries at a time.
    async fn recover_all(&self, due: Vec<Due>) {
        stream::iter(due)
            .for_each_concurrent(CONCURRENCY, async |Due { work, .. }| {
                if self.stop.is_cancelled() {
                    return;
                }
                let report = work.report().map(|id| id.to_string());
                let span = info_span!("sweep", dossier.report = report);
                if let Err(error) = self.recover(work.clone()).instrument(span).await {
                    let (kind, tenant) = (work.kind(), work.tenant());
                    tracing::warn!(kind, %tenant, report, error = %error, "a due item could not be handled");
                    if error.is_of_table() {
                        self.jobs.witness.table_failed(self.jobs.clock.now());
                    }
                }
            })
            .await;
    }

    async fn recover(&self, work: Work) -> Result<(), AwsError> {
        let now = self.jobs.clock.now();
        match work {
            Work::Report { tenant, id } => self.recover_report(tenant, id, now).await,
            Work::Hold { tenant, id } => legal_hold::carry_out(self.jobs, &tenant, id, now).await,
            Work::Expiry { tenant } => expiry::expire(self.jobs, &tenant, now, self.stop).await,
        }
    }

    /// Handles a due report. If several workers see the same report, a conditional write lets only one of them
    /// act.
    async fn recover_report(
        &self,
        tenant: Tenant,
        report_id: ReportId,
        now: UtcTime,
    ) -> Result<(), AwsError> {
        let table = &self.jobs.aws.table;
        let Some(report) = table.get_or_erasing(&tenant, report_id).await? else { return Ok(()) };
        if report.erasure_requested_at.is_some() {
            return erase(self.jobs, &report, now).await;
        }
        let lifecycle = &report.lifecycle;
        if lifecycle.status.is_terminal() {
            return self.resend_webhook(&report, now).await;
        }
        // Workers of a later version process it, and their sweepers recover it.
        if report.unknown_value().is_some() {
            return Ok(());
        }
        // The index is eventually consistent: another worker may have handled the report already.
        if lifecycle.due_at.is_none_or(|due_at| due_at > now) {
            return Ok(());
        }
        if lifecycle.status == Status::Processing && now >= lifecycle.deadline(&self.jobs.policy) {
            let details = abandoned(&report);
            if let Executed::Done(report) = self.execute(&report, &Command::GiveUp, &details, now).await? {
                tracing::warn!(report = %report_id, %tenant, "report failed: its deadline has passed, and its worker vanished");
                metrics().swept(SweepOutcome::GivenUp);
                metrics().report_ended(Status::Failed.as_str(), report.turnaround());
                self.jobs.aws.queue_webhook(&report, current_traceparent()).await;
                return Ok(());
            }
        }
        if lifecycle.waits_outside_queue() {
            tracing::debug!(report = %report_id, %tenant, "the wait of a report is over; sending its message");
            self.send(&report, now).await?;
        } else if self.is_lost(&report, now) {
            if self.send(&report, now).await? {
                tracing::warn!(report = %report_id, %tenant, status = %lifecycle.status, "the message of a report was lost; sent it again");
                metrics().swept(SweepOutcome::Redispatched);
            }
        } else if self.jobs.witness.receives(now) {
            let keep = Command::KeepQueued { grace: self.grace(lifecycle, now) };
            self.execute(&report, &keep, &Details::default(), now).await?;
        }
        Ok(())
    }

    /// Queues the webhook of a report again that has ended.
    async fn resend_webhook(&self, report: &Report, now: UtcTime) -> Result<(), AwsError> {
        let Report { tenant, id, .. } = report;
        if self.jobs.aws.table.claim_webhook(tenant, *id, now, now.plus(WEBHOOK_GRACE)).await? {
            tracing::warn!(report = %id, %tenant, "a webhook is overdue; queueing it again");
            metrics().swept(SweepOutcome::Webhook);
            self.jobs.aws.queue_webhook(report, current_traceparent()).await;
        }
        Ok(())
    }

    /// Sends the message of a due report, unless another sweeper did. Returns whether it was sent.
    async fn send(&self, report: &Report, now: UtcTime) -> Result<bool, AwsError> {
        let jobs = self.jobs;
        match self.execute(report, &Command::Redispatch, &Details::default(), now).await {
            Ok(Executed::Done(_)) => {}
            // The record shows this very command: its first answer was lost, and the SDK repeated it.
            Ok(Executed::Rejected(Some(current)))
                if current.lifecycle.queued_at == Some(now) && report.lifecycle.queued_at != Some(now) => {}
            Ok(Executed::Rejected(_)) => return Ok(false),
            // The command may have been carried out, so the report could seem to have a message.
            Err(error) => {
                jobs.aws.wait_outside_queue(report, Wait::NotQueued, jobs.clock.now(), &jobs.policy).await?;
                return Err(error);
            }
        }
        jobs.aws.queue_report(report, current_traceparent(), jobs.clock.now(), &jobs.policy).await?;
        Ok(true)
    }

    /// Returns whether the message of `report`, which should be in the queue, is lost: the queue was empty since
    /// it was sent, or has passed it, or SQS will delete it soon. In a backlog, a message that merely waits
    /// must not be sent again: each copy would delay the reports behind it. A worker that cannot tell leaves
    /// the report to the others.
    fn is_lost(&self, report: &Report, now: UtcTime) -> bool {
        let (jobs, queued_at) = (self.jobs, queued_at(&report.lifecycle));
        // A message that was received and not deleted is hidden for this long. If the table does not answer, a worker learns
        // that only at the end of its requests, and then hides it again.
        let hidden = jobs.policy.lease + VISIBILITY_MARGIN;
        if jobs.witness.may_hide_messages(now, jobs.policy.queue_wait_max + hidden) {
            return false;
        }
        let visible_at =
            report.lifecycle.not_before.map_or(queued_at, |not_before| not_before.max(queued_at));
        let visible_at = visible_at.plus(hidden);
        jobs.witness.has_passed(&report.tenant, queued_at, now)
            || now.since(queued_at) >= MESSAGE_AGE_MAX
            || jobs.witness.was_empty_since(visible_at)
    }

    /// Returns the time until a report in a backlog is checked again: as long as it has waited already.
    fn grace(&self, lifecycle: &Lifecycle, now: UtcTime) -> Duration {
        let grace = self.jobs.policy.pickup_grace;
        now.since(queued_at(lifecycle)).clamp(grace, grace * GRACES_MAX)
    }

    async fn execute(
        &self,
        report: &Report,
        command: &Command,
        details: &Details,
        now: UtcTime,
    ) -> Result<Executed, AwsError> {
        let JobRunner { aws, policy, .. } = self.jobs;
        aws.table.execute(&report.tenant, report.id, command, details, now, policy).await
    }
}

/// Records it if the queue has no message to receive.
async fn look_at_queue(jobs: &JobRunner) {
    let now = jobs.clock.now();
    match jobs.aws.queue.depth().await {
        Ok(depth) if depth.visible + depth.delayed == 0 => jobs.witness.saw_empty_queue(now),
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(error = %error, "the queue does not tell how many messages it has");
        }
    }
}

/// Returns when the message of a report in the queue was last known to exist.
fn queued_at(lifecycle: &Lifecycle) -> UtcTime {
    lifecycle.queued_at.unwrap_or(lifecycle.submitted_at)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const PAUSE: Pause = Pause { least: Duration::from_secs(30), most: Duration::from_secs(150) };

    #[tokio::test(start_paused = true)]
    async fn a_message_ends_the_pause_after_its_least_time() {
        let jobs = watch::Sender::<()>::default();
        let mut arrivals = jobs.subscribe();
        let mut waited = async |arrive_after: Option<u64>| {
            let started = Instant::now();
            let arrive = async {
                match arrive_after {
                    Some(seconds) => sleep(Duration::from_secs(seconds)).await,
                    None => std::future::pending().await,
                }
                jobs.send_replace(());
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = wait(PAUSE, &mut arrivals) => {}
                () = arrive => {}
            }
            let arrived = arrivals.has_changed().unwrap();
            arrivals.mark_unchanged();
            (started.elapsed().as_secs(), arrived)
        };
        assert_eq!(waited(None).await, (150, false));
        assert_eq!(waited(Some(5)).await, (30, true));
        assert_eq!(waited(Some(70)).await, (70, true));
        assert_eq!(waited(None).await, (150, false));
    }
}
