//! Searches the persons of a list.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::{
    candidates::{Weights, candidates},
    compare::{Comparison, compare},
    dates::DateAgreement,
    explain::rounded,
    hit::{PersonHit, Reasons},
    index::{Index, NameView},
    numbers::Numbers,
    pair::Pair,
    parse,
    prepared::QueryToken,
    query::PersonQuery,
    score::score,
};
use crate::{
    entity::{ListedEntity, NameKind},
    explain::Part,
    scoring::ScoreParts,
};

/// Score of a person who has the document of the query but no similar name.
const NUMBER_SCORE: f32 = 0.9;
/// Minimum score of a name that counts as similar if the document of the query is the person's.
const SIMILAR_NAME_MIN: f32 = 0.7;

/// Years by which a date of birth may be off for a person who is preferred among those with the same words.
const YEARS_OFF_MAX: u16 = 2;

/// The persons of a list, indexed for searching.
#[derive(Debug)]
pub struct PersonScreener {
    entities: Vec<ListedEntity>,
    index: Index,
    numbers: Numbers,
    /// Buffers of queries that are not running: as many as queries have run at once.
    buffers: Mutex<Vec<Weights>>,
}

/// The best name of a person so far.
struct Best {
    score: ScoreParts,
    comparison: Comparison,
    /// The number of the query's reading.
    reading: usize,
    /// The number of the name among those in the index.
    name: usize,
    position: usize,
}

impl PersonScreener {
    /// Builds the index of `entities`, all of which are persons.
    pub fn new(entities: Vec<ListedEntity>) -> Self {
        let index = Index::new(&entities);
        let numbers = Numbers::new(&entities);
        Self { entities, index, numbers, buffers: Mutex::default() }
    }

    /// Returns the number of persons.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Returns whether there are no persons.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Returns the listed persons whom `query` may mean, with a score of at least `min_score`, in the order of
    /// [`PersonHit::order`].
    pub fn search(&self, query: &PersonQuery<'_>, min_score: f32) -> Vec<PersonHit<'_>> {
        let mut readings: Vec<Vec<QueryToken>> = parse::readings(query.name)
            .into_iter()
            .map(|tokens| {
                tokens.into_iter().map(|token| QueryToken::new(token, &self.index.vocabulary)).collect()
            })
            .collect();
        // An approximate date may be off by some years.
        let years = query.birth_date.map(|date| {
            let (first, last) = date.years().into_inner();
            first.saturating_sub(YEARS_OFF_MAX)..=last.saturating_add(YEARS_OFF_MAX)
        });
        let buffer = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut weights = buffer.unwrap_or_else(|| Weights::new(self.entities.len()));
        let mut best: FxHashMap<u32, Best> = FxHashMap::default();
        for (number, reading) in readings.iter_mut().enumerate() {
            let is_plausible =
                |person: u32| years.as_ref().is_none_or(|years| self.index.may_be_born_in(person, years));
            for person in candidates(&self.index, reading, &mut weights, is_plausible) {
                self.compare(query, number, reading, person, min_score, &mut best);
            }
        }
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(weights);
        let with_number: Vec<u32> = query
            .number
            .map(|number| self.numbers.find(number, &self.entities))
            .into_iter()
            .flatten()
            .collect();
        // The words of the query may not lead to a person whom the document names.
        for (number, reading) in readings.iter_mut().enumerate() {
            for person in &with_number {
                self.compare(query, number, reading, *person, SIMILAR_NAME_MIN, &mut best);
            }
        }
        best.retain(|person, best| !with_number.contains(person) || best.score.score() >= SIMILAR_NAME_MIN);
        let unnamed = with_number.iter().filter(|person| !best.contains_key(person));
        let mut hits: Vec<PersonHit<'_>> = unnamed.map(|person| self.hit_by_number(query, *person)).collect();
        hits.extend(best.into_iter().map(|(person, best)| {
            let hit = self.hit(query, &readings, person, best);
            if with_number.contains(&person) { hit.with_number() } else { hit }
        }));
        hits.retain(|hit| hit.score >= min_score);
        hits.sort_by(PersonHit::order);
        hits
    }

    /// Compares all names of a person, and keeps the best one that reaches `min_score`.
    fn compare(
        &self,
        query: &PersonQuery<'_>,
        number: usize,
        reading: &mut [QueryToken],
        person: u32,
        min_score: f32,
        best: &mut FxHashMap<u32, Best>,
    ) {
        let entity = &self.entities[person as usize];
        let date = DateAgreement::of(query.birth_date, &entity.birth_dates);
        let country_agrees = entity.is_in(query.country);
        for (name, view) in self.index.names(person).enumerate() {
            let comparison = compare(reading, &view, &self.index.vocabulary);
            let is_weak = NameKind::at(view.position, entity.aliases.len()) == NameKind::Weak;
            let score = score(&comparison, date, country_agrees, is_weak);
            let is_better = best.get(&person).is_none_or(|best| best.score.sum() < score.sum());
            if score.score() >= min_score && is_better {
                let position = view.position;
                best.insert(person, Best { score, comparison, reading: number, name, position });
            }
        }
    }

    fn hit(
        &self,
        query: &PersonQuery<'_>,
        readings: &[Vec<QueryToken>],
        person: u32,
        best: Best,
    ) -> PersonHit<'_> {
        let entity = &self.entities[person as usize];
        let Best { score, comparison, reading, name, position } = best;
        let view = self.index.names(person).nth(name);
        let (parts, query_only, listed_only) =
            view.map(|view| self.explain(&comparison, &readings[reading], &view)).unwrap_or_default();
        PersonHit {
            entity,
            matched_name: entity.names().nth(position).unwrap_or_default(),
            name_kind: NameKind::at(position, entity.aliases.len()),
            score: score.score(),
            reasons: Reasons {
                score,
                matched_weight: comparison.pairs.iter().map(|pair| pair.weight).sum(),
                parts,
                query_only,
                listed_only,
                birth_date: DateAgreement::of(query.birth_date, &entity.birth_dates),
                country_agrees: entity.is_in(query.country),
                number_agrees: false,
            },
        }
    }

