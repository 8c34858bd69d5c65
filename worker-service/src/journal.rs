//! What an attempt has finished, kept in the bucket so that the next one goes on from there:
//! frozen evidence and answers of the model. The first writer wins, so that a worker whose lease
//! has run out cannot change what its successor stands on.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use shared::{
    aws::{
        bucket::{Bucket, Stored},
        error::Remedy,
    },
    domain::{
        artifact::{answer_key, snapshot_key},
        evidence::Snapshot,
        identity::{ReportId, Tenant},
        report::Report,
    },
};

use tokio::time::sleep;

use crate::{
    assess::model::Answer,
    failure::{Failure, Stop},
    retry::full_jitter,
};

const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// The journal of one report.
#[derive(Clone, Debug)]
pub struct Journal {
    bucket: Bucket,
    tenant: Tenant,
    id: ReportId,
    attempt: u32,
}

impl Journal {
    /// The journal of `report` in `bucket`.
    pub fn new(bucket: &Bucket, report: &Report) -> Self {
        let attempt = report.lifecycle.attempt;
        Self { bucket: bucket.clone(), tenant: report.tenant.clone(), id: report.id, attempt }
    }

    /// The evidence that an earlier attempt froze.
    ///
    /// # Errors
    /// [`Stop`] when the bucket does not answer or the entry cannot be read.
    pub async fn snapshot(&self) -> Result<Option<Snapshot>, Stop> {
        self.find(&snapshot_key(&self.tenant, self.id)).await
    }

    /// Freezes `snapshot`, or gives what was frozen before.
    ///
    /// # Errors
    /// [`Stop`] when it is not known to be stored.
    pub async fn freeze(&self, snapshot: Snapshot) -> Result<Snapshot, Stop> {
        self.keep(&snapshot_key(&self.tenant, self.id), snapshot).await
    }

    /// The model's `turn`-th answer, if an earlier attempt got it.
    ///
    /// # Errors
    /// [`Stop`] when the bucket does not answer or the entry cannot be read.
    pub async fn answer(&self, turn: u32) -> Result<Option<Answer>, Stop> {
        self.find(&answer_key(&self.tenant, self.id, turn)).await
    }

    /// Keeps the model's `turn`-th answer, or gives the one that was kept before. The answer is paid
    /// for: as long as the bucket may come back it is tried again, and ends with the lease.
    ///
    /// # Errors
    /// [`Stop`] when the bucket refuses it for good.
    pub async fn keep_answer(&self, turn: u32, answer: Answer) -> Result<Answer, Stop> {
        let mut tries = 0;
        loop {
            match self.keep_answer_once(turn, answer.clone()).await {
                Err(Stop::Failed(failure)) if failure.remedy != Remedy::Permanent => {
                    tracing::warn!(detail = %failure.detail, "a model's answer could not be journalled; trying again");
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries = tries.saturating_add(1);
                }
                kept => return kept,
            }
        }
    }

    async fn keep_answer_once(&self, turn: u32, answer: Answer) -> Result<Answer, Stop> {
        self.keep(&answer_key(&self.tenant, self.id, turn), answer).await
    }

    async fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Stop> {
        // A first attempt has nobody before it.
        if self.attempt <= 1 {
            return Ok(None);
        }
        let bytes = self.bucket.get(key).await?;
        bytes.map(|bytes| read(key, &bytes)).transpose()
    }

    async fn keep<T: Serialize + DeserializeOwned>(&self, key: &str, entry: T) -> Result<T, Stop> {
        let bytes = serde_json::to_vec(&entry).map_err(|error| damaged(key, error))?;
        match self.bucket.put_new(key, bytes, "application/json").await? {
            Stored::Now => Ok(entry),
            Stored::Before(bytes) => read(key, &bytes),
        }
    }
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, Stop> {
    serde_json::from_slice(bytes).map_err(|error| damaged(key, error))
}

fn damaged(key: &str, error: impl std::fmt::Display) -> Stop {
    Stop::Failed(Failure {
        remedy: Remedy::Permanent,
        code: "journal_unreadable",
        message: "The report's work files cannot be read by this version. Tell the operator the report's id.",
        detail: format!("{key}: {error}"),
    })
}
