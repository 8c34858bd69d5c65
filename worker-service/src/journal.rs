//! The journal of a report: the evidence snapshot and the answers of the model, which are stored in the
//! bucket so that the next attempt can resume after the stages that have finished. The first writer of an
//! entry wins, so that a worker whose lease has expired cannot change what its successor builds on.

use std::time::Duration;

use aws_adapters::{
    bucket::{Bucket, Stored},
    error::ErrorClass,
};
use domain::{
    artifact::{answer_key, snapshot_key},
    evidence::{Snapshot, SourceOutcome, SourceStatus},
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

/// Back-off between writes to the bucket, with full jitter.
const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// An entry of a journal.
trait Entry: Serialize + DeserializeOwned {
    /// Returns whether this version can continue from the entry.
    fn is_of_this_version(&self) -> bool;
}

impl Entry for Snapshot {
    fn is_of_this_version(&self) -> bool {
        // An outcome that only a later version knows may mean that the source answered, or that it did not.
        let known = |outcome: &SourceOutcome| !matches!(outcome.status, SourceStatus::Unknown(_));
        self.v <= Self::VERSION && self.sources.iter().all(known)
    }
}

impl Entry for ModelAnswer {
    fn is_of_this_version(&self) -> bool {
        true
    }
}

/// The journal of one report.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    bucket: Bucket,
    tenant: Tenant,
    id: ReportId,
    attempt: u32,
}

impl Journal {
    /// Creates the journal of `report` in `bucket`.
    pub(crate) fn new(bucket: &Bucket, report: &Report) -> Self {
        let attempt = report.lifecycle.attempt;
        Self { bucket: bucket.clone(), tenant: report.tenant.clone(), id: report.id, attempt }
    }

    /// Returns the evidence snapshot if an earlier attempt stored one.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket does not respond or the entry cannot be read.
    pub(crate) async fn snapshot(&self) -> Result<Option<Snapshot>, AttemptError> {
        self.find(Cache::Evidence, &snapshot_key(&self.tenant, self.id)).await
    }

    /// Stores `snapshot`. Returns the stored snapshot, which is an earlier one if there was one.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket rejects the entry permanently, or if the stored entry cannot
    /// be read.
    pub(crate) async fn store_snapshot(&self, snapshot: Snapshot) -> Result<Snapshot, AttemptError> {
        self.store(&snapshot_key(&self.tenant, self.id), snapshot).await
    }

    /// Returns the model's `number`-th answer if an earlier attempt stored it.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket does not respond or the entry cannot be read.
    pub(crate) async fn answer(&self, number: u32) -> Result<Option<ModelAnswer>, AttemptError> {
        self.find(Cache::Answer, &answer_key(&self.tenant, self.id, number)).await
    }

    /// Stores the model's `number`-th answer. Returns the stored answer, which is an earlier one if there was
    /// one.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket rejects the entry permanently, or if the stored entry cannot
    /// be read.
    pub(crate) async fn store_answer(
        &self,
        number: u32,
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        self.store(&answer_key(&self.tenant, self.id, number), answer).await
    }

    async fn find<T: Entry>(&self, cache: Cache, key: &str) -> Result<Option<T>, AttemptError> {
        // During the first attempt there are no entries of earlier attempts.
        if self.attempt <= 1 {
            return Ok(None);
        }
        let bytes = self.bucket.get(key).await?;
        metrics().cache(cache, bytes.is_some());
        bytes.map(|bytes| read(key, &bytes)).transpose()
    }

    /// Stores `entry` under `key` unless there is one already, and returns the stored one. The entry cost
    /// money or time, so the write is retried while the bucket may recover: until the lease is lost, or, for
    /// an answer, until the process ends.
    async fn store<T: Entry>(&self, key: &str, entry: T) -> Result<T, AttemptError> {
        let bytes = serde_json::to_vec(&entry).map_err(|error| unreadable(key, error))?;
        let mut tries = 0;
        loop {
            match self.bucket.put_new(key, bytes.clone(), "application/json").await {
                Ok(Stored::Now) => return Ok(entry),
                Ok(Stored::Before(bytes)) => return read(key, &bytes),
                Err(error) if error.class == ErrorClass::Permanent => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(error = %error, "a journal entry could not be stored; retrying");
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries = tries.saturating_add(1);
                }
            }
        }
    }
}

/// Reads an entry that was stored under `key`.
fn read<T: Entry>(key: &str, bytes: &[u8]) -> Result<T, AttemptError> {
    match serde_json::from_slice::<T>(bytes) {
        Ok(entry) if entry.is_of_this_version() => Ok(entry),
        Err(error) if !error.is_data() => Err(unreadable(key, error)),
        // The entry is complete JSON, but not in the form of this version.
        Ok(_) | Err(_) => Err(AttemptError::LaterVersion(format!("the object {key}"))),
    }
}

fn unreadable(key: &str, error: impl std::fmt::Display) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Permanent,
        code: "journal_unreadable",
        message: "The report's intermediate files cannot be read by this version. Contact the operator and quote the report's id.",
        detail: format!("{key}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn snapshot(more: Value) -> Value {
        let mut snapshot = json!({"v": 1, "sources": [], "evidence": [], "versions": []});
        if let (Value::Object(members), Value::Object(more)) = (&mut snapshot, more) {
            members.extend(more);
        }
        snapshot
    }

    fn read_snapshot(bytes: &[u8]) -> Result<Snapshot, AttemptError> {
        read("work/dev/1/evidence.json", bytes)
    }

    #[test]
    fn an_entry_of_a_later_version_is_left_to_it_and_a_broken_one_fails_the_report() {
        let outcome = |status: &str| json!({"source": "news", "status": status, "asOf": null, "items": 0});
        for known in [json!({}), json!({"graph": {}}), json!({"sources": [outcome("failed")]})] {
            assert!(read_snapshot(snapshot(known).to_string().as_bytes()).is_ok());
        }
        for later in [json!({"v": 2}), json!({"sources": [outcome("partial")]}), json!({"evidence": {}})] {
            let read = read_snapshot(snapshot(later.clone()).to_string().as_bytes());
            assert!(matches!(read, Err(AttemptError::LaterVersion(_))), "{later}: {read:?}");
        }
        let answer: Result<ModelAnswer, _> = read("work/dev/1/answer-1.json", br#"{"turns": []}"#);
        assert!(matches!(answer, Err(AttemptError::LaterVersion(_))), "{answer:?}");
        for broken in ["", "{", "{\"v\": 1, \"sources\""] {
            let read = read_snapshot(broken.as_bytes());
            assert!(matches!(read, Err(AttemptError::Failed(_))), "{broken}: {read:?}");
        }
    }
}
