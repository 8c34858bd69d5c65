//! What a soak runs, and how.

use std::path::PathBuf;
use std::time::Duration;

use super::schedule::KillInterval;
use crate::stack::Options as StackOptions;

/// Fault rules of a soak that is given none.
pub(crate) const DEFAULT_RULES: [&str; 2] = ["all=0.05", "Sqs.ReceiveMessage=repeat:0.1"];

/// Options of a soak.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Seed, faults and settings of the infrastructure. Without a fault proxy, the soak adds one with
    /// [`DEFAULT_RULES`].
    pub(crate) stack: StackOptions,
    /// Number of reports to submit.
    pub(crate) reports: u32,
    /// Number of API processes.
    pub(crate) apis: u16,
    /// Number of worker processes. [`StackOptions::workers`] is the number of reports that each one processes
    /// concurrently.
    pub(crate) workers: u16,
    /// Maximum number of open reports before the clients submit more.
    pub(crate) backlog: u32,
    /// Maximum time until no report is open.
    pub(crate) within: Duration,
    /// Lifetime of each process before it is killed.
    pub(crate) kill_every: KillInterval,
    /// Directory for the logs of the processes. Without one, the logs are kept only if an invariant is
    /// violated.
    pub(crate) logs: Option<PathBuf>,
}
