//! The journal of a submission: the evidence snapshot and the answers of the model, which are stored in the
//! bucket so that the next attempt can resume after the stages that have finished. The first writer of an
//! entry wins, so that a worker whose lease has expired cannot change what its successor builds on. Each entry
//! names the request that it was made for; an entry of another request is never used.

use std::time::Duration;

use aws_adapters::{
    bucket::{Bucket, Stored},
    error::ErrorClass,
};
use domain::{
    artifact::{answer_key, earlier_work_folder, snapshot_key, verification_key},
    evidence::{Snapshot, SourceOutcome, SourceStatus},
    identity::ReportId,
    report::Report,
    time::UtcTime,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use service_runtime::{clock::Clock, retry::full_jitter};
use telemetry::metrics::{Cache, metrics};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    assess::answer::ModelAnswer,
    failure::{AttemptError, Failure},
};

/// Back-off between writes to the bucket, with full jitter.
const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// Number of retries for a snapshot. After that the report waits for its next attempt, without a slot.
const SNAPSHOT_RETRIES: u32 = 5;
/// Number of retries for an answer, which is paid for: until the process ends.
const ANSWER_RETRIES: u32 = u32::MAX;

/// The content of an entry.
trait Content: Serialize + DeserializeOwned {
    /// Returns whether this version can continue from it.
    fn is_of_this_version(&self) -> bool;
}

impl Content for Snapshot {
    fn is_of_this_version(&self) -> bool {
        // An outcome that only a later version knows may mean that the source answered, or that it did not.
        let known = |outcome: &SourceOutcome| !matches!(outcome.status, SourceStatus::Unknown(_));
        self.v <= Self::VERSION && self.sources.iter().all(known)
    }
}

impl Content for ModelAnswer {
    fn is_of_this_version(&self) -> bool {
        true
    }
}

/// An answer of a model in the journal, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournaledAnswer {
    /// An answer that assesses the evidence.
    Assessment(u32),
    /// An answer that verifies the claims of the assessment.
    Verification(u32),
}

impl JournaledAnswer {
    /// Returns whether no answer of the submission precedes this one.
    pub(crate) fn is_first(self) -> bool {
        self == Self::Assessment(1)
    }
}

/// The journal of one submission.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    bucket: Bucket,
    clock: Clock,
    report: ReportId,
    folder: String,
    /// The submission that the entries belong to; `None` in the folder of an earlier version, whose entries
    /// name neither submission nor request.
    submission: Option<Uuid>,
    request_sha256: String,
    /// Whether an earlier attempt may have stored entries.
    may_have_entries: bool,
}

/// An entry as it is stored, with what it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<T> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    submission: Option<Uuid>,
    /// The fingerprint of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored_at: Option<UtcTime>,
    #[serde(flatten)]
    content: T,
}

/// An evidence snapshot from the journal.
#[derive(Clone, Debug)]
pub(crate) struct StoredSnapshot {
    pub(crate) snapshot: Snapshot,
    /// When it was stored. Earlier versions do not record it.
    pub(crate) stored_at: Option<UtcTime>,
    /// Whether an earlier version stored it, without the request that it was made for.
    pub(crate) is_of_earlier_version: bool,
}

impl Journal {
    /// Creates the journal of the current submission of `report` in `bucket`.
    pub(crate) fn new(bucket: &Bucket, clock: &Clock, report: &Report) -> Self {
        Self {
            bucket: bucket.clone(),
            clock: clock.clone(),
            report: report.id,
            folder: report.work_folder(),
            submission: Some(report.submission),
            request_sha256: report.request_sha256.clone(),
            may_have_entries: report.lifecycle.attempt > 1,
        }
    }

    /// Returns the journal of a submission that this attempt has begun, so that no earlier one can have used it.
    pub(crate) fn of_new_submission(self) -> Self {
        Self { may_have_entries: false, ..self }
    }

    /// Returns the journal of a submission whose evidence somebody else has stored, and perhaps answers, too: a worker
    /// that lost its lease, or one in another Region after the backup from which the table was restored.
    pub(crate) fn of_stored_evidence(self) -> Self {
        Self { may_have_entries: true, ..self }
    }

