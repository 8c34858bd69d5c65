//! What a news service answers, with what could not be read of it.

use super::story::Story;
use crate::source::ITEMS_MAX;

/// The stories of an answer, and what is missing of it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) stories: Vec<Story>,
    /// Number of articles that could not be read.
    pub(super) unreadable: usize,
    /// Whether the answer ends before its end, so that an unknown number of articles is missing.
    pub(super) is_cut: bool,
    /// Number of spellings of the name for which the service gave no answer.
    pub(super) unanswered: usize,
}

impl Answer {
    /// Returns whether all of the answer could be read.
    pub(super) fn is_complete(&self) -> bool {
        self.unreadable == 0 && !self.is_cut && self.unanswered == 0
    }

    /// Adds the stories of `other` that this answer does not have, and what is missing of it.
    pub(super) fn extend(&mut self, other: Self) {
        let Self { stories, unreadable, is_cut, unanswered } = other;
        for story in stories {
            if self.stories.len() < ITEMS_MAX && !self.stories.iter().any(|known| known.is_same_item(&story))
            {
                self.stories.push(story);
            }
        }
        // Answers for two spellings of a name hold the same articles.
        self.unreadable = self.unreadable.max(unreadable);
        self.is_cut |= is_cut;
        self.unanswered += unanswered;
    }
}
