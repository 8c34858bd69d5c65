//! Searches a list: by name and by registration number.

use rustc_hash::FxHashMap;

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

/// Minimum length, in letters and digits, of a registration number that is compared: shorter ones agree by
/// chance.
const NUMBER_LENGTH_MIN: usize = 6;
/// Length, in letters and digits, of a Legal Entity Identifier (ISO 17442).
const LEI_LENGTH: usize = 20;
/// Kinds of identifiers that are compared with the registration number of a query.
const COMPARED_IDS: [&str; 4] = ["reg", "tax", "lei", "id"];
/// Score of an entity that has the company's registration number but no similar name.
const NUMBER_ONLY_SCORE: f32 = 0.95;

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
    /// Positions of entities by their normalised identifiers.
    by_number: FxHashMap<String, Vec<u32>>,
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
        let names = entities
            .iter()
            .map(|entity| std::iter::once(&entity.name).chain(&entity.aliases).map(String::as_str));
        let index = Index::new(names);
        let mut by_number: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        for (position, entity) in (0_u32..).zip(&entities) {
            for number in comparable_numbers(entity) {
                by_number.entry(number).or_default().push(position);
            }
        }
        Self { entities, index, by_number }
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
        let number = number.map(normalized).filter(|number| number.len() >= NUMBER_LENGTH_MIN);
        if let Some(number) = number {
            self.add_number_hits(&number, country, &mut hits);
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.entity.id.cmp(&b.entity.id)));
        hits
    }

    /// Adds the entities that have `number`, and raises the score of those that are hits already.
    fn add_number_hits<'a>(&'a self, number: &str, country: Option<&str>, hits: &mut Vec<Hit<'a>>) {
        for position in self.by_number.get(number).into_iter().flatten() {
            let entity = &self.entities[*position as usize];
            // The same digits in the register of another country are a different number. Only an LEI is
            // unique across countries.
            let country_agrees = entity.is_in(country);
            if number.len() != LEI_LENGTH && country.is_some() && country_agrees != Some(true) {
                continue;
            }
            match hits.iter_mut().find(|hit| hit.entity.id == entity.id) {
                Some(hit) => {
                    hit.reasons.number_agrees = true;
                    hit.score = 1.0;
                }
                None => {
                    let reasons = Reasons { number_agrees: true, country_agrees, ..Reasons::default() };
                    hits.push(Hit { entity, matched_name: &entity.name, score: NUMBER_ONLY_SCORE, reasons });
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
                if score < min_score || best.get(&listed.entity).is_some_and(|hit| hit.score >= score) {
                    continue;
                }
                let Comparison { matches, query_only, listed_only, .. } = comparison;
                let alias = (listed.position as usize).checked_sub(1);
                let matched_name = alias.map_or(entity.name.as_str(), |at| &entity.aliases[at]);
                let reasons =
                    Reasons { matches, query_only, listed_only, country_agrees, number_agrees: false };
                best.insert(listed.entity, Hit { entity, matched_name, score, reasons });
            }
        }
        best.into_values().collect()
    }
}

/// Returns the normalised numbers of an entity that are compared with registration numbers.
fn comparable_numbers(entity: &ListedEntity) -> impl Iterator<Item = String> {
    // An identifier without a kind is compared as well.
    let ids = entity.ids.iter().map(|id| id.split_once(':').unwrap_or(("id", id)));
    let compared = ids.filter(|(kind, _)| COMPARED_IDS.contains(kind));
    let numbers = compared.map(|(_, rest)| normalized(rest.rsplit(':').next().unwrap_or_default()));
    numbers.filter(|number| number.len() >= NUMBER_LENGTH_MIN)
}

/// Returns a number in the form in which registers and lists agree: upper-case ASCII letters and digits.
fn normalized(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
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
