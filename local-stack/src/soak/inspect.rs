//! Reads the table, the queues and the bucket directly, without the fault proxy and without the adapters of
//! the services.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Context as _;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::artifact::sha256_hex;
use domain::lifecycle::Status;
use domain::report::{Outcome, ReportError, Usage};
use domain::request::ReportRequest;
use domain::time::UtcTime;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::progress::Progress;
use crate::provision::{AwsClients, Names, QueueUrls};
use crate::stack::Stack;

/// Number of objects read concurrently.
const CONCURRENCY: usize = 16;

/// A report as stored in the table.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ReportItem {
    pub(super) pk: String,
    pub(super) report_id: String,
    pub(super) status: Status,
    pub(super) attempt: u32,
    pub(super) lease_holder: Option<String>,
    pub(super) due_at: Option<i64>,
    pub(super) due_shard: Option<String>,
    pub(super) request: ReportRequest,
    pub(super) outcome: Option<Outcome>,
    pub(super) usage: Usage,
    pub(super) error: Option<ReportError>,
    pub(super) created_at: UtcTime,
    pub(super) started_at: Option<UtcTime>,
    pub(super) ended_at: Option<UtcTime>,
}

/// The usage of a tenant on one day as stored in the table. Amounts are in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct DailyUsage {
    /// Amount spent or reserved.
    pub(super) committed: i64,
    /// Amount spent.
    #[serde(default)]
    pub(super) cost: i64,
    #[serde(default)]
    pub(super) model_calls: u64,
    #[serde(default)]
    pub(super) reports: u64,
}

/// A message that remains in a queue at the end of the soak.
#[derive(Debug, Clone)]
pub(super) struct LeftoverMessage {
    pub(super) body: String,
    /// Whether the message is in the dead-letter queue.
    pub(super) dead_lettered: bool,
}

/// Number of messages in the queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Messages {
    pub(super) visible: u64,
    pub(super) not_visible: u64,
}

impl Messages {
    pub(super) fn total(self) -> u64 {
        self.visible + self.not_visible
    }
}

/// SHA-256 and length of an object in bytes, or the reason why it could not be read.
pub(super) type Object = Result<(String, u64), String>;

/// The state of the table, the queues and the bucket at the end of the soak.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredState {
    pub(super) reports: Vec<ReportItem>,
    pub(super) daily_usage: Vec<DailyUsage>,
    /// Every artifact that any report lists, by object key.
    pub(super) artifacts: HashMap<String, Object>,
    /// File names of the model's journalled answers, by report id.
    pub(super) journal: BTreeMap<String, BTreeSet<String>>,
    pub(super) leftover_messages: Vec<LeftoverMessage>,
    pub(super) messages: Messages,
}

/// A reader of the state of a stack.
#[derive(Debug, Clone)]
pub(super) struct Inspector {
    clients: AwsClients,
    names: Names,
    queues: QueueUrls,
}

impl Inspector {
    pub(super) fn new(stack: &Stack) -> Self {
        let infrastructure = stack.infrastructure();
        Self {
            clients: stack.clients().clone(),
            names: stack.names().clone(),
            queues: infrastructure.queues().clone(),
        }
    }

    /// Counts the reports that have not ended.
    pub(super) async fn open_reports(&self) -> anyhow::Result<u64> {
        let mut open = 0;
        let mut from = None;
        loop {
            let page = self
                .clients
                .dynamodb
                .scan()
                .table_name(&self.names.table)
                .select(Select::Count)
                .filter_expression("#status IN (:pending, :processing)")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":pending", AttributeValue::S(Status::Pending.as_str().into()))
                .expression_attribute_values(
                    ":processing",
                    AttributeValue::S(Status::Processing.as_str().into()),
                )
                .set_exclusive_start_key(from)
                .send()
                .await
                .context("the open reports cannot be counted")?;
            open += u64::try_from(page.count).unwrap_or(0);
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(open);
            }
        }
    }

    /// Counts the messages in the queue.
    pub(super) async fn messages(&self) -> anyhow::Result<Messages> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let answer = self
            .clients
            .sqs
            .get_queue_attributes()
            .queue_url(&self.queues.queue_url)
            .set_attribute_names(Some(names.clone().into()))
            .send()
            .await
            .context("the messages cannot be counted")?;
        let attributes = answer.attributes.unwrap_or_default();
        let [visible, not_visible] =
            names.map(|name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0));
        Ok(Messages { visible, not_visible })
    }

    /// Reads the whole state. Removes no messages, but receives them, which hides them for an hour.
    pub(super) async fn read(&self, progress: &Progress) -> anyhow::Result<StoredState> {
        let messages = self.messages().await?;
        let mut leftover_messages = self.receive_all(&self.queues.queue_url, false).await?;
        leftover_messages.extend(self.receive_all(&self.queues.dlq_url, true).await?);
        let (reports, daily_usage) = self.table_items().await?;
        let journal = self.journal().await?;
        let artifacts = self.artifacts(&reports, progress).await?;
        Ok(StoredState { reports, daily_usage, artifacts, journal, leftover_messages, messages })
    }

    async fn table_items(&self) -> anyhow::Result<(Vec<ReportItem>, Vec<DailyUsage>)> {
        let (mut reports, mut daily_usage) = (Vec::new(), Vec::new());
        let mut from = None;
        loop {
            let page = self.clients.dynamodb.scan().table_name(&self.names.table).consistent_read(true);
            let page = page.set_exclusive_start_key(from).send().await.context("the table cannot be read")?;
            for item in page.items.unwrap_or_default() {
                let key = item.get("pk").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
                if key.starts_with("U#") {
                    daily_usage
                        .push(serde_dynamo::from_item(item).context("a daily usage item cannot be read")?);
                } else if !key.starts_with("K#") && !key.starts_with("W#") {
                    // An item that is neither an API key nor a webhook secret must be a report.
                    reports.push(serde_dynamo::from_item(item).context("a report item cannot be read")?);
                }
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok((reports, daily_usage));
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
    /// `work/TENANT/REPORT/SUBMISSION/`.
    async fn journal(&self) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        let mut journal: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let request = self.clients.s3.list_objects_v2().bucket(&self.names.bucket).prefix("work/");
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.context("the journals cannot be listed")?.contents.unwrap_or_default() {
                let key = object.key.unwrap_or_default();
                let parts: Vec<&str> = key.split('/').collect();
                if let [_, _, report, submission, name] = parts.as_slice()
                    && ["answer-", "verification-"].iter().any(|kind| name.starts_with(kind))
                {
                    let name = format!("{submission}/{name}");
                    journal.entry((*report).to_owned()).or_default().insert(name);
                }
            }
        }
        Ok(journal)
    }

    async fn artifacts(
        &self,
        reports: &[ReportItem],
        progress: &Progress,
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
            progress.throttled_line(&format!("{} of {total} artifacts are read", artifacts.len()));
        }
        Ok(artifacts)
    }
}

async fn object(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Object {
    let answer = s3.get_object().bucket(bucket).key(key).send().await;
    let answer = answer.map_err(|error| aws_sdk_s3::error::DisplayErrorContext(error).to_string())?;
    let bytes = answer.body.collect().await.map_err(|error| error.to_string())?.into_bytes();
    Ok((sha256_hex(&bytes), bytes.len() as u64))
}
