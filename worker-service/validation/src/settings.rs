//! What a run tests, and by what.

use std::path::PathBuf;

use jiff::civil::Date;

/// The number of queries of each kind, if no other is given.
pub const DEFAULT_SAMPLE: usize = 200;
/// The seed, if no other is given.
pub const DEFAULT_SEED: u64 = 1;

/// What is tested, and by what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The lists, each a file as `worker-service screen` reads it.
    pub lists: Vec<PathBuf>,
    /// The folder of the files.
    pub out: PathBuf,
    /// The seed of the queries.
    pub seed: u64,
    /// The number of queries of each kind.
    pub sample: usize,
    /// The date that the pack states, if any.
    pub date: Option<Date>,
    /// The version of the program.
    pub version: &'static str,
    /// The version of the rules that turn a match into a level of risk.
    pub rules: String,
    /// The score from which an entry is shown as a resemblance, from 0 to 1.
    pub resemblance_threshold: f32,
}
