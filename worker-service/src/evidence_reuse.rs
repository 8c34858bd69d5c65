//! Decides whether a later attempt may use the evidence that an earlier one stored. Evidence that may not be
//! used is gathered again, under a new submission.

use std::{fmt, time::Duration};

use domain::{
    evidence::{SourceName, SourceOutcome},
    report::Report,
    time::UtcTime,
};

use crate::journal::StoredSnapshot;

/// The conditions under which stored evidence is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReusePolicy<'a> {
    /// Maximum age of the evidence.
    pub(crate) max_age: Duration,
    /// The sources without whose answer no report is LOW.
    pub(crate) mandatory: &'a [SourceName],
}

/// The reason why stored evidence is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It is older than the maximum age.
    TooOld {
        /// Its age.
        age: Duration,
    },
    /// Its age is not known.
    Undated,
    /// It was retrieved before the report was submitted, so it belongs to a deleted report with the same id.
    OfDeletedReport,
    /// A mandatory source had not answered, and a person has resubmitted the report since.
    Missing(SourceName),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { age } => write!(f, "it is {} s old", age.as_secs()),
            Self::Undated => f.write_str("its age is not known"),
            Self::OfDeletedReport => f.write_str("it belongs to a deleted report with the same id"),
            Self::Missing(source) => {
                write!(f, "{} gave no answer, and the report was resubmitted since", source.as_str())
            }
        }
    }
}

impl ReusePolicy<'_> {
    /// Checks whether `stored` may be used for `report` at `now`.
    ///
    /// # Errors
    /// Returns the reason if it may not.
    pub(crate) fn check(
        &self,
        stored: &StoredSnapshot,
        report: &Report,
        now: UtcTime,
    ) -> Result<(), Unusable> {
        let StoredSnapshot { snapshot, stored_at, is_of_earlier_version } = stored;
        // An answer that was used in place of a missing one is older than the snapshot.
        let retrieved = snapshot.oldest_retrieval();
        let oldest = retrieved.min(*stored_at).or(retrieved).or(*stored_at).ok_or(Unusable::Undated)?;
        // Earlier versions name files by the report alone, and its id is used again with its Idempotency-Key.
        // Their snapshots have one time of retrieval, which is that of the snapshot itself.
        if *is_of_earlier_version && oldest < report.created_at {
            return Err(Unusable::OfDeletedReport);
        }
        let age = now.since(oldest);
        if age > self.max_age {
            return Err(Unusable::TooOld { age });
        }
        let frozen_at = stored_at.unwrap_or(oldest);
        let resubmitted_since = report.resubmitted_at.is_some_and(|at| frozen_at < at);
        match self.missing(&snapshot.sources) {
            Some(source) if resubmitted_since => Err(Unusable::Missing(source.clone())),
            _ => Ok(()),
        }
    }

    /// Returns the first mandatory source without an answer.
    fn missing(&self, outcomes: &[SourceOutcome]) -> Option<&SourceName> {
        self.mandatory.iter().find(|source| {
            !outcomes.iter().any(|outcome| outcome.source == **source && outcome.status.has_answer())
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        evidence::{EvidenceDraft, Snapshot, SourceStatus},
        identity::Tenant,
        lifecycle::{Command, Policy, apply},
        request::ReportRequestDraft,
    };
    use uuid::Uuid;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const SANCTIONS: SourceName = SourceName::from_static("sanctions");
    const POLICY: ReusePolicy<'static> =
        ReusePolicy { max_age: Duration::from_secs(24 * 3600), mandatory: &[SANCTIONS] };

    fn at(hours: u32) -> UtcTime {
        UtcTime::from_epoch_millis(1_767_614_400_000).plus(HOUR * hours)
    }

    fn report() -> Report {
        let draft = ReportRequestDraft {
            company_name: Some("Acme".to_owned()),
            corporate_number: Some("1".to_owned()),
            country: Some("AQ".to_owned()),
            ..ReportRequestDraft::default()
        };
        let lifecycle = apply(None, &Command::Submit, at(0), &Policy::default()).unwrap();
        let tenant: Tenant = "acme".parse().unwrap();
        let (id, submission, request) = (Uuid::nil().into(), Uuid::nil(), draft.check().unwrap());
        Report::submitted(tenant, id, request, lifecycle, submission, at(0), at(2160))
    }

    fn stored(status: SourceStatus, hours: u32) -> StoredSnapshot {
        let outcome = SourceOutcome { source: SANCTIONS, status, as_of: None, items: 1 };
        let evidence = vec![EvidenceDraft::note("No match", "None.")];
        let snapshot = Snapshot::freeze(vec![(outcome, evidence)], at(hours));
        StoredSnapshot { snapshot, stored_at: Some(at(hours)), is_of_earlier_version: false }
    }

    #[test]
    fn evidence_is_used_until_its_maximum_age() {
        let fresh = stored(SourceStatus::Ok, 1);
        assert_eq!(POLICY.check(&fresh, &report(), at(25)), Ok(()));
        assert_eq!(POLICY.check(&fresh, &report(), at(26)), Err(Unusable::TooOld { age: HOUR * 25 }));
    }

    #[test]
    fn the_age_is_that_of_the_oldest_answer() {
        let mut mixed = stored(SourceStatus::Stale, 20);
        mixed.snapshot = mixed.snapshot.retrieved(&SANCTIONS, at(0));
        assert_eq!(POLICY.check(&mixed, &report(), at(25)), Err(Unusable::TooOld { age: HOUR * 25 }));
        let empty = StoredSnapshot { snapshot: Snapshot::freeze(vec![], at(1)), stored_at: None, ..mixed };
        assert_eq!(POLICY.check(&empty, &report(), at(2)), Err(Unusable::Undated));
    }

    #[test]
    fn a_missing_mandatory_source_is_asked_again_after_a_resubmission_only() {
        let failed = stored(SourceStatus::Failed, 1);
        let mut report = report();
        assert_eq!(POLICY.check(&failed, &report, at(3)), Ok(()));
        report.resubmitted_at = Some(at(2));
        assert_eq!(POLICY.check(&failed, &report, at(3)), Err(Unusable::Missing(SANCTIONS)));
        assert_eq!(POLICY.check(&stored(SourceStatus::Ok, 1), &report, at(3)), Ok(()));
        // The source was asked again since.
        assert_eq!(POLICY.check(&stored(SourceStatus::Failed, 2), &report, at(3)), Ok(()));
    }

    #[test]
    fn a_snapshot_of_an_earlier_version_belongs_to_this_report_only_if_it_is_younger() {
        let mut earlier = stored(SourceStatus::Ok, 1);
        (earlier.stored_at, earlier.is_of_earlier_version) = (None, true);
        let mut report = report();
        assert_eq!(POLICY.check(&earlier, &report, at(2)), Ok(()));
        report.created_at = at(2);
        assert_eq!(POLICY.check(&earlier, &report, at(3)), Err(Unusable::OfDeletedReport));
    }
}