    /// Creates the journal that a worker of version 0.2.0 or earlier keeps for `report`.
    pub(crate) fn of_earlier_version(bucket: &Bucket, clock: &Clock, report: &Report) -> Self {
        let folder = earlier_work_folder(&report.tenant, report.id);
        Self { folder, submission: None, ..Self::new(bucket, clock, report) }
    }

    /// Returns the evidence snapshot if an earlier attempt stored one.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket does not respond or the entry cannot be read.
    pub(crate) async fn snapshot(&self) -> Result<Option<StoredSnapshot>, AttemptError> {
        let entry = self.find(Cache::Evidence, &snapshot_key(&self.folder)).await?;
        Ok(entry.map(|entry| self.stored_snapshot(entry)))
    }

    /// Stores `snapshot`. Returns the stored snapshot, which is an earlier one if there was one.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket rejects the entry permanently, or if the stored entry cannot
    /// be read.
    pub(crate) async fn store_snapshot(&self, snapshot: Snapshot) -> Result<StoredSnapshot, AttemptError> {
        let entry = self.store(&snapshot_key(&self.folder), snapshot, SNAPSHOT_RETRIES).await?;
        Ok(self.stored_snapshot(entry))
    }

    /// Returns `answer` if an earlier attempt stored it.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket does not respond or the entry cannot be read.
    pub(crate) async fn answer(&self, answer: JournaledAnswer) -> Result<Option<ModelAnswer>, AttemptError> {
        let entry = self.find(Cache::Answer, &self.answer_key(answer)).await?;
        Ok(entry.map(|entry| entry.content))
    }

    /// Stores `answer` in its `place`. Returns the stored answer, which is an earlier one if there was one.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the bucket rejects the entry permanently, or if the stored entry cannot
    /// be read.
    pub(crate) async fn store_answer(
        &self,
        place: JournaledAnswer,
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        let entry = self.store(&self.answer_key(place), answer, ANSWER_RETRIES).await?;
        Ok(entry.content)
    }

    fn answer_key(&self, answer: JournaledAnswer) -> String {
        match answer {
            JournaledAnswer::Assessment(number) => answer_key(&self.folder, number),
            JournaledAnswer::Verification(number) => verification_key(&self.folder, number),
        }
    }

    fn stored_snapshot(&self, entry: Entry<Snapshot>) -> StoredSnapshot {
        StoredSnapshot {
            snapshot: entry.content,
            stored_at: entry.stored_at,
            is_of_earlier_version: self.submission.is_none(),
        }
    }

    async fn find<T: Content>(&self, cache: Cache, key: &str) -> Result<Option<Entry<T>>, AttemptError> {
        if !self.may_have_entries {
            return Ok(None);
        }
        let found = match self.bucket.get(key).await? {
            None => None,
            Some(bytes) => match self.own(key, &bytes)? {
                Some(entry) => Some(entry),
                None => {
                    let beside = self.key_beside(key);
                    let bytes = self.bucket.get(&beside).await?;
                    bytes.map(|bytes| self.own(&beside, &bytes)).transpose()?.flatten()
                }
            },
        };
        metrics().cache(cache, found.is_some());
        Ok(found)
    }

    /// Stores `content` under `key` unless there is an entry already, and returns the stored one. If the key
    /// holds an entry of another request, that entry stays, and `content` is stored beside it. The write is
    /// retried while the bucket may recover, `retries_max` times.
    async fn store<T: Content>(
        &self,
        key: &str,
        content: T,
        retries_max: u32,
    ) -> Result<Entry<T>, AttemptError> {
        let entry = Entry {
            submission: self.submission,
            request_sha256: Some(self.request_sha256.clone()),
            stored_at: Some(self.clock.now()),
            content,
        };
        let bytes = serde_json::to_vec(&entry).map_err(|error| unusable(key, error))?;
        for key in [key.to_owned(), self.key_beside(key)] {
            match self.put_new(&key, &bytes, retries_max).await? {
                Stored::Now => return Ok(entry),
                Stored::Before(bytes) => {
                    if let Some(stored) = self.own(&key, &bytes)? {
                        return Ok(stored);
                    }
                }
            }
        }
        Err(unusable(key, "it and the key beside it hold entries of other requests"))
    }

