//! The results of a finished soak, which the invariants and the summary read.

use std::time::Duration;

use domain::usage::MicroUsd;

use super::load::Submissions;
use super::options::Options;
use super::process::ProcessHistory;
use super::watch::Watch;
use crate::answer_counter::AnswerCounts;
use crate::fault_proxy::Plan;
use crate::inspect::StoredState;

/// A finished soak.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    /// Time until no report was open, or until the soak gave up.
    pub(super) elapsed: Duration,
    pub(super) submissions: &'a Submissions,
    pub(super) processes: &'a [ProcessHistory],
    pub(super) faults: &'a Plan,
    /// Number of model calls that the Bedrock stand-in answered.
    pub(super) model_calls: u64,
    pub(super) answers: &'a AnswerCounts,
    pub(super) state: &'a StoredState,
    pub(super) watch: &'a Watch,
    /// Time after its submission until which a report is retried.
    pub(super) deadline: Duration,
    /// Maximum age of evidence from an earlier answer of its source.
    pub(super) evidence_max_age: Duration,
    /// Budget of a tenant for one day; 0 means no limit.
    pub(super) tenant_day_budget: MicroUsd,
}

impl Run<'_> {
    /// Returns how often a worker was killed.
    pub(super) fn worker_kills(&self) -> u64 {
        self.kills("worker")
    }

    /// Returns how often a process whose name starts with `service` was killed.
    pub(super) fn kills(&self, service: &str) -> u64 {
        self.processes
            .iter()
            .filter(|process| process.name.starts_with(service))
            .map(|process| process.kills)
            .sum()
    }
}
