//! Reads the table, the queues and the bucket past the rig, as they are: no adapter of the services is asked.

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
use crate::provision::{Clients, Names, Provisioned};
use crate::stack::Stack;

/// Objects read at the same time.
const AT_A_TIME: usize = 16;

/// A report as it lies in the table.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    pub(super) pk: String,
    pub(super) report_id: String,
    pub(super) status: Status,
    pub(super) attempt: u32,
    pub(super) attempts_allowed: u32,
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

/// What a tenant's reports cost on a day, as it lies in the table: millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Book {
    /// TenantUsage or reserved.
    pub(super) committed: i64,
    /// TenantUsage.
    #[serde(default)]
    pub(super) cost: i64,
    #[serde(default)]
    pub(super) model_calls: u64,
    #[serde(default)]
    pub(super) reports: u64,
}

/// A message that is left.
#[derive(Debug, Clone)]
pub(super) struct Left {
    pub(super) body: String,
    /// Whether it lies in the dead-letter queue.
    pub(super) dead: bool,
}

/// How many messages are left in the queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Messages {
    pub(super) visible: u64,
    pub(super) hidden: u64,
}

impl Messages {
    pub(super) fn total(self) -> u64 {
        self.visible + self.hidden
    }
}

/// An object as it was found: SHA-256 and length, or why it could not be read.
pub(super) type Object = Result<(String, u64), String>;

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) books: Vec<Book>,
    /// Every artifact that a row lists, by its key.
    pub(super) artifacts: HashMap<String, Object>,
    /// The model's journalled answers by report.
    pub(super) journal: BTreeMap<String, BTreeSet<String>>,
    pub(super) left: Vec<Left>,
    pub(super) messages: Messages,
}

/// Reads what is there.
#[derive(Debug, Clone)]
pub(super) struct Inspector {
    clients: Clients,
    names: Names,
    queues: Provisioned,
}

impl Inspector {
    pub(super) fn new(stack: &Stack) -> Self {
        let surroundings = stack.surroundings();
        Self {
            clients: stack.clients().clone(),
            names: stack.names().clone(),
            queues: surroundings.queues().clone(),
        }
    }

    /// How many reports have not ended.
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

    /// How many messages the queue holds.
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
        let [visible, hidden] =
            names.map(|name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0));
        Ok(Messages { visible, hidden })
    }

    /// Reads everything.
    pub(super) async fn read(&self, progress: &Progress) -> anyhow::Result<Found> {
        let messages = self.messages().await?;
        let mut left = self.drain(&self.queues.queue_url, false).await?;
        left.extend(self.drain(&self.queues.dlq_url, true).await?);
        let (rows, books) = self.rows().await?;
        let journal = self.journal().await?;
        let artifacts = self.artifacts(&rows, progress).await?;
        Ok(Found { rows, books, artifacts, journal, left, messages })
    }

    async fn rows(&self) -> anyhow::Result<(Vec<Row>, Vec<Book>)> {
        let (mut rows, mut books) = (Vec::new(), Vec::new());
        let mut from = None;
        loop {
            let page = self.clients.dynamodb.scan().table_name(&self.names.table).consistent_read(true);
            let page = page.set_exclusive_start_key(from).send().await.context("the table cannot be read")?;
            for item in page.items.unwrap_or_default() {
                let key = item.get("pk").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
                if key.starts_with("U#") {
                    books.push(serde_dynamo::from_item(item).context("an item is no day's sums")?);
                } else if !key.starts_with("K#") && !key.starts_with("W#") {
                    // What is neither a key nor a secret of call-backs must be a report.
                    rows.push(serde_dynamo::from_item(item).context("an item of the table is no report")?);
                }
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok((rows, books));
            }
        }
    }

    /// Takes every message that can be seen.
    async fn drain(&self, queue: &str, dead: bool) -> anyhow::Result<Vec<Left>> {
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
                messages.into_iter().map(|message| Left { body: message.body.unwrap_or_default(), dead }),
            );
        }
    }

    /// The names of the journalled answers, under `work/TENANT/REPORT/`.
    async fn journal(&self) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        let mut journal: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let request = self.clients.s3.list_objects_v2().bucket(&self.names.bucket).prefix("work/");
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.context("the journals cannot be listed")?.contents.unwrap_or_default() {
                let key = object.key.unwrap_or_default();
                let mut parts = key.split('/').skip(2);
                if let (Some(report), Some(name)) = (parts.next(), parts.next())
                    && name.starts_with("answer-")
                {
                    journal.entry(report.to_owned()).or_default().insert(name.to_owned());
                }
            }
        }
        Ok(journal)
    }

    async fn artifacts(&self, rows: &[Row], progress: &Progress) -> anyhow::Result<HashMap<String, Object>> {
        let outcomes = rows.iter().filter_map(|row| row.outcome.as_ref());
        let keys: BTreeSet<&String> =
            outcomes.flat_map(|outcome| outcome.artifacts.values()).map(|stored| &stored.key).collect();
        let all = keys.len();
        let turns = Arc::new(Semaphore::new(AT_A_TIME));
        let mut reading = JoinSet::new();
        for key in keys {
            let (s3, bucket, key) = (self.clients.s3.clone(), self.names.bucket.clone(), key.clone());
            let turns = Arc::clone(&turns);
            reading.spawn(async move {
                // The semaphore is never closed.
                let _turn = turns.acquire().await;
                let object = object(&s3, &bucket, &key).await;
                (key, object)
            });
        }
        let mut artifacts = HashMap::new();
        while let Some(read) = reading.join_next().await {
            let (key, object) = read.context("reading an artifact panicked")?;
            artifacts.insert(key, object);
            progress.now_and_then(&format!("{} of {all} artifacts are read", artifacts.len()));
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
