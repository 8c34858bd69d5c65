//! A sanctions list that was loaded.

use std::time::Duration;

use domain::time::UtcTime;
#[cfg(test)]
use screening::EntityKind;
use screening::{Screener, persons::PersonScreener};

/// Minimum score, from 0 to 1, at which an entry below the score of a match is reported as a resemblance.
pub const RESEMBLANCE_THRESHOLD: f32 = 0.70;

/// A list that was loaded and prepared for screening.
#[derive(Debug)]
pub(super) struct LoadedList {
    pub(super) name: String,
    /// The date that the list states, in its own notation.
    pub(super) stated_date: Option<String>,
    /// When it was published, or `None` if neither the list nor its file has a date.
    pub(super) published_at: Option<UtcTime>,
    pub(super) loaded_at: UtcTime,
    /// The organisations on it.
    pub(super) organizations: Screener,
    /// The persons on it, if there are any.
    pub(super) persons: PersonScreener,
    /// SHA-256 of the main file, in hexadecimal.
    pub(super) sha256: String,
    /// The number of names of all entries.
    pub(super) names: usize,
}

/// How current a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recency {
    /// Published within the maximum age.
    Current,
    /// Published earlier.
    Outdated,
    /// Published at an unknown time.
    Undated,
}

impl LoadedList {
    /// Returns how current the list is at `now`.
    pub(super) fn recency(&self, now: UtcTime, max_age: Duration) -> Recency {
        match self.published_at {
            None => Recency::Undated,
            Some(published) if now.since(published) > max_age => Recency::Outdated,
            Some(_) => Recency::Current,
        }
    }
}

#[cfg(test)]
impl LoadedList {
    /// Returns a list of one's own with these lines, published and loaded at `now`.
    pub(super) fn invented(lines: &str, now: UtcTime) -> Self {
        let files = screening::lists::Files { main: lines.as_bytes(), ..Default::default() };
        let entries = screening::lists::read(files).unwrap().entities.into_iter();
        let (organizations, persons) = entries.partition(|entry| entry.kind == EntityKind::Organization);
        Self {
            name: "Invented list".to_owned(),
            stated_date: None,
            published_at: Some(now),
            loaded_at: now,
            organizations: Screener::new(organizations),
            persons: PersonScreener::new(persons),
            sha256: String::new(),
            names: 5,
        }
    }
}
