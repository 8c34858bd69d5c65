//! Searches a list: by name and by registration number.

mod builder;
mod found;
mod numbers;

use std::{
    cmp::Ordering,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustc_hash::FxHashMap;

pub use self::builder::ScreenerBuilder;
use self::{
    found::{Found, add_number, country_penalty},
    numbers::Numbers,
};
use crate::{
    compare::Comparison,
    entity::{ListedEntity, NameKind},
    hit::{Hit, Reasons},
    index::{Index, NameScores, SharedBigrams},
    query::PreparedQuery,
    scoring::ScoreParts,
    store::Entities,
};

/// The entities of one list, indexed for searching. They are kept in little memory: docs/EVIDENCE.md has figures.
#[derive(Debug)]
pub struct Screener {
    entities: Entities,
    index: Index,
    numbers: Numbers,
    /// The workspaces of searches that have ended: as many as there were searches at a time.
    workspaces: Mutex<Vec<Workspace>>,
}

/// What a search fills with counts for each word and name of the list. Searches reuse it, since its allocation takes
/// as long as many a search.
#[derive(Debug, Default)]
struct Workspace {
    shared: SharedBigrams,
    scores: NameScores,
}

impl Screener {
    /// Returns the number of entities.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Returns whether there are no entities.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Builds the index of `entities`.
    pub fn new(entities: Vec<ListedEntity>) -> Self {
        let mut builder = ScreenerBuilder::default();
        for entity in entities {
            builder.add(&entity);
        }
        builder.finish()
    }

    /// Returns the entities that a company called `name` in `country` (ISO 3166-1 alpha-2) could be, with a
    /// score of at least `min_score`, in the order of [`Hit::order`].
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
        let numbered = number.map(|number| self.numbers.find(number, country, &self.entities));
        let numbered = numbered.unwrap_or_default();
        let mut workspace = self.workspaces().pop().unwrap_or_default();
        let mut found = self.search_name(name, country, min_score, &mut workspace);
        self.workspaces().push(workspace);
        for hit in numbered {
            add_number(hit, country, &mut found);
        }
        found.retain(|_, found| found.reasons.score.score() >= min_score);
        let mut hits: Vec<Hit<'_>> = found.into_iter().map(|(at, found)| self.hit(at, found)).collect();
        hits.sort_by(Hit::order);
        hits
    }

    /// Returns the best name of each entity with a name that scores at least `min_score`, over all readings of the
    /// query, by the position of the entity.
    fn search_name(
        &self,
        name: &str,
        country: Option<&str>,
        min_score: f32,
        workspace: &mut Workspace,
    ) -> FxHashMap<u32, Found> {
        let Workspace { shared, scores } = workspace;
        let mut best: FxHashMap<u32, Found> = FxHashMap::default();
        for query in PreparedQuery::readings(&self.index, name, shared) {
            for id in self.index.candidates(&query.sought(), scores) {
                let listed = self.index.name(id);
                let country_agrees = self.entities.is_in(listed.entity, country);
                let name_kind = self.entities.name_kind(listed.entity, listed.position);
                let comparison = query.compare(&listed);
                let penalty = country_penalty(&comparison, country_agrees);
                let score = ScoreParts::of_names(comparison.score, penalty, name_kind == NameKind::Weak);
                if score.score() < min_score {
                    continue;
                }
                let Comparison { matched_weight, matches, query_only, listed_only, .. } = comparison;
                let reasons = Reasons {
                    score,
                    matched_weight,
                    matches,
                    query_only,
                    listed_only,
                    country_agrees,
                    number_agrees: false,
                };
                let found = Found { name_kind, position: listed.position, reasons };
                if best.get(&listed.entity).is_none_or(|other| found.order(other) == Ordering::Less) {
                    best.insert(listed.entity, found);
                }
            }
        }
        best
    }

    fn workspaces(&self) -> MutexGuard<'_, Vec<Workspace>> {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the hit of the entity at a position.
    fn hit(&self, at: u32, found: Found) -> Hit<'_> {
        let Found { name_kind, position, reasons } = found;
        let entity = self.entities.get(at);
        let position = position as usize;
        let others = position.checked_sub(1).map(|at| {
            let weak = at.checked_sub(entity.aliases.len()).and_then(|at| entity.weak_aliases.get(at));
            entity.aliases.get(at).or(weak).copied().unwrap_or_default()
        });
        let matched_name = others.unwrap_or(entity.name);
        Hit { matched_name, entity, name_kind, score: reasons.score.score(), reasons }
    }
}

#[cfg(test)]
mod tests;
