//! Searches the persons of a list.

use rustc_hash::FxHashMap;

use super::{
    candidates::candidates,
    compare::{Comparison, compare},
    dates::DateAgreement,
    explain::rounded,
    hit::{NameKind, PersonHit, Reasons},
    index::{Index, NameView},
    numbers::Numbers,
    pair::Pair,
    parse,
    prepared::QueryToken,
    query::PersonQuery,
    score::Score,
};
use crate::{entity::ListedEntity, explain::Part};

/// Score of a person who has the document of the query but no similar name.
const NUMBER_SCORE: f32 = 0.9;

/// The persons of a list, indexed for searching.
#[derive(Debug)]
pub struct PersonScreener {
    entities: Vec<ListedEntity>,
    index: Index,
    numbers: Numbers,
}

/// The best name of a person so far.
struct Best {
    score: Score,
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
        Self { entities, index, numbers }
    }

    /// Returns the number of persons.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Returns whether there are no persons.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Returns the listed persons whom `query` may mean, with a score of at least `min_score`, by descending score.
    pub fn search(&self, query: &PersonQuery<'_>, min_score: f32) -> Vec<PersonHit<'_>> {
        let mut readings: Vec<Vec<QueryToken>> = parse::readings(query.name)
            .into_iter()
            .map(|tokens| {
                tokens.into_iter().map(|token| QueryToken::new(token, &self.index.vocabulary)).collect()
            })
            .collect();
        let mut best: FxHashMap<u32, Best> = FxHashMap::default();
        for (number, reading) in readings.iter_mut().enumerate() {
            let plausible = |person: u32| {
                DateAgreement::of(query.birth_date, &self.entities[person as usize].birth_dates)
                    >= DateAgreement::Near
            };
            for person in candidates(&self.index, reading, plausible) {
                self.compare(query, number, reading, person, min_score, &mut best);
            }
        }
        let mut hits: Vec<PersonHit<'_>> =
            best.into_iter().map(|(person, best)| self.hit(query, &readings, person, best)).collect();
        self.add_numbers(query, &mut hits);
        hits.retain(|hit| hit.score >= min_score);
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.entity.id.cmp(&b.entity.id)));
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
            let score = Score::new(&comparison, date, country_agrees, entity.is_weak(view.position));
            let is_better = best.get(&person).is_none_or(|best| best.score.total < score.total);
            if score.total >= min_score && is_better {
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
            name_kind: match position {
                0 => NameKind::Main,
                _ if entity.is_weak(position) => NameKind::Weak,
                _ => NameKind::Alias,
            },
            score: score.total,
            reasons: Reasons {
                name_score: comparison.score,
                parts,
                query_only,
                listed_only,
                birth_date: DateAgreement::of(query.birth_date, &entity.birth_dates),
                birth_date_effect: score.birth_date,
                country_agrees: entity.is_in(query.country),
                country_effect: score.country,
                weak_name_effect: score.weak_name,
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

    /// Adds the persons who have the document of the query.
    fn add_numbers<'a>(&'a self, query: &PersonQuery<'_>, hits: &mut Vec<PersonHit<'a>>) {
        let Some(number) = query.number else { return };
        for person in self.numbers.find(number, &self.entities) {
            let entity = &self.entities[person as usize];
            if let Some(hit) = hits.iter_mut().find(|hit| std::ptr::eq(hit.entity, entity)) {
                hit.score = hit.score.max(1.0);
                hit.reasons.number_agrees = true;
                continue;
            }
            hits.push(PersonHit {
                entity,
                matched_name: &entity.name,
                name_kind: NameKind::Main,
                score: NUMBER_SCORE,
                reasons: Reasons {
                    name_score: 0.0,
                    parts: Vec::new(),
                    query_only: Vec::new(),
                    listed_only: Vec::new(),
                    birth_date: DateAgreement::of(query.birth_date, &entity.birth_dates),
                    birth_date_effect: 0.0,
                    country_agrees: entity.is_in(query.country),
                    country_effect: 0.0,
                    weak_name_effect: 0.0,
                    number_agrees: true,
                },
            });
        }
    }
}
