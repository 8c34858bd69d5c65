//! Watches a load test until every submission was answered and every accepted report has ended, or until it is
//! ended early.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use domain::time::UtcTime;
use service_runtime::clock;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::client::LoadClient;
use super::follow::{Follower, Look};
use super::generator::Generator;
use super::options::Options;
use super::report_state::ReportState;
use super::submission::Submission;
use crate::progress::Progress;

/// Pause between two looks if no reports are followed.
const PAUSE: Duration = Duration::from_millis(100);

/// What was watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) submissions: Vec<Submission>,
    /// `None` if the reports were not followed.
    pub(super) reports: Option<HashMap<String, ReportState>>,
    pub(super) looked_at: UtcTime,
    pub(super) interrupted: bool,
    pub(super) failure: Option<String>,
    /// CPU time of the load generator.
    pub(super) generator_cpu: Option<Duration>,
}

/// Starts the submissions and watches them. Calls `submitted` once, when the last one was answered. Ends early
/// if `stop` is cancelled or `failed` returns.
///
/// # Errors
/// Returns an error if the load generator could not run.
pub(super) async fn watch(
    options: &Options,
    client: &LoadClient,
    mut follower: Option<Follower>,
    stop: &CancellationToken,
    failed: impl Future<Output = anyhow::Error>,
    submitted: impl FnOnce(),
) -> anyhow::Result<Watched> {
    let stop_submitting = stop.child_token();
    let mut generator =
        Generator::start(options.pace, options.limit, client.clone(), stop_submitting.clone())?;
    let progress = Progress::new(options.limit.reports());
    let mut submissions = Vec::new();
    let mut submitted = Some(submitted);
    let mut failure = None;
    let mut failed = pin!(failed);
    while !stop.is_cancelled() {
        let is_submitting = generator.receive(&mut submissions);
        if let Some(submitted) = submitted.take_if(|_| !is_submitting) {
            submitted();
        }
        let look = match &mut follower {
            Some(follower) => follower.look(&submissions, client).await,
            None => Ok(Look { open: 0, pause: PAUSE }),
        };
        let Look { open, pause } = match look {
            Ok(look) => look,
            Err(error) => {
                failure = Some(format!("{error:#}"));
                break;
            }
        };
        show(&progress, &submissions, follower.is_some().then_some(open));
        if !is_submitting && open == 0 {
            break;
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => {}
            error = &mut failed => {
                failure = Some(format!("{error:#}"));
                break;
            }
        }
    }
    stop_submitting.cancel();
    let generator_cpu = generator.finish(&mut submissions).await?;
    if let Some(submitted) = submitted {
        submitted();
    }
    let reports = match &mut follower {
        Some(follower) => Some(last_look(follower, &submissions, client, &mut failure).await),
        None => None,
    };
    progress.finish();
    Ok(Watched {
        submissions,
        reports,
        looked_at: clock::now(),
        interrupted: stop.is_cancelled(),
        failure,
        generator_cpu,
    })
}

/// Returns the last known states of the reports. An error counts as a failure of the test, unless it failed
/// before.
async fn last_look(
    follower: &mut Follower,
    submissions: &[Submission],
    client: &LoadClient,
    failure: &mut Option<String>,
) -> HashMap<String, ReportState> {
    let looked = match failure {
        None => follower.look(submissions, client).await.map(drop),
        Some(_) => Ok(()),
    };
    let states = match looked {
        Ok(()) => follower.states(submissions).await,
        Err(error) => Err(error),
    };
    states.unwrap_or_else(|error| {
        failure.get_or_insert_with(|| format!("{error:#}"));
        HashMap::new()
    })
}

fn show(progress: &Progress, submissions: &[Submission], open: Option<usize>) {
    let accepted = submissions.iter().filter(|submission| submission.report_id().is_some()).count();
    let others = submissions.len() - accepted;
    match open {
        Some(open) => progress.show(
            (accepted - open) as u64,
            "have ended",
            &format!("accepted {accepted}, other answers {others}, in flight {open}"),
        ),
        None => progress.show(
            accepted as u64,
            "are accepted",
            &format!("accepted {accepted}, other answers {others}"),
        ),
    }
}
