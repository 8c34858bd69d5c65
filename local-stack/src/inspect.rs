//! Reads the table, the queues and the bucket of a stack directly, without the fault proxy and without the
//! adapters of the services.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::artifact::{ArtifactKind, sha256_hex};
use domain::lifecycle::Status;
use domain::report::{Outcome, ReportError, Usage};
use domain::request::ReportRequest;
use domain::time::UtcTime;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::daily_usage::{DailyUsage, USAGE_PREFIX, daily_usage};
use crate::provision::{AwsClients, Names, QueueUrls};
use crate::stack::Stack;

/// Number of objects read concurrently.
const CONCURRENCY: usize = 16;
/// Prefix of the partition keys of reports.
const REPORT_PREFIX: &str = "R#";

/// A report as stored in the table.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReportItem {
    pub(crate) pk: String,
    pub(crate) report_id: String,
    pub(crate) status: Status,
    pub(crate) attempt: u32,
    pub(crate) lease_holder: Option<String>,
    pub(crate) due_at: Option<i64>,
    pub(crate) due_shard: Option<String>,
    pub(crate) request: ReportRequest,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) usage: Usage,
    pub(crate) error: Option<ReportError>,
    pub(crate) created_at: UtcTime,
    pub(crate) started_at: Option<UtcTime>,
    pub(crate) ended_at: Option<UtcTime>,
}

impl ReportItem {
    /// Returns the number of interrupted attempts, each of which can have lost one answer. Every attempt
    /// counts except the one that completed the report.
    pub(crate) fn interrupted_attempts(&self) -> u64 {
        u64::from(self.attempt).saturating_sub(u64::from(self.status == Status::Completed))
    }

    /// Returns whether the report failed earlier than `deadline` after its submission.
    pub(crate) fn failed_before(&self, deadline: Duration) -> bool {
        self.status == Status::Failed
            && self.ended_at.is_some_and(|ended| ended < self.created_at.plus(deadline))
    }
}

/// What a look at the running system shows of a report.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReportLook {
    pub(crate) report_id: String,
    pub(crate) status: Status,
    pub(crate) attempt: u32,
    pub(crate) due_at: Option<i64>,
    pub(crate) ended_at: Option<UtcTime>,
}

/// The parts of a report's JSON artifact that say what its evidence belongs to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportContent {
    pub(crate) report_id: String,
    pub(crate) company: ReportRequest,
    pub(crate) sources: Vec<SourceContent>,
    pub(crate) evidence: Vec<EvidenceContent>,
}

/// The outcome of a source in the JSON artifact.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SourceContent {
    pub(crate) source: String,
    pub(crate) status: String,
}

/// A piece of evidence in the JSON artifact.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EvidenceContent {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) retrieved_at: UtcTime,
}

/// A message that remains in a queue at the end of the soak.
#[derive(Debug, Clone)]
pub(crate) struct LeftoverMessage {
    pub(crate) body: String,
    /// Whether the message is in the dead-letter queue.
    pub(crate) dead_lettered: bool,
}

/// Number of messages in the queue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages {
    pub(crate) visible: u64,
    pub(crate) not_visible: u64,
}

impl Messages {
    pub(crate) fn total(self) -> u64 {
        self.visible + self.not_visible
    }
}

/// An object of the bucket.
#[derive(Debug, Clone)]
pub(crate) struct ObjectContent {
    pub(crate) sha256: String,
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// The content of a JSON artifact, or the reason why it could not be parsed. `None` for other kinds.
    pub(crate) report: Option<Result<ReportContent, String>>,
}

/// An object, or the reason why it could not be read.
pub(crate) type Object = Result<ObjectContent, String>;

/// The state of the table, the queues and the bucket at the end of the soak.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredState {
    pub(crate) reports: Vec<ReportItem>,
    pub(crate) daily_usage: Vec<DailyUsage>,
    /// Every artifact that any report lists, by object key.
    pub(crate) artifacts: HashMap<String, Object>,
    /// Object keys of the model's journalled answers, by report id.
    pub(crate) journal: BTreeMap<String, BTreeSet<String>>,
    pub(crate) leftover_messages: Vec<LeftoverMessage>,
    pub(crate) messages: Messages,
}

/// A reader of the state of a stack.
#[derive(Debug, Clone)]
pub(crate) struct Inspector {
    clients: AwsClients,
    names: Names,
    queues: QueueUrls,
}

impl Inspector {
    pub(crate) fn new(stack: &Stack) -> Self {
        let infrastructure = stack.infrastructure();
        Self {
            clients: stack.clients().clone(),
            names: stack.names().clone(),
            queues: infrastructure.queues().clone(),
        }
    }

