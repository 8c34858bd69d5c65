//! What two names have left over on both sides after their tokens are paired: what tells siblings apart.

use crate::{
    index::ListedName,
    names::{Contrast, Role, Traits},
    query::PreparedQuery,
};

/// Minimum weight, from 0 to 1, of a token that says what a company does, where the other name says something
/// else instead. Such words are too common to identify anybody, but "Acme Shipping" is not "Acme Leasing".
const ACTIVITY_WEIGHT_MIN: f32 = 0.5;
/// As [`ACTIVITY_WEIGHT_MIN`], for places.
const PLACE_WEIGHT_MIN: f32 = 0.5;
/// Conflict of two names of which one has a number, or one of two words that exclude each other, where the other
/// has another: "Plant 12" and "Plant 21", "Northern" and "Southern".
const CONTRAST_CONFLICT: f32 = 1.0;

/// The tokens that are left over on one side, by what they say.
#[derive(Debug, Default)]
struct Rest {
    /// Sum of the weights.
    weight: f32,
    /// Sum of the weights of words that are a company's own.
    names: f32,
    /// Sum of the weights of activities, with the minimum.
    activities: f32,
    /// Sum of the weights of places, with the minimum.
    places: f32,
    contrasts: Vec<Contrast>,
}

impl Rest {
    fn of(tokens: impl Iterator<Item = (Traits, f32)>) -> Self {
        let mut rest = Self::default();
        for (traits, weight) in tokens {
            rest.weight += weight;
            rest.contrasts.extend(traits.contrast);
            if traits.is_legal_form {
                continue;
            }
            match traits.role {
                Role::Filler => {}
                Role::Activity => rest.activities += weight.max(ACTIVITY_WEIGHT_MIN),
                Role::Name => rest.names += weight,
                Role::Place => rest.places += weight.max(PLACE_WEIGHT_MIN),
            }
        }
        rest
    }

    /// Returns the weight of what both sides have and the other lacks.
    fn conflict(&self, other: &Self) -> f32 {
        let contrasts = self
            .contrasts
            .iter()
            .any(|one| other.contrasts.iter().any(|two| one.is_comparable(*two) && one != two));
        let sides = [
            self.weight.min(other.weight),
            (self.names + self.activities).min(other.names + other.activities),
            self.places.min(other.places),
            // A place that is in no table looks like a name.
            self.places.min(other.names),
            self.names.min(other.places),
            if contrasts { CONTRAST_CONFLICT } else { 0.0 },
        ];
        sides.into_iter().fold(0.0, f32::max)
    }
}

impl PreparedQuery<'_> {
    /// Returns how much the tokens of `query_rest` and `listed_rest`, which were not paired, tell the names apart.
    pub(crate) fn conflict(
        &self,
        query_rest: &[usize],
        listed: &ListedName<'_>,
        listed_rest: &[usize],
    ) -> f32 {
        let query = query_rest.iter().map(|at| (self.name.tokens[*at].traits, self.weights[*at]));
        let listed = listed_rest.iter().map(|at| (listed.views[*at].traits, listed.weights[*at]));
        Rest::of(query).conflict(&Rest::of(listed))
    }
}
