//! Access to the reports: the steps that several operations share.

use std::{collections::HashSet, sync::Arc, time::Duration};

use aws_adapters::{
    Aws,
    error::AwsError,
    retention::Retention,
    settings::AwsSettings,
    table::{Details, Executed},
};
use axum::http::{HeaderName, HeaderValue, header};
use domain::{
    identity::{ReportId, Tenant},
    labels::Labels,
    lifecycle::{Command, Policy, apply},
    message::ReportMessage,
    report::Report,
};
use futures::{StreamExt as _, stream};
use moka::sync::Cache;
use service_runtime::clock::Clock;
use telemetry::{metrics::Wait, propagation::current_traceparent};

use super::{
    duration_estimate::DurationEstimate,
    resource::{Detail, ReportResource},
};
use crate::{
    auth::Caller,
    body::Submission,
    problem::{Problem, seconds},
};

/// The time after which a client should retry a request that the status of the report did not allow.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Number of reports of a batch that are recorded concurrently as not queued.
const WAITS_CONCURRENCY: usize = 16;

/// Maximum number of tenants that are known to have a webhook secret.
const WITH_SECRET_MAX: u64 = 10_000;

/// The reports of all tenants, in the table, the queue and the bucket.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(super) aws: Aws,
    policy: Policy,
    retention: Retention,
    pub(super) clock: Clock,
    durations: Arc<DurationEstimate>,
    /// Tenants that have a webhook secret.
    with_secret: Cache<Tenant, ()>,
}

impl Reports {
    /// Creates access to the reports through the adapters in `aws`.
    pub(crate) fn new(
        aws: Aws,
        settings: &AwsSettings,
        clock: Clock,
        durations: Arc<DurationEstimate>,
    ) -> Self {
        let (policy, retention) = (settings.policy, settings.retention.clone());
        Self { aws, policy, retention, clock, durations, with_secret: Cache::new(WITH_SECRET_MAX) }
    }

    /// Returns the report of `tenant` with the `id` from the path of a request.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if there is no such report, or if it cannot be read.
    pub(super) async fn find(&self, tenant: &Tenant, id: &str) -> Result<Report, Problem> {
        // A text that is not a UUID is not the id of any report.
        let id: ReportId = id.parse().map_err(|_| Problem::report_not_found())?;
        let report = self.aws.table.get(tenant, id).await?.ok_or_else(Problem::report_not_found)?;
        self.durations.learn(&report);
        Ok(report)
    }

    /// Creates a PENDING report, without recording it.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the lifecycle does not allow it, which would be a bug.
    pub(super) fn new_report(
        &self,
        tenant: Tenant,
        id: ReportId,
        custom_id: Option<String>,
        Submission { request, metadata }: Submission,
    ) -> Result<Report, Problem> {
        let now = self.clock.now();
        let lifecycle = apply(None, &Command::Submit, now, &self.policy).map_err(|error| {
            tracing::error!(error = %error, "the lifecycle rejects the submission of a new report");
            Problem::internal("the report could not be submitted")
        })?;
        let (expires_at, own_retention) = (self.retention.end(&tenant, now), self.retention.own(&tenant));
        let submission = uuid::Uuid::now_v7();
        let report = Report::submitted(tenant, id, request, lifecycle, submission, now, expires_at);
        Ok(Report { labels: Labels { custom_id, metadata }, own_retention, ..report })
    }

    /// Makes sure that `tenant` has a secret to sign webhooks with. Workers cannot create one.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the tenant has one.
    pub(super) async fn ensure_webhook_secret(&self, tenant: &Tenant) -> Result<(), AwsError> {
        if self.with_secret.get(tenant).is_none() {
            let secrets = &self.aws.webhook_secrets;
            // An outage of KMS concerns only tenants without a secret.
            if !secrets.exist(tenant).await? {
                secrets.of(tenant, self.clock.now(), rand::random()).await?;
            }
            self.with_secret.insert(tenant.clone(), ());
        }
        Ok(())
    }

    /// Executes a lifecycle command on `report`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not confirm that the command was executed or rejected.
    pub(super) async fn execute(
        &self,
        report: &Report,
        command: &Command,
        details: &Details,
    ) -> Result<Executed, AwsError> {
        let now = self.clock.now();
        self.aws.table.execute(&report.tenant, report.id, command, details, now, &self.policy).await
    }

    /// Sends a recorded report to the queue. A failure does not fail the request: the report then waits outside
    /// the queue, and the sweeper sends its message.
    pub(super) async fn enqueue(&self, report: &Report) {
        let now = self.clock.now();
        if let Err(AwsError { code, detail, .. }) =
            self.aws.queue_report(report, current_traceparent(), now, &self.policy).await
        {
            tracing::warn!(report = %report.id, %code, %detail, "the report is recorded but not queued; the sweeper will queue it");
        }
    }

    /// Records that `report` has no message. Without that, the sweeper finds out only when the queue has passed
    /// the message, which takes as long as the backlog.
    async fn wait_outside_queue(&self, report: &Report) {
        if let Err(AwsError { code, detail, .. }) =
            self.aws.wait_outside_queue(report, Wait::NotQueued, self.clock.now(), &self.policy).await
        {
            tracing::warn!(report = %report.id, %code, %detail, "it could not be recorded that the report has no message; the sweeper will find out");
        }
    }

    /// Sends recorded reports to the queue. The sweeper later finds and sends those that SQS does not accept.
    pub(super) async fn enqueue_all(&self, reports: &[&Report]) {
        let messages =
            reports.iter().map(|report| ReportMessage::new(report.tenant.clone(), report.id)).collect();
        let unsent = self.aws.queue.send_all(messages, current_traceparent().as_deref()).await;
        if !unsent.is_empty() {
            tracing::warn!(
                reports = unsent.len(),
                "reports are recorded but not queued; the sweeper will queue them"
            );
        }
        let unsent: HashSet<ReportId> = unsent.iter().map(|message| message.report_id).collect();
        let mut waiting = Vec::with_capacity(unsent.len());
        for report in reports {
            if unsent.contains(&report.id) {
                waiting.push(self.wait_outside_queue(report));
            }
        }
        stream::iter(waiting).buffer_unordered(WAITS_CONCURRENCY).collect::<()>().await;
    }

    /// Queues the webhook of a report that has ended, if the report has one.
    pub(super) async fn enqueue_webhook(&self, report: &Report) {
        self.aws.queue_webhook(report, current_traceparent()).await;
    }

    /// Returns the report as `caller` may see it, with newly signed links to its files if it is completed and
    /// the caller may read it. Such links are audited: anybody who has one can read the file.
    ///
    /// # Errors
    /// Returns [`AwsError`] if there are no credentials to sign links with.
    pub(super) async fn resource(&self, report: Report, caller: &Caller) -> Result<ReportResource, AwsError> {
        let (id, detail) = (report.id, Detail::allowed(caller));
        let files = match detail {
            Detail::Result => report.files(),
            Detail::State => Vec::new(),
        };
        let mut resource = ReportResource::new(report, detail);
        if !files.is_empty() {
            resource.sign_links(&files, &self.aws.bucket).await?;
            caller.audit("artifact.links", &id);
        }
        Ok(resource)
    }

    /// Returns the `Retry-After` header of a report: the estimated time until it ends. Returns `None` if it
    /// has ended.
    pub(super) fn retry_after(&self, report: &Report) -> Option<(HeaderName, HeaderValue)> {
        let remaining = self.durations.remaining(report, self.clock.now())?;
        Some((header::RETRY_AFTER, seconds(remaining)))
    }
}
