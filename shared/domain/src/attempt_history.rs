//! The attempts of a report. The table keeps only what nothing else tells: the attempts that a later one follows. Each
//! write that ends one, or that finds one abandoned, records it.

use super::{
    attempt::{Attempt, AttemptOutcome},
    lifecycle::Status,
    report::Report,
    stage::StagesBegan,
    time::UtcTime,
};

/// Maximum number of ended attempts that a report keeps, so that its item stays small. The oldest are dropped.
pub const KEPT_MAX: usize = 20;

impl StagesBegan {
    /// Returns the times that belong to the last attempt. Each attempt begins with gathering; a stage that began before that
    /// belongs to an earlier one.
    fn of_last_attempt(self) -> Self {
        let since = |time: &UtcTime| self.gather.is_none_or(|gather| *time >= gather);
        Self {
            gather: self.gather,
            assess: self.assess.filter(since),
            render: self.render.filter(since),
            publish: self.publish.filter(since),
        }
    }
}

impl Report {
    /// Returns the attempts of the report, oldest first: the last [`KEPT_MAX`] of those that a later one followed, and the
    /// last one.
    pub fn attempts(&self) -> Vec<Attempt> {
        let mut attempts = self.ended_attempts.clone();
        attempts.extend(self.last_attempt());
        attempts
    }

    /// Returns the last attempt; `None` before the first, and if it is recorded as ended.
    fn last_attempt(&self) -> Option<Attempt> {
        let attempt = self.lifecycle.attempt;
        if attempt == 0 || self.ended_attempts.last().is_some_and(|last| last.attempt >= attempt) {
            return None;
        }
        let outcome = match self.lifecycle.status {
            Status::Processing => AttemptOutcome::Running,
            Status::Completed => AttemptOutcome::Completed,
            Status::Failed => AttemptOutcome::Failed,
            Status::Cancelled => AttemptOutcome::Cancelled,
            // A version without this record ended it.
            Status::Pending | Status::Unknown(_) => return None,
        };
        let began = self.began.of_last_attempt();
        let error_code = self.error.as_ref().map(|error| error.code.clone());
        let error_code = error_code.filter(|_| outcome == AttemptOutcome::Failed);
        Some(Attempt { attempt, outcome, began, ended_at: self.ended_at, error_code })
    }

    /// Returns the ended attempts that a report keeps after its current attempt ended with `outcome`. `began` holds the
    /// times of stages that are not recorded yet.
    pub fn attempts_after(
        &self,
        outcome: AttemptOutcome,
        began: StagesBegan,
        ended_at: Option<UtcTime>,
        error_code: Option<String>,
    ) -> Vec<Attempt> {
        let began = began.or(self.began).of_last_attempt();
        let last = Attempt { attempt: self.lifecycle.attempt, outcome, began, ended_at, error_code };
        kept(self.ended_attempts.iter().cloned().chain([last]).collect())
    }

    /// Returns the ended attempts that a report keeps whose last worker vanished: the current attempt ended with its lease.
    /// Returns `None` if no worker vanished.
    pub fn attempts_after_loss(&self) -> Option<Vec<Attempt>> {
        let lease = self.lifecycle.lease.as_ref()?;
        let began = StagesBegan::default();
        Some(self.attempts_after(AttemptOutcome::Lost, began, Some(lease.expires_at), None))
    }

    /// Returns the ended attempts that a report keeps when it is resubmitted: all of them.
    pub fn attempts_before_resubmission(&self) -> Vec<Attempt> {
        kept(self.attempts())
    }
}

