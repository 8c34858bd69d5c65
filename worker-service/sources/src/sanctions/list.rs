//! A sanctions list that was loaded.

use domain::time::UtcTime;
use screening::Screener;

/// A list that was loaded and prepared for screening.
#[derive(Debug)]
pub(super) struct LoadedList {
    pub(super) name: String,
    /// The date that the list states.
    pub(super) published: Option<String>,
    pub(super) loaded_at: UtcTime,
    pub(super) screen: Screener,
    /// SHA-256 of the main file, in hexadecimal.
    pub(super) sha256: String,
    /// The number of names of all entries.
    pub(super) names: usize,
}
