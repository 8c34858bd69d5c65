//! What an attempt has finished, kept in the bucket so that the next one goes on from there:
//! frozen evidence and answers of the model. The first writer wins, so that a worker whose lease
//! has run out cannot change what its successor stands on.

use std::time::Duration;

use aws_adapters::{
    bucket::{Bucket, Stored},
    error::ErrorClass,
};
use domain::{
    artifact::{answer_key, snapshot_key},
    evidence::Snapshot,
    identity::{ReportId, Tenant},
    report::Report,
};
use serde::{Serialize, de::DeserializeOwned};
use telemetry::metrics::{Cache, metrics};

use tokio::time::sleep;

use crate::{
    assess::answer::ModelAnswer,
    failure::{AttemptError, Failure},
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
    /// [`AttemptError`] when the bucket does not answer or the entry cannot be read.
    pub async fn snapshot(&self) -> Result<Option<Snapshot>, AttemptError> {
        self.find(Cache::Evidence, &snapshot_key(&self.tenant, self.id)).await
    }

    /// Freezes `snapshot`, or gives what was frozen before.
    ///
    /// # Errors
    /// [`AttemptError`] when the bucket refuses it for good.
    pub async fn freeze(&self, snapshot: Snapshot) -> Result<Snapshot, AttemptError> {
        self.keep(&snapshot_key(&self.tenant, self.id), snapshot).await
    }

    /// The model's `turn`-th answer, if an earlier attempt got it.
    ///
    /// # Errors
    /// [`AttemptError`] when the bucket does not answer or the entry cannot be read.
    pub async fn answer(&self, turn: u32) -> Result<Option<ModelAnswer>, AttemptError> {
        self.find(Cache::Answer, &answer_key(&self.tenant, self.id, turn)).await
    }

    /// Keeps the model's `turn`-th answer, or gives the one that was kept before.
    ///
    /// # Errors
    /// [`AttemptError`] when the bucket refuses it for good.
    pub async fn keep_answer(&self, turn: u32, answer: ModelAnswer) -> Result<ModelAnswer, AttemptError> {
        self.keep(&answer_key(&self.tenant, self.id, turn), answer).await
    }

    async fn find<T: DeserializeOwned>(&self, cache: Cache, key: &str) -> Result<Option<T>, AttemptError> {
        // A first attempt has nobody before it.
        if self.attempt <= 1 {
            return Ok(None);
        }
        let bytes = self.bucket.get(key).await?;
        metrics().cache(cache, bytes.is_some());
        bytes.map(|bytes| read(key, &bytes)).transpose()
    }

    /// An entry is paid for, by a model's bill or by the patience of the sources: as long as the
    /// bucket may come back it is tried again. That ends with the lease, for an answer with the process.
    async fn keep<T: Serialize + DeserializeOwned>(&self, key: &str, entry: T) -> Result<T, AttemptError> {
        let bytes = serde_json::to_vec(&entry).map_err(|error| damaged(key, error))?;
        let mut tries = 0;
        loop {
            match self.bucket.put_new(key, bytes.clone(), "application/json").await {
                Ok(Stored::Now) => return Ok(entry),
                Ok(Stored::Before(bytes)) => return read(key, &bytes),
                Err(error) if error.class == ErrorClass::Permanent => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(error = %error, "a journal entry could not be stored; trying again");
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries = tries.saturating_add(1);
                }
            }
        }
    }
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, AttemptError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(key, error))
}

fn damaged(key: &str, error: impl std::fmt::Display) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Permanent,
        code: "journal_unreadable",
        message: "The report's work files cannot be read by this version. Tell the operator the report's id.",
        detail: format!("{key}: {error}"),
    })
}
