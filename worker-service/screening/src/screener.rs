//! Searches a list: by name and by registration number.

mod numbers;
mod ranking;

use rustc_hash::FxHashMap;

use self::numbers::{NumberHit, Numbers};
use crate::{
    compare::Comparison,
    entity::ListedEntity,
    hit::{Hit, Reasons},
    index::Index,
    query::PreparedQuery,
};

/// Minimum score, from 0 to 1, of a match. Of all values at which fewer than three in a hundred unlisted
/// companies are reported, it finds the largest share of listed entities (docs/EVIDENCE.md).
pub const MATCH_THRESHOLD: f32 = 0.75;

/// Score of an entity that has the company's registration number but no similar name.
const NUMBER_ONLY_SCORE: f32 = 0.95;
/// Score of an entity that has the company's registration number but no similar name, if it is not known of which
/// country the number is. It is a resemblance: the same digits in another register are another number.
const NUMBER_WITHOUT_COUNTRY_SCORE: f32 = 0.74;

/// Share of the score that is lost if the country of the query or of the entity is unknown.
const UNKNOWN_COUNTRY_PENALTY: f32 = 0.02;
/// Share of the score that is lost if the countries differ, however distinctive the matched tokens are.
const OTHER_COUNTRY_PENALTY: f32 = 0.13;
/// Further share of the score that is lost if the countries differ and the matched tokens have no weight. It
/// falls exponentially with their weight.
const OTHER_COUNTRY_COMMON_NAME_PENALTY: f32 = 0.25;

/// The entities of one list, indexed for searching.
#[derive(Debug)]
pub struct Screener {
    entities: Vec<ListedEntity>,
    index: Index,
    numbers: Numbers,
}

impl Screener {
    /// Returns the number of entities.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Returns whether there are no entities.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Builds the index of `entities`.
    pub fn new(entities: Vec<ListedEntity>) -> Self {
        let index = Index::new(entities.iter().map(|entity| entity.names()));
        let numbers = Numbers::new(&entities);
        Self { entities, index, numbers }
    }

    /// Returns the entities that a company called `name` in `country` (ISO 3166-1 alpha-2) could be, with a
    /// score of at least `min_score`, by descending score.
    pub fn search(&self, name: &str, country: Option<&str>, min_score: f32) -> Vec<Hit<'_>> {
        self.search_with(name, country, None, min_score)
    }

    /// Searches as [`search`](Self::search) does, and by the company's registration number as well: an entity
    /// with that number is found under any name.
    pub fn search_with(
        &self,
        name: &str,
        country: Option<&str>,
        number: Option<&str>,
        min_score: f32,
    ) -> Vec<Hit<'_>> {
        let mut hits = self.search_name(name, country, min_score);
        if let Some(number) = number {
            self.add_number_hits(number, country, &mut hits);
            hits.retain(|hit| hit.score >= min_score);
        }
        hits.sort_by(|a, b| b.rank().total_cmp(&a.rank()).then_with(|| a.entity.id.cmp(&b.entity.id)));
        hits
    }

    /// Adds the entities that have `number`, and raises the score of those that are hits already.
    fn add_number_hits<'a>(&'a self, number: &str, country: Option<&str>, hits: &mut Vec<Hit<'a>>) {
        for NumberHit { entity, is_of_country } in self.numbers.find(number, country, &self.entities) {
            let entity = &self.entities[entity as usize];
            match hits.iter_mut().find(|hit| std::ptr::eq(hit.entity, entity)) {
                Some(hit) => {
                    hit.reasons.number_agrees = true;
                    hit.is_weak = false;
                    hit.score = 1.0;
                }
                None => {
                    let country_agrees = is_of_country.filter(|_| country.is_some());
                    let is_certain = is_of_country.is_some() || country.is_none();
                    let score = if is_certain { NUMBER_ONLY_SCORE } else { NUMBER_WITHOUT_COUNTRY_SCORE };
                    let reasons = Reasons { number_agrees: true, country_agrees, ..Reasons::default() };
                    hits.push(Hit { entity, matched_name: &entity.name, is_weak: false, score, reasons });
                }
            }
        }
    }

    /// Returns a hit for each entity with a name that scores at least `min_score`, in no particular order. An
    /// entity is represented by its best name over all readings of the query.
    fn search_name(&self, name: &str, country: Option<&str>, min_score: f32) -> Vec<Hit<'_>> {
        let mut best: FxHashMap<u32, Hit<'_>> = FxHashMap::default();
        for query in PreparedQuery::readings(&self.index, name) {
            for id in self.index.candidates(&query.sought()) {
                let listed = self.index.name(id);
                let entity = &self.entities[listed.entity as usize];
                let comparison = query.compare(&listed);
                let country_agrees = entity.is_in(country);
                let score = final_score(&comparison, country_agrees);
                let is_weak = entity.is_weak(listed.position as usize);
                let rank = ranking::rank(score, is_weak);
                if score < min_score || best.get(&listed.entity).is_some_and(|hit| hit.rank() >= rank) {
                    continue;
                }
                let Comparison { matches, query_only, listed_only, .. } = comparison;
                let matched_name = entity.names().nth(listed.position as usize).unwrap_or_default();
                let reasons =
                    Reasons { matches, query_only, listed_only, country_agrees, number_agrees: false };
                best.insert(listed.entity, Hit { entity, matched_name, is_weak, score, reasons });
            }
        }
        best.into_values().collect()
    }
}

/// Returns the score of a comparison after the penalty for the country.
fn final_score(comparison: &Comparison, country_agrees: Option<bool>) -> f32 {
    let penalty = match country_agrees {
        Some(true) => 0.0,
        None => UNKNOWN_COUNTRY_PENALTY,
        Some(false) => {
            OTHER_COUNTRY_PENALTY + OTHER_COUNTRY_COMMON_NAME_PENALTY * (-comparison.matched_weight).exp()
        }
    };
    comparison.score * (1.0 - penalty)
}

#[cfg(test)]
mod tests;
