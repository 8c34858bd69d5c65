//! Asks the engine and counts its answers.

use std::{num::NonZero, thread};

use screening::ListedEntity;

use crate::{engine::Engine, proportion::Proportion, sample::Case};

/// The thresholds of the curve, in hundredths.
pub(crate) const CURVE: std::ops::RangeInclusive<u8> = 50..=100;

/// The answer of an engine to a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer<'a> {
    pub(crate) case: Case<'a>,
    /// The score of the entry that is meant; 0 if the engine does not find it at all.
    pub(crate) score: f32,
    /// Whether no other entry comes before it, except with the same score.
    pub(crate) is_first: bool,
    /// The entry with the highest score.
    pub(crate) best: Option<Best>,
    /// The highest score of an entry that is not meant.
    pub(crate) other_score: f32,
}

/// The entry with the highest score.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Best {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) score: f32,
}

impl Answer<'_> {
    /// Returns whether the entry that is meant is reported at this threshold.
    pub(crate) fn is_found(&self, threshold: f32) -> bool {
        self.case.expected.is_some() && self.score >= threshold
    }

    /// Returns whether an entry that is not meant is reported at this threshold.
    pub(crate) fn has_others(&self, threshold: f32) -> bool {
        self.other_score >= threshold
    }
}

/// Asks `engine` each query, on all cores. The answers are in the order of the queries.
pub(crate) fn ask<'a>(engine: &dyn Engine, cases: Vec<Case<'a>>) -> Vec<Answer<'a>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let chunk = cases.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = cases
            .chunks(chunk)
            .map(|cases| {
                scope.spawn(move || cases.iter().map(|case| answer(engine, case)).collect::<Vec<_>>())
            })
            .collect();
        let answers = workers.into_iter().map(|worker| match worker.join() {
            Ok(answers) => answers,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        answers.flatten().collect()
    })
}

fn answer<'a>(engine: &dyn Engine, case: &Case<'a>) -> Answer<'a> {
    let found = engine.search(&case.query);
    let is_meant = |id: &str| case.expected.is_some_and(|entity: &ListedEntity| entity.id == id);
    let position = found.iter().position(|entry| is_meant(entry.id));
    let meant = position.and_then(|position| found.get(position));
    let score = meant.map_or(0.0, |entry| entry.score);
    let before = position.and_then(|position| found.get(..position)).unwrap_or_default();
    let highest = |scores: &mut dyn Iterator<Item = f32>| scores.fold(0.0, f32::max);
    let top = highest(&mut found.iter().map(|entry| entry.score));
    Answer {
        case: case.clone(),
        score,
        is_first: meant.is_some() && before.iter().all(|other| other.score <= score),
        best: found.iter().find(|entry| entry.score >= top).map(|entry| Best {
            id: entry.id.to_owned(),
            name: entry.name.to_owned(),
            score: entry.score,
        }),
        other_score: highest(&mut found.iter().filter(|entry| !is_meant(entry.id)).map(|entry| entry.score)),
    }
}

/// Returns the proportion of `answers` for which `is_counted` holds.
pub(crate) fn proportion<'a>(
    answers: impl IntoIterator<Item = &'a Answer<'a>>,
    is_counted: impl Fn(&Answer<'a>) -> bool,
) -> Proportion {
    let (mut count, mut of) = (0, 0);
    for answer in answers {
        of += 1;
        count += usize::from(is_counted(answer));
    }
    Proportion::new(count, of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Found, Query};

    /// An engine that gives the same answer to everything.
    struct Fixed(Vec<(&'static str, f32)>);

    impl Engine for Fixed {
        fn search(&self, _: &Query) -> Vec<Found<'_>> {
            self.0.iter().map(|(id, score)| Found { id, name: id, score: *score }).collect()
        }

        fn threshold(&self) -> f32 {
            0.75
        }
    }

    fn entity(id: &str) -> ListedEntity {
        ListedEntity { id: id.into(), name: id.into(), ..ListedEntity::default() }
    }

    #[test]
    fn the_entry_that_is_meant_is_found_first_or_behind_others() {
        let engine = Fixed(vec![("a", 0.9), ("b", 0.9), ("c", 0.8), ("d", 0.7)]);
        let entities = ["a", "b", "c", "d", "e"].map(entity);
        let cases = entities.iter().map(|entity| Case { query: Query::default(), expected: Some(entity) });
        let answers = ask(&engine, cases.collect());
        let first: Vec<bool> = answers.iter().map(|answer| answer.is_first).collect();
        assert_eq!(first, [true, true, false, false, false], "the same score is the same place");
        let found: Vec<bool> = answers.iter().map(|answer| answer.is_found(0.75)).collect();
        assert_eq!(found, [true, true, true, false, false]);
        assert_eq!(answers[0].other_score, 0.9);
        assert_eq!(answers[4].best.as_ref().map(|best| best.id.as_str()), Some("a"));
    }

    #[test]
    fn a_clean_name_has_only_others() {
        let case = Case { query: Query::default(), expected: None };
        let answers = ask(&Fixed(vec![("a", 0.76)]), vec![case.clone()]);
        assert!(!answers[0].is_found(0.5) && answers[0].has_others(0.75) && !answers[0].has_others(0.77));
        let nothing = ask(&Fixed(vec![]), vec![case]);
        assert!(nothing[0].best.is_none() && !nothing[0].has_others(0.5));
    }

    #[test]
    fn answers_keep_the_order_of_the_queries() {
        let case = |number: usize| Case {
            query: Query { name: number.to_string(), ..Query::default() },
            expected: None,
        };
        let answers = ask(&Fixed(vec![]), (0..1_000).map(case).collect());
        assert!(answers.iter().enumerate().all(|(at, answer)| answer.case.query.name == at.to_string()));
    }
}