/// Returns the newest of `attempts`.
fn kept(mut attempts: Vec<Attempt>) -> Vec<Attempt> {
    attempts.drain(..attempts.len().saturating_sub(KEPT_MAX));
    attempts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        identity::ReportId,
        lifecycle::{Command, Policy, apply},
        request::ReportRequestDraft,
        stage::Stage,
    };

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_epoch_millis(seconds * 1000)
    }

    /// Returns a report that a worker has claimed after ten seconds.
    fn claimed() -> Report {
        let policy = Policy::default();
        let draft = ReportRequestDraft {
            company_name: Some("Acme".into()),
            corporate_number: Some("1".into()),
            country: Some("AQ".into()),
            ..ReportRequestDraft::default()
        };
        let submitted = apply(None, &Command::Submit, at(0), &policy).unwrap();
        let claim = Command::Claim { holder: "w".to_owned() };
        let lifecycle = apply(Some(&submitted), &claim, at(10), &policy).unwrap();
        let (tenant, id) = ("a".parse().unwrap(), ReportId::from(uuid::Uuid::nil()));
        let request = draft.check().unwrap();
        let report = Report::submitted(tenant, id, request, lifecycle, uuid::Uuid::nil(), at(0), at(86_400));
        Report { began: StagesBegan::default().with(Stage::Gather, at(10)), ..report }
    }

    #[test]
    fn a_report_has_no_attempt_before_its_first_and_then_a_running_one() {
        let mut report = claimed();
        let running = report.attempts();
        assert_eq!(running.len(), 1);
        assert_eq!((running[0].attempt, running[0].outcome), (1, AttemptOutcome::Running));
        assert_eq!((running[0].began.gather, running[0].ended_at), (Some(at(10)), None));
        report.lifecycle.attempt = 0;
        report.lifecycle.status = Status::Pending;
        assert_eq!(report.attempts(), []);
    }

    #[test]
    fn an_attempt_that_another_follows_keeps_its_own_times() {
        let mut report = claimed();
        let assess = StagesBegan::default().with(Stage::Assess, at(12));
        let code = Some("model_unavailable".to_owned());
        report.ended_attempts =
            report.attempts_after(AttemptOutcome::Retried, assess, Some(at(15)), code.clone());
        report.began = report.began.with(Stage::Assess, at(12));
        report.lifecycle.status = Status::Pending;
        let recorded = report.attempts();
        assert_eq!(recorded.len(), 1, "an attempt is shown once: {recorded:?}");
        assert_eq!((recorded[0].ended_at, &recorded[0].error_code), (Some(at(15)), &code));
        assert_eq!(recorded[0].began.assess, Some(at(12)));

        // The next attempt has only begun to gather: the assessment that the report shows is that of the first one.
        report.lifecycle.attempt = 2;
        report.lifecycle.status = Status::Processing;
        report.began = report.began.with(Stage::Gather, at(40));
        let both = report.attempts();
        assert_eq!(both.iter().map(|one| one.attempt).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((both[1].began.gather, both[1].began.assess), (Some(at(40)), None));
    }

    #[test]
    fn an_attempt_whose_worker_vanished_ended_with_its_lease() {
        let report = claimed();
        let lease = report.lifecycle.lease.clone().unwrap();
        let lost = report.attempts_after_loss().unwrap();
        assert_eq!((lost[0].outcome, lost[0].ended_at), (AttemptOutcome::Lost, Some(lease.expires_at)));
        assert_eq!(lost[0].began.gather, Some(at(10)));
    }

    #[test]
    fn the_last_attempt_ends_as_the_report_does_and_is_kept_by_a_resubmission() {
        for (status, outcome) in [
            (Status::Completed, AttemptOutcome::Completed),
            (Status::Failed, AttemptOutcome::Failed),
            (Status::Cancelled, AttemptOutcome::Cancelled),
        ] {
            let mut report = claimed();
            report.lifecycle.status = status;
            report.ended_at = Some(at(20));
            let attempts = report.attempts_before_resubmission();
            assert_eq!(
                (attempts.len(), attempts[0].outcome, attempts[0].ended_at),
                (1, outcome, Some(at(20)))
            );
        }
    }

    #[test]
    fn only_the_newest_attempts_are_kept() {
        let mut report = claimed();
        for attempt in 1..=50 {
            report.lifecycle.attempt = attempt;
            let ended_at = Some(at(20).plus(Duration::from_secs(u64::from(attempt))));
            report.ended_attempts =
                report.attempts_after(AttemptOutcome::Retried, StagesBegan::default(), ended_at, None);
        }
        let numbers: Vec<u32> = report.ended_attempts.iter().map(|one| one.attempt).collect();
        assert_eq!(numbers, (31..=50).collect::<Vec<u32>>());
    }
}
