//! What an attempt has finished, kept in the bucket so that the next one goes on from there:
//! frozen evidence and answers of the model. The first writer wins, so that a worker whose lease
//! has run out cannot change what its successor stands on.

use serde::{Serialize, de::DeserializeOwned};
use shared::{
    aws::bucket::{Bucket, Stored},
    domain::{
        artifact::{answer_key, snapshot_key},
        evidence::Snapshot,
        report::Report,
    },
};

use crate::{
    assess::model::Answer,
    failure::{Failure, Stop},
};

/// The journal of one report.
#[derive(Clone, Copy, Debug)]
pub struct Journal<'a> {
    bucket: &'a Bucket,
    report: &'a Report,
}

impl<'a> Journal<'a> {
    /// The journal of `report` in `bucket`.
    pub fn new(bucket: &'a Bucket, report: &'a Report) -> Self {
        Self { bucket, report }
    }

    /// The evidence that an earlier attempt froze.
    ///
    /// # Errors
    /// [`Stop`] when the bucket does not answer or the entry cannot be read.
    pub async fn snapshot(&self) -> Result<Option<Snapshot>, Stop> {
        self.find(&snapshot_key(&self.report.tenant, self.report.id)).await
    }

    /// Freezes `snapshot`, or gives what was frozen before.
    ///
    /// # Errors
    /// [`Stop`] when it is not known to be stored.
    pub async fn freeze(&self, snapshot: Snapshot) -> Result<Snapshot, Stop> {
        self.keep(&snapshot_key(&self.report.tenant, self.report.id), snapshot).await
    }

    /// The model's `turn`-th answer, if an earlier attempt got it.
    ///
    /// # Errors
    /// [`Stop`] when the bucket does not answer or the entry cannot be read.
    pub async fn answer(&self, turn: u32) -> Result<Option<Answer>, Stop> {
        self.find(&answer_key(&self.report.tenant, self.report.id, turn)).await
    }

    /// Keeps the model's `turn`-th answer, or gives the one that was kept before.
    ///
    /// # Errors
    /// [`Stop`] when it is not known to be stored.
    pub async fn keep_answer(&self, turn: u32, answer: Answer) -> Result<Answer, Stop> {
        self.keep(&answer_key(&self.report.tenant, self.report.id, turn), answer).await
    }

    async fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Stop> {
        // A first attempt has nobody before it.
        if self.report.lifecycle.attempt <= 1 {
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
        remedy: shared::aws::error::Remedy::Permanent,
        code: "journal_unreadable",
        message: "The report's work files cannot be read by this version. Tell the operator the report's id.",
        detail: format!("{key}: {error}"),
    })
}
