//! The attempts of a report as clients see them.

use domain::{
    attempt::{Attempt, AttemptOutcome},
    report::{Report, Stage, StagesBegan},
    time::UtcTime,
};
use serde::Serialize;
use utoipa::ToSchema;

/// An attempt to write a report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReportAttempt)]
pub(crate) struct AttemptResource {
    /// The number of the attempt, counted from 1.
    #[schema(minimum = 1)]
    attempt: u32,
    /// How it ended: `retried` after a transient error, `released` by a worker that shut down, `lost` with a worker that
    /// vanished.
    outcome: AttemptOutcome,
    /// When it began.
    #[schema(required)]
    started_at: Option<UtcTime>,
    /// When it ended; null while it runs.
    #[schema(required)]
    ended_at: Option<UtcTime>,
    /// Its stages in order.
    stages: Vec<StageResource>,
    /// The code of the error that ended it.
    #[schema(required)]
    error_code: Option<String>,
}

/// A stage of an attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AttemptStage)]
pub(crate) struct StageResource {
    stage: Stage,
    /// When it began.
    started_at: UtcTime,
    /// When it ended; null while it runs.
    #[schema(required)]
    ended_at: Option<UtcTime>,
}

/// Returns the attempts of `report`, oldest first.
pub(super) fn of(report: &Report) -> Vec<AttemptResource> {
    report.attempts().into_iter().map(resource).collect()
}

fn resource(attempt: Attempt) -> AttemptResource {
    let Attempt { attempt, outcome, began, ended_at, error_code } = attempt;
    AttemptResource {
        attempt,
        outcome,
        started_at: began.gather,
        ended_at,
        stages: stages(began, ended_at),
        error_code,
    }
}

/// Returns the stages that began. Each ends when the next one begins, and the last one with the attempt.
fn stages(began: StagesBegan, ended_at: Option<UtcTime>) -> Vec<StageResource> {
    let StagesBegan { gather, assess, render, publish } = began;
    let times = [
        (Stage::Gather, gather),
        (Stage::Assess, assess),
        (Stage::Render, render),
        (Stage::Publish, publish),
    ];
    let mut stages: Vec<StageResource> = Vec::with_capacity(times.len());
    for (stage, time) in times {
        let Some(started_at) = time else { continue };
        if let Some(last) = stages.last_mut() {
            last.ended_at = Some(started_at);
        }
        stages.push(StageResource { stage, started_at, ended_at });
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_ends_when_the_next_one_begins() {
        let at = UtcTime::from_epoch_millis;
        let began = StagesBegan { gather: Some(at(1)), assess: Some(at(5)), ..StagesBegan::default() };
        let of = |ended_at| {
            let stages = stages(began, ended_at).into_iter();
            stages.map(|one| (one.stage, one.started_at, one.ended_at)).collect::<Vec<_>>()
        };
        let gather = (Stage::Gather, at(1), Some(at(5)));
        assert_eq!(of(None), [gather, (Stage::Assess, at(5), None)]);
        assert_eq!(of(Some(at(9))), [gather, (Stage::Assess, at(5), Some(at(9)))]);
    }
}
