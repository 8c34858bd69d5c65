//! How long reports take, as far as this process has seen: what `Retry-After` is computed from.

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

/// Reports that are remembered: enough for a median, few enough to follow the load.
const REMEMBERED: usize = 64;

/// When to look again while nothing is known yet.
const UNKNOWN: Duration = Duration::from_secs(2);

/// Nobody is told to stay away longer: a report can be cancelled, fail, or be quicker than others.
const LONGEST: Duration = Duration::from_secs(30);

/// The stages that take time, in their order.
const STAGES: [Stage; 5] = [Stage::Queued, Stage::Gather, Stage::Assess, Stage::Render, Stage::Publish];

/// How long each stage of one report took.
type Times = [Duration; STAGES.len()];

/// The last reports that were seen to be completed.
#[derive(Debug, Default)]
pub struct DurationEstimate(Mutex<VecDeque<(ReportId, Times)>>);

impl DurationEstimate {
    /// Takes note of a report, once, when it is completed.
    pub fn learn(&self, report: &Report) {
        let Some(times) = times(report) else { return };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.iter().any(|(id, _)| *id == report.id) {
            return;
        }
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back((report.id, times));
    }

    /// When `report` can be expected to have ended: what is left of its stage and the stages that follow, by the
    /// median of what was seen, from one second to thirty. None when it has ended.
    pub fn look_again(&self, report: &Report, now: UtcTime) -> Option<Duration> {
        if report.lifecycle.status.is_terminal() {
            return None;
        }
        let mut seen: Vec<Times> = {
            let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iter().map(|(_, times)| *times).collect()
        };
        if seen.is_empty() {
            return Some(UNKNOWN);
        }
        let stage = report.progress.stage;
        let at = STAGES.iter().position(|one| *one == stage).unwrap_or(STAGES.len());
        let middle = seen.len() / 2;
        let mut medians = (at..STAGES.len())
            .map(|stage| seen.select_nth_unstable_by_key(middle, |times| times[stage]).1[stage]);
        let since = began(report, stage).map_or(Duration::ZERO, |began| now.since(began));
        let this = medians.next().unwrap_or_default().saturating_sub(since);
        Some((this + medians.sum::<Duration>()).clamp(Duration::from_secs(1), LONGEST))
    }
}

/// When `report` came to `stage`.
fn began(report: &Report, stage: Stage) -> Option<UtcTime> {
    match stage {
        Stage::Queued => Some(report.resubmitted_at.unwrap_or(report.created_at)),
        Stage::Gather => report.began.gather,
        Stage::Assess => report.began.assess,
        Stage::Render => report.began.render,
        Stage::Publish => report.began.publish,
        Stage::Done => report.ended_at,
    }
}

/// How long each stage took; none unless the report is completed and went straight through.
fn times(report: &Report) -> Option<Times> {
    if report.lifecycle.status != Status::Completed || report.lifecycle.attempt != 1 {
        return None;
    }
    let mut times = Times::default();
    let ends = STAGES.iter().skip(1).chain([&Stage::Done]);
    for ((time, stage), next) in times.iter_mut().zip(STAGES).zip(ends) {
        *time = began(report, *next)?.since(began(report, stage)?);
    }
    Some(times)
}

#[cfg(test)]
mod tests {
    use domain::{
        lifecycle::{Command, Policy, apply},
        report::StagesBegan,
        request::ReportRequestDraft,
    };

    use super::*;

    /// A report that was submitted at 0 s and came to each stage at these times.
    fn report(at: &[u64]) -> Report {
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
        );
        let stage = |index: usize| at.get(index).copied().map(time);
        report.began =
            StagesBegan { gather: stage(0), assess: stage(1), render: stage(2), publish: stage(3) };
        if let Some(reached) = at.len().checked_sub(1) {
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
    fn the_time_left_is_what_others_took() {
        let pace = DurationEstimate::default();
        let now = |seconds: i64| UtcTime::from_epoch_millis(seconds * 1000);
        assert_eq!(pace.look_again(&report(&[]), now(0)), Some(UNKNOWN));
        // Waits 4 s, gathers 2 s, assesses 10 s, renders 1 s, publishes 1 s; one was quicker, one slower.
        for at in [[4, 6, 16, 17, 18], [1, 2, 3, 4, 5], [60, 70, 80, 90, 99]] {
            let report = report(&at);
            pace.learn(&report);
            pace.learn(&report);
        }
        let left = |at: &[u64], seconds| pace.look_again(&report(at), now(seconds)).unwrap().as_secs();
        assert_eq!(left(&[], 0), 18);
        assert_eq!(left(&[], 3), 15);
        assert_eq!(left(&[], 600), 14);
        assert_eq!(left(&[1, 3], 9), 4 + 2);
        assert_eq!(left(&[1, 3, 20, 21], 600), 1);
        assert_eq!(pace.look_again(&report(&[4, 6, 16, 17, 18]), now(20)), None);
    }

    #[test]
    fn reports_that_did_not_go_straight_through_teach_nothing() {
        let pace = DurationEstimate::default();
        let mut late = report(&[4, 6, 16, 17, 18]);
        late.lifecycle.attempt = 2;
        pace.learn(&late);
        pace.learn(&report(&[4]));
        assert_eq!(pace.look_again(&report(&[]), late.created_at), Some(UNKNOWN));
    }
}