    /// Looks at every report.
    pub(crate) async fn look(&self) -> anyhow::Result<Vec<ReportLook>> {
        let scan = self.clients.dynamodb.scan().table_name(&self.names.table).consistent_read(true);
        let scan = scan
            .filter_expression("begins_with(pk, :report)")
            .projection_expression("report_id, #status, attempt, due_at, ended_at")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":report", AttributeValue::S(REPORT_PREFIX.to_owned()));
        let mut items = scan.into_paginator().items().send();
        let mut looks = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.context("the reports cannot be read")?;
            looks.push(serde_dynamo::from_item(item).context("a report item cannot be read")?);
        }
        Ok(looks)
    }

    /// Counts the messages in the queue.
    pub(crate) async fn messages(&self) -> anyhow::Result<Messages> {
        self.messages_of(&self.queues.queue_url).await
    }

    /// Counts the messages in the dead-letter queue.
    pub(crate) async fn dead_letters(&self) -> anyhow::Result<Messages> {
        self.messages_of(&self.queues.dlq_url).await
    }

    async fn messages_of(&self, queue_url: &str) -> anyhow::Result<Messages> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let answer = self
            .clients
            .sqs
            .get_queue_attributes()
            .queue_url(queue_url)
            .set_attribute_names(Some(names.clone().into()))
            .send()
            .await
            .context("the messages cannot be counted")?;
        let attributes = answer.attributes.unwrap_or_default();
        let [visible, not_visible] =
            names.map(|name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0));
        Ok(Messages { visible, not_visible })
    }

    /// Reads every report.
    pub(crate) async fn reports(&self) -> anyhow::Result<Vec<ReportItem>> {
        Ok(self.table_items().await?.0)
    }

    /// Reads the whole state. Removes no messages, but receives them, which hides them for an hour. Calls
    /// `progress` with the number of artifacts that were read and with the number of all artifacts.
    pub(crate) async fn read(&self, progress: impl Fn(usize, usize)) -> anyhow::Result<StoredState> {
        let messages = self.messages().await?;
        let mut leftover_messages = self.receive_all(&self.queues.queue_url, false).await?;
        leftover_messages.extend(self.receive_all(&self.queues.dlq_url, true).await?);
        let (reports, daily_usage) = self.table_items().await?;
        let journal = self.journal().await?;
        let artifacts = self.artifacts(&reports, progress).await?;
        Ok(StoredState { reports, daily_usage, artifacts, journal, leftover_messages, messages })
    }

    async fn table_items(&self) -> anyhow::Result<(Vec<ReportItem>, Vec<DailyUsage>)> {
        let (mut reports, mut usage_items) = (Vec::new(), Vec::new());
        let mut from = None;
        loop {
            let page = self.clients.dynamodb.scan().table_name(&self.names.table).consistent_read(true);
            let page = page.set_exclusive_start_key(from).send().await.context("the table cannot be read")?;
            for item in page.items.unwrap_or_default() {
                let key = item.get("pk").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
                if key.starts_with(USAGE_PREFIX) {
                    usage_items.push((key, item));
                } else if key.starts_with(REPORT_PREFIX) {
                    reports.push(serde_dynamo::from_item(item).context("a report item cannot be read")?);
                }
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok((reports, daily_usage(usage_items)?));
            }
        }
    }

    /// Receives every visible message of a queue.
    async fn receive_all(&self, queue: &str, dead_lettered: bool) -> anyhow::Result<Vec<LeftoverMessage>> {
        let mut left = Vec::new();
        loop {
            let request = self.clients.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
            let answer = request.wait_time_seconds(0).visibility_timeout(3600).send().await;
            let messages =
                answer.with_context(|| format!("{queue} cannot be read"))?.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(left);
            }
            left.extend(
                messages
                    .into_iter()
                    .map(|message| LeftoverMessage { body: message.body.unwrap_or_default(), dead_lettered }),
            );
        }
    }

    /// Lists the names of the journalled answers, which are under
    /// `work/TENANT/REPORT/SUBMISSION/`, by report id.
    pub(crate) async fn journal(&self) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        let mut journal: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let request = self.clients.s3.list_objects_v2().bucket(&self.names.bucket).prefix("work/");
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.context("the journals cannot be listed")?.contents.unwrap_or_default() {
                let key = object.key.unwrap_or_default();
                let parts: Vec<&str> = key.split('/').collect();
                if let [_, _, report, _, name] = parts.as_slice()
                    && ["answer-", "verification-"].iter().any(|kind| name.starts_with(kind))
                {
                    journal.entry((*report).to_owned()).or_default().insert(key.clone());
                }
            }
        }
        Ok(journal)
    }

    async fn artifacts(
        &self,
        reports: &[ReportItem],
        progress: impl Fn(usize, usize),
    ) -> anyhow::Result<HashMap<String, Object>> {
        let outcomes = reports.iter().filter_map(|report| report.outcome.as_ref());
        let keys: BTreeSet<&String> =
            outcomes.flat_map(|outcome| outcome.artifacts.values()).map(|stored| &stored.key).collect();
        let total = keys.len();
        let permits = Arc::new(Semaphore::new(CONCURRENCY));
        let mut reads = JoinSet::new();
        for key in keys {
            let (s3, bucket, key) = (self.clients.s3.clone(), self.names.bucket.clone(), key.clone());
            let permits = Arc::clone(&permits);
            reads.spawn(async move {
                // The semaphore is never closed.
                let _permit = permits.acquire().await;
                let object = object(&s3, &bucket, &key).await;
                (key, object)
            });
        }
        let mut artifacts = HashMap::new();
        while let Some(read) = reads.join_next().await {
            let (key, object) = read.context("reading an artifact panicked")?;
            artifacts.insert(key, object);
            progress(artifacts.len(), total);
        }
        Ok(artifacts)
    }
}

async fn object(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Object {
    let answer = s3.get_object().bucket(bucket).key(key).send().await;
    let answer = answer.map_err(|error| aws_sdk_s3::error::DisplayErrorContext(error).to_string())?;
    let bytes = answer.body.collect().await.map_err(|error| error.to_string())?.into_bytes();
    let is_report = key.rsplit('/').next() == Some(ArtifactKind::Json.file_name());
    let report = is_report.then(|| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    Ok(ObjectContent { sha256: sha256_hex(&bytes), bytes: bytes.len() as u64, report })
}
