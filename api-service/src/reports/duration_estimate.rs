//! Estimates how long reports take, based on the reports that this process has seen. `Retry-After` is derived
//! from the estimate.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    identity::ReportId,
    lifecycle::Status,
    report::{Report, Stage},
    time::UtcTime,
};

/// Number of reports that the estimate is based on: enough for a median, few enough to follow changes of the
/// load.
const SAMPLES: usize = 64;

/// The estimate before any completed report was seen.
const DEFAULT: Duration = Duration::from_secs(2);

/// Maximum estimate. A report can end much earlier than others: it can fail, be cancelled, or be faster.
const MAX: Duration = Duration::from_secs(30);

/// The stages that take time, in order.
const STAGES: [Stage; 5] = [Stage::Queued, Stage::Gather, Stage::Assess, Stage::Render, Stage::Publish];

/// The duration of each stage of one report.
type Durations = [Duration; STAGES.len()];

/// The stage durations of the last completed reports.
#[derive(Debug, Default)]
pub(crate) struct DurationEstimate(Mutex<VecDeque<(ReportId, Durations)>>);

impl DurationEstimate {
    /// Includes `report` in the estimate if it is completed. Further calls for the same report have no
    /// effect.
    pub(super) fn learn(&self, report: &Report) {
        let Some(durations) = durations(report) else { return };
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.iter().any(|(id, _)| *id == report.id) {
            return;
        }
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back((report.id, durations));
    }

    /// Estimates the time until `report` ends, from one to thirty seconds: the rest of its current stage and
    /// all following stages, at their median durations. Returns `None` if the report has ended.
    pub(super) fn remaining(&self, report: &Report, now: UtcTime) -> Option<Duration> {
        if report.lifecycle.status.is_terminal() {
            return None;
        }
        let mut samples: Vec<Durations> = {
            let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            samples.iter().map(|(_, durations)| *durations).collect()
        };
        if samples.is_empty() {
            return Some(DEFAULT);
        }
        let current = report.progress.stage;
        let first = STAGES.iter().position(|stage| *stage == current).unwrap_or(STAGES.len());
        let middle = samples.len() / 2;
        let mut medians = (first..STAGES.len())
            .map(|stage| samples.select_nth_unstable_by_key(middle, |durations| durations[stage]).1[stage]);
        let elapsed = began(report, current).map_or(Duration::ZERO, |began| now.since(began));
        let rest_of_current = medians.next().unwrap_or_default().saturating_sub(elapsed);
        Some((rest_of_current + medians.sum::<Duration>()).clamp(Duration::from_secs(1), MAX))
    }
}

/// Returns when `report` reached `stage`, or `None` if it has not.
fn began(report: &Report, stage: Stage) -> Option<UtcTime> {
    match stage {
        Stage::Queued => Some(report.resubmitted_at.unwrap_or(report.created_at)),
        Stage::Gather => report.began.gather,
        Stage::Assess => report.began.assess,
        Stage::Render => report.began.render,
        Stage::Publish => report.began.publish,
        Stage::Done => report.ended_at,
        Stage::Unknown(_) => None,
    }
}

/// Returns the duration of each stage, or `None` unless the report was completed by its first attempt.
fn durations(report: &Report) -> Option<Durations> {
    if report.lifecycle.status != Status::Completed || report.lifecycle.attempt != 1 {
        return None;
    }
    let mut durations = Durations::default();
    let next_stages = STAGES.iter().skip(1).chain([&Stage::Done]);
    for ((duration, stage), next) in durations.iter_mut().zip(STAGES).zip(next_stages) {
        *duration = began(report, *next)?.since(began(report, stage)?);
    }
    Some(durations)
}

#[cfg(test)]
mod tests {
    use domain::{
        lifecycle::{Command, Policy, apply},
        report::StagesBegan,
        request::ReportRequestDraft,
    };

    use super::*;

    /// Creates a report that was submitted at 0 s and reached the following stages at these times.
    fn report(reached_at: &[u64]) -> Report {
        let time = |seconds: u64| UtcTime::from_epoch_millis(i64::try_from(seconds).unwrap() * 1000);
        let draft = ReportRequestDraft {
            company_name: Some("Sakura".into()),
            corporate_number: Some("1010401998301".into()),
            country: Some("JP".into()),
            ..ReportRequestDraft::default()
        };
        let lifecycle = apply(None, &Command::Submit, time(0), &Policy::default()).unwrap();
        let tenant = "dev".parse().unwrap();
        let mut report = Report::submitted(
            tenant,
            ReportId::from(uuid::Uuid::now_v7()),
            draft.check().unwrap(),
            lifecycle,
            uuid::Uuid::now_v7(),
            time(0),
            time(86_400),
        );
        let stage = |index: usize| reached_at.get(index).copied().map(time);
        report.began =
            StagesBegan { gather: stage(0), assess: stage(1), render: stage(2), publish: stage(3) };
        if let Some(reached) = reached_at.len().checked_sub(1) {
            report.lifecycle.attempt = 1;
            report.lifecycle.status = Status::Processing;
            report.progress = STAGES.get(reached + 1).copied().unwrap_or(Stage::Done).progress();
        }
        if let Some(ended) = stage(4) {
            report.lifecycle.status = Status::Completed;
            report.ended_at = Some(ended);
        }
        report
    }

    #[test]
    fn the_estimate_is_what_other_reports_took() {
        let estimate = DurationEstimate::default();
        let now = |seconds: i64| UtcTime::from_epoch_millis(seconds * 1000);
        assert_eq!(estimate.remaining(&report(&[]), now(0)), Some(DEFAULT));
        // The first is queued for 4 s, gathers for 2 s, assesses for 10 s, renders for 1 s and publishes for
        // 1 s. The second is faster, the third slower.
        for reached_at in [[4, 6, 16, 17, 18], [1, 2, 3, 4, 5], [60, 70, 80, 90, 99]] {
            let report = report(&reached_at);
            estimate.learn(&report);
            estimate.learn(&report);
        }
        let remaining = |reached_at: &[u64], seconds| {
            estimate.remaining(&report(reached_at), now(seconds)).unwrap().as_secs()
        };
        assert_eq!(remaining(&[], 0), 18);
        assert_eq!(remaining(&[], 3), 15);
        assert_eq!(remaining(&[], 600), 14);
        assert_eq!(remaining(&[1, 3], 9), 4 + 2);
        assert_eq!(remaining(&[1, 3, 20, 21], 600), 1);
        assert_eq!(estimate.remaining(&report(&[4, 6, 16, 17, 18]), now(20)), None);
    }

    #[test]
    fn reports_with_retries_or_without_an_end_do_not_count() {
        let estimate = DurationEstimate::default();
        let mut retried = report(&[4, 6, 16, 17, 18]);
        retried.lifecycle.attempt = 2;
        estimate.learn(&retried);
        estimate.learn(&report(&[4]));
        assert_eq!(estimate.remaining(&report(&[]), retried.created_at), Some(DEFAULT));
    }
}
