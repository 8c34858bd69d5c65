//! What the score of a hit consists of.

/// Number of steps from 0 to 1 in which scores are stated: four decimals. Scores that agree in them are equal.
const STEPS: f32 = 1e4;

/// Minimum score, from 0 to 1, of a match. Of all values at which fewer than three in a hundred unlisted
/// companies are reported, it finds the largest share of listed entities (docs/EVIDENCE.md).
pub const MATCH_THRESHOLD: f32 = 0.75;

/// Maximum score of a hit by a weak name: no higher than that of any match, however similar the name is.
const WEAK_NAME_SCORE_MAX: f32 = MATCH_THRESHOLD;
/// Score of an entity whose number and name are those of the query.
const NAME_AND_NUMBER_SCORE: f32 = 1.0;

/// The parts of a score, in steps. Their sum is the score, from 0 to 1 in these steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScoreParts {
    /// How similar the names are.
    pub(crate) name: i32,
    /// What the country takes away, or adds for persons.
    pub(crate) country: i32,
    /// What the date of birth adds or takes away; `None` for organisations.
    pub(crate) birth_date: Option<i32>,
    /// What a weak name takes away.
    pub(crate) weak_name: i32,
    /// What an equal number adds, of a registration or a document.
    pub(crate) number: i32,
}

impl ScoreParts {
    /// Returns the parts of the score of names that are `similarity` alike, from 0 to 1, of which the country takes
    /// away the share `country_penalty`.
    pub(crate) fn of_names(similarity: f32, country_penalty: f32, is_weak: bool) -> Self {
        let (name, in_country) = (steps(similarity), steps(similarity * (1.0 - country_penalty)));
        let max = if is_weak { steps(WEAK_NAME_SCORE_MAX) } else { steps(1.0) };
        let (country, weak_name) = (in_country - name, in_country.min(max) - in_country);
        Self { name, country, weak_name, ..Self::default() }
    }

    /// Returns the parts of the score of a person whose names are `similarity` alike, from 0 to 1, with what date of
    /// birth and country add or take away. The score is at most `max`.
    pub(crate) fn of_person(similarity: f32, birth_date: f32, country: f32, max: f32) -> Self {
        let (name, birth_date, country) = (steps(similarity), steps(birth_date), steps(country));
        let weak_name = (steps(max) - name - birth_date - country).min(0);
        Self { name, birth_date: Some(birth_date), country, weak_name, number: 0 }
    }

    /// Returns the parts of the score of an entity that has only the number of the query.
    pub(crate) fn of_number(score: f32) -> Self {
        Self { number: steps(score), ..Self::default() }
    }

    /// Returns the parts after a number was found to be the same. It identifies the entity also by a weak name.
    pub(crate) fn with_number(self) -> Self {
        let named = Self { weak_name: 0, number: 0, ..self };
        Self { number: steps(NAME_AND_NUMBER_SCORE) - named.sum(), ..named }
    }

    /// Returns the score, from 0 to 1.
    pub(crate) fn score(self) -> f32 {
        in_one(self.sum())
    }

    /// Returns the score in steps.
    pub(crate) fn sum(self) -> i32 {
        let Self { name, country, birth_date, weak_name, number } = self;
        name + country + birth_date.unwrap_or_default() + weak_name + number
    }
}

/// Returns a number from -1 to 1 in steps.
#[expect(clippy::cast_possible_truncation, reason = "the value is from -10,000 to 10,000")]
fn steps(value: f32) -> i32 {
    (value.clamp(-1.0, 1.0) * STEPS).round() as i32
}

#[expect(clippy::cast_precision_loss, reason = "the value is from -10,000 to 10,000")]
fn in_one(steps: i32) -> f32 {
    steps as f32 / STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_score() {
        let same = ScoreParts::of_names(1.0, 0.0, false);
        assert_eq!((same.score(), same.country), (1.0, 0));
        let weak = ScoreParts::of_names(1.0, 0.02, true);
        assert_eq!((weak.score(), weak.country, weak.weak_name), (WEAK_NAME_SCORE_MAX, -200, -2_300));
        assert_eq!(ScoreParts::of_names(0.5, 0.0, true).weak_name, 0);
        let with_number = weak.with_number();
        assert_eq!((with_number.score(), with_number.weak_name, with_number.number), (1.0, 0, 200));
        assert_eq!(ScoreParts::of_number(0.95).score(), 0.95);
        let person = ScoreParts::of_person(0.8, 0.1, 0.01, 1.0);
        assert_eq!((person.score(), person.birth_date, person.weak_name), (0.91, Some(1_000), 0));
        assert_eq!(ScoreParts::of_person(0.8, 0.1, 0.01, 0.79).weak_name, -1_200);
        assert_eq!((person.with_number().score(), person.with_number().number), (1.0, 900));
    }
}
