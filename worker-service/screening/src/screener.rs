//! Searches a list: by name and by registration number.

mod numbers;

use std::{
    cmp::Ordering,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustc_hash::FxHashMap;

use self::numbers::{NumberHit, Numbers, NumbersBuilder};
use crate::{
    compare::Comparison,
    entity::{ListedEntity, NameKind},
    hit::{Hit, Reasons, order_of_names},
    index::{Index, IndexBuilder, NameScores, SharedBigrams},
    query::PreparedQuery,
    scoring::ScoreParts,
    store::Entities,
};

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

/// Builds a [`Screener`], entity by entity, so that the entities of a list need not be in memory together.
#[derive(Debug)]
pub struct ScreenerBuilder {
    entities: Entities,
    index: IndexBuilder,
    numbers: NumbersBuilder,
    names: usize,
}

impl Default for ScreenerBuilder {
    fn default() -> Self {
        Self {
            entities: Entities::default(),
            index: IndexBuilder::new(),
            numbers: NumbersBuilder::default(),
            names: 0,
        }
    }
}

impl ScreenerBuilder {
    /// Adds an entity.
    pub fn add(&mut self, entity: &ListedEntity) {
        let position = self.entities.push(entity);
        self.index.add(entity.names());
        self.numbers.add(position, entity);
        self.names += entity.names().count();
    }

    /// Returns the number of entities that were added.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Returns whether no entity was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of names of all entities that were added.
    pub fn names(&self) -> usize {
        self.names
    }

    /// Returns the screener of all entities that were added.
    pub fn finish(mut self) -> Screener {
        self.entities.shrink();
        Screener {
            entities: self.entities,
            numbers: self.numbers.finish(),
            index: self.index.finish(),
            workspaces: Mutex::default(),
        }
    }
}

/// The best name of an entity.
struct Found {
    name_kind: NameKind,
    /// Position of the name among those of the entity.
    position: u32,
    reasons: Reasons,
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

impl Found {
    /// Returns which of two names of an entity represents it (`Less`): the one with the higher score, then by
    /// [`order_of_names`], then the first one.
    fn order(&self, other: &Self) -> Ordering {
        let of_name = |found: &Self| (found.reasons.matched_weight, found.name_kind);
        other
            .reasons
            .score
            .score()
            .total_cmp(&self.reasons.score.score())
            .then_with(|| order_of_names(of_name(self), of_name(other)))
            .then_with(|| self.position.cmp(&other.position))
    }
}

/// Adds an entity that has the number of the company, or raises its score if its name is similar as well.
fn add_number(hit: NumberHit, country: Option<&str>, found: &mut FxHashMap<u32, Found>) {
    let NumberHit { entity, is_of_country } = hit;
    let country_agrees = is_of_country.filter(|_| country.is_some());
    let is_certain = is_of_country.is_some() || country.is_none();
    let of_number =
        ScoreParts::of_number(if is_certain { NUMBER_ONLY_SCORE } else { NUMBER_WITHOUT_COUNTRY_SCORE });
    match found.get_mut(&entity) {
        // The entity has the number twice.
        Some(Found { reasons, .. }) if reasons.number_agrees => {
            if of_number.score() > reasons.score.score() {
                reasons.score = of_number;
                reasons.country_agrees = country_agrees;
            }
        }
        Some(Found { reasons, .. }) => {
            reasons.number_agrees = true;
            reasons.score = reasons.score.with_number();
        }
        None => {
            let reasons =
                Reasons { score: of_number, number_agrees: true, country_agrees, ..Reasons::default() };
            found.insert(entity, Found { name_kind: NameKind::Main, position: 0, reasons });
        }
    }
}

/// Returns the share of a score that the country takes away.
fn country_penalty(comparison: &Comparison, country_agrees: Option<bool>) -> f32 {
    match country_agrees {
        Some(true) => 0.0,
        None => UNKNOWN_COUNTRY_PENALTY,
        Some(false) => {
            OTHER_COUNTRY_PENALTY + OTHER_COUNTRY_COMMON_NAME_PENALTY * (-comparison.matched_weight).exp()
        }
    }
}

#[cfg(test)]
mod tests;