    /// Returns the matched tokens, and those that only the query has and only the listed name.
    fn explain(
        &self,
        comparison: &Comparison,
        query: &[QueryToken],
        name: &NameView<'_>,
    ) -> (Vec<Part>, Vec<String>, Vec<String>) {
        let asked: Vec<&str> = query.iter().map(|token| token.token.text.as_str()).collect();
        let listed: Vec<&str> =
            name.words.iter().map(|word| self.index.vocabulary.word(*word).text).collect();
        let chosen = |words: &[&str], bits: u16| {
            let chosen = words.iter().enumerate().filter(|(at, _)| bits & 1 << at != 0);
            chosen.map(|(_, word)| (*word).to_owned()).collect::<Vec<String>>()
        };
        let parts = comparison.pairs.iter().map(|pair| Part {
            query: chosen(&asked, pair.query).join(" "),
            listed: chosen(&listed, pair.listed).join(" "),
            how: pair.how.name(),
            similarity: rounded(pair.quality),
            weight: rounded(pair.weight),
        });
        let used =
            |side: fn(&Pair) -> u16| comparison.pairs.iter().fold(0_u16, |bits, pair| bits | side(pair));
        let (query_used, listed_used) = (used(|pair| pair.query), used(|pair| pair.listed));
        (parts.collect(), chosen(&asked, !query_used), chosen(&listed, !listed_used))
    }

    /// Returns a person who has the document of the query but no similar name.
    fn hit_by_number(&self, query: &PersonQuery<'_>, person: u32) -> PersonHit<'_> {
        let entity = &self.entities[person as usize];
        let score = ScoreParts { birth_date: Some(0), ..ScoreParts::of_number(NUMBER_SCORE) };
        PersonHit {
            entity,
            matched_name: &entity.name,
            name_kind: NameKind::Main,
            score: score.score(),
            reasons: Reasons {
                score,
                matched_weight: 0.0,
                parts: Vec::new(),
                query_only: Vec::new(),
                listed_only: Vec::new(),
                birth_date: DateAgreement::of(query.birth_date, &entity.birth_dates),
                country_agrees: entity.is_in(query.country),
                number_agrees: true,
            },
        }
    }
}
