//! Follows the accepted reports to their end, all of them together: in a local stack by reading the table, in a
//! deployment by the lists of its API. A look takes at most a small part of the time, however many reports
//! there are. The times of a report are those that the deployment records, so they do not depend on how often
//! the test looks.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::client::LoadClient;
use super::report_list::{Followed, ReportList};
use super::report_state::ReportState;
use super::submission::Submission;
use crate::inspect::Inspector;

/// Shortest pause between two looks.
const MIN_PAUSE: Duration = Duration::from_millis(500);
/// Shortest pause between two looks through an API.
const MIN_PAUSE_API: Duration = Duration::from_secs(2);
/// Pause after a look, as a multiple of the time that it took, but at most [`MAX_PAUSE`].
const PAUSE_FACTOR: u32 = 10;
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// What one look showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Number of accepted reports that have not ended.
    pub(super) open: usize,
    /// Pause until the next look.
    pub(super) pause: Duration,
}

/// Follows reports.
pub(super) enum Follower {
    Table {
        inspector: Box<Inspector>,
        /// Ids of ended reports.
        ended: HashSet<String>,
    },
    List(ReportList),
}

impl Follower {
    /// Returns a follower that reads the table of a local stack.
    pub(super) fn of_table(inspector: Inspector) -> Self {
        Self::Table { inspector: Box::new(inspector), ended: HashSet::new() }
    }

    /// Returns a follower that reads the lists of a deployment.
    pub(super) fn of_list(client: LoadClient) -> Self {
        Self::List(ReportList::new(client, service_runtime::clock::now()))
    }

    /// Looks at the accepted reports of `submissions`.
    ///
    /// # Errors
    /// Returns an error if the reports cannot be read.
    pub(super) async fn look(
        &mut self,
        submissions: &[Submission],
        client: &LoadClient,
    ) -> anyhow::Result<Look> {
        let started = Instant::now();
        let accepted = submissions.iter().filter_map(Submission::report_id);
        let (open, min_pause) = match self {
            Self::Table { inspector, ended } => {
                let looks = inspector.look().await?;
                let terminal = looks.into_iter().filter(|look| look.status.is_terminal());
                ended.extend(terminal.map(|look| look.report_id));
                (accepted.filter(|id| !ended.contains(*id)).count(), MIN_PAUSE)
            }
            Self::List(list) => {
                let open = |list: &ReportList| {
                    let open = submissions.iter().filter_map(|submission| {
                        let id = submission.report_id().filter(|id| !list.has_ended(id))?.to_owned();
                        Some(Followed { tenant: client.tenant_of(submission.number), id })
                    });
                    open.collect::<Vec<_>>()
                };
                let wait = list.look(&open(list)).await?;
                (open(list).len(), wait.unwrap_or(MIN_PAUSE_API))
            }
        };
        Ok(Look { open, pause: min_pause.max((started.elapsed() * PAUSE_FACTOR).min(MAX_PAUSE)) })
    }

    /// Returns the states of the accepted reports of `submissions`, by report id. A report that is not known
    /// yet is absent.
    ///
    /// # Errors
    /// Returns an error if the reports cannot be read.
    pub(super) async fn states(
        &self,
        submissions: &[Submission],
    ) -> anyhow::Result<HashMap<String, ReportState>> {
        let accepted: HashSet<&str> = submissions.iter().filter_map(Submission::report_id).collect();
        let states: Vec<ReportState> = match self {
            Self::Table { inspector, .. } => {
                inspector.reports().await?.into_iter().map(ReportState::from).collect()
            }
            Self::List(list) => list.states().cloned().collect(),
        };
        let states = states.into_iter().filter(|state| accepted.contains(state.id.as_str()));
        Ok(states.map(|state| (state.id.clone(), state)).collect())
    }
}