    async fn put_new(&self, key: &str, bytes: &[u8], retries_max: u32) -> Result<Stored, AttemptError> {
        let mut tries: u32 = 0;
        loop {
            match self.bucket.put_new(key, bytes.to_vec(), "application/json").await {
                Ok(stored) => return Ok(stored),
                Err(error) if error.class == ErrorClass::Permanent || tries >= retries_max => {
                    return Err(error.into());
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a journal entry could not be stored; retrying");
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries = tries.saturating_add(1);
                }
            }
        }
    }

    /// Parses an entry. Returns `None` if it belongs to another request or submission: such an entry is left
    /// where it is and never used.
    fn own<T: Content>(&self, key: &str, bytes: &[u8]) -> Result<Option<Entry<T>>, AttemptError> {
        let entry: Entry<T> = parse(key, bytes)?;
        let is_own = match (&entry.request_sha256, self.submission) {
            (Some(request), _) if *request != self.request_sha256 => false,
            (None, Some(_)) => false,
            (_, submission) => entry.submission == submission,
        };
        if !is_own {
            tracing::error!(
                report = %self.report,
                key,
                "a work file belongs to another request and is set aside; find out who wrote it"
            );
        }
        Ok(is_own.then_some(entry))
    }

    /// Returns the key that is used if `key` holds an entry of another request.
    fn key_beside(&self, key: &str) -> String {
        let digest = self.request_sha256.get(..16).unwrap_or(&self.request_sha256);
        format!("{}-{digest}.json", key.trim_end_matches(".json"))
    }
}

/// Parses the entry that is stored under `key`.
fn parse<T: Content>(key: &str, bytes: &[u8]) -> Result<Entry<T>, AttemptError> {
    match serde_json::from_slice::<Entry<T>>(bytes) {
        Ok(entry) if entry.content.is_of_this_version() => Ok(entry),
        Err(error) if !error.is_data() => Err(unreadable(key, error)),
        // The entry is complete JSON, but not in the form of this version.
        Ok(_) | Err(_) => Err(AttemptError::LaterVersion(format!("the object {key}"))),
    }
}

/// Returns the error of an entry that cannot be used, now or later.
fn unusable(key: &str, error: impl std::fmt::Display) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Permanent,
        code: "journal_unreadable",
        message: "The report's intermediate files cannot be used. Contact the operator and quote the report's id.",
        detail: format!("{key}: {error}"),
    })
}

/// Returns the error of bytes that are no entry. The entry itself was valid when it was stored, so they were
/// damaged on their way, and the next read may give others.
fn unreadable(key: &str, error: impl std::fmt::Display) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Transient,
        code: "journal_unreadable",
        message: "The report's intermediate files could not be read.",
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
        parse("work/dev/1/evidence.json", bytes).map(|entry| entry.content)
    }

    #[test]
    fn an_entry_of_a_later_version_is_left_to_it_and_a_damaged_one_is_read_again() {
        let outcome = |status: &str| json!({"source": "news", "status": status, "asOf": null, "items": 0});
        for known in [json!({}), json!({"graph": {}}), json!({"sources": [outcome("failed")]})] {
            assert!(read_snapshot(snapshot(known).to_string().as_bytes()).is_ok());
        }
        for later in [json!({"v": 2}), json!({"sources": [outcome("partial")]}), json!({"evidence": {}})] {
            let read = read_snapshot(snapshot(later.clone()).to_string().as_bytes());
            assert!(matches!(read, Err(AttemptError::LaterVersion(_))), "{later}: {read:?}");
        }
        let answer = parse::<ModelAnswer>("work/dev/1/answer-1.json", br#"{"turns": []}"#);
        assert!(matches!(answer, Err(AttemptError::LaterVersion(_))), "{answer:?}");
        for broken in ["", "{", "{\"v\": 1, \"sources\""] {
            let read = read_snapshot(broken.as_bytes());
            let Err(AttemptError::Failed(failure)) = read else { panic!("{broken}: {read:?}") };
            assert_eq!(failure.class, ErrorClass::Transient, "{broken}");
        }
    }
}
