//! Chooses the persons whose names are compared with a query: those who share its rarest words.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{index::Index, parse::Role, prepared::QueryToken};

/// Maximum number of persons who are compared.
const CANDIDATES_MAX: usize = 160;
/// Number of persons up to which all who have a word are looked at. Of a commoner word, only those are who have another
/// word of the query as well.
const EXPANDED_MAX: usize = 15_000;
/// Maximum number of persons of a common word who are looked at.
const COMMON_MAX: usize = 250_000;
/// Number of words of a person that are looked up about as fast as a person in a list.
const WORDS_PER_PERSON: usize = 6;

/// The listed words that resemble a token.
struct Similar {
    /// The position of the token in the query.
    token: usize,
    weight: f32,
    /// Words with how well they agree, the best first.
    words: Vec<(u32, f32)>,
    /// The number of persons who have them.
    persons: usize,
}

/// A person with the weight of the query's words that they have.
#[derive(Clone, Copy, Default)]
struct Found {
    weight: f32,
    /// The last token that was counted, plus one.
    token: usize,
}

/// Returns the persons to compare with a query. `plausible` tells persons apart who share the same words.
pub(super) fn candidates(
    index: &Index,
    query: &mut [QueryToken],
    plausible: impl Fn(u32) -> bool,
) -> Vec<u32> {
    let mut lists: Vec<Similar> = Vec::new();
    for (at, token) in query.iter_mut().enumerate().filter(|(_, token)| is_searched(token)) {
        let words = token.similar(&index.vocabulary);
        let persons = words.iter().map(|(word, _)| index.persons(*word).len()).sum();
        lists.push(Similar { token: at + 1, weight: token.weight, words, persons });
    }
    // The words that the fewest persons have come first.
    lists.sort_by_key(|list| (list.persons == 0, list.persons, list.token));
    let mut found: FxHashMap<u32, Found> = FxHashMap::default();
    for (at, list) in lists.iter().enumerate() {
        if found.len() + list.persons <= EXPANDED_MAX {
            for (word, quality) in &list.words {
                for person in index.persons(*word) {
                    add(found.entry(*person).or_default(), list.token, list.weight * quality);
                }
            }
        } else if found.is_empty() {
            add_common(index, list, &lists[at + 1..], &mut found);
        } else if list.persons <= found.len() * WORDS_PER_PERSON {
            for (word, quality) in &list.words {
                for person in index.persons(*word) {
                    if let Some(entry) = found.get_mut(person) {
                        add(entry, list.token, list.weight * quality);
                    }
                }
            }
        } else {
            let qualities: FxHashMap<u32, f32> = list.words.iter().copied().collect();
            for (person, entry) in &mut found {
                let words = index.words(*person).iter();
                let best = words.filter_map(|word| qualities.get(word)).copied().fold(0.0, f32::max);
                entry.weight += list.weight * best;
            }
        }
    }
    add_halves(index, query, &mut found);
    best(found, plausible)
}

/// Adds the persons of a common word who have a word of another list too, or all if there is no other list.
fn add_common(index: &Index, list: &Similar, others: &[Similar], found: &mut FxHashMap<u32, Found>) {
    let sought: FxHashSet<u32> =
        others.iter().flat_map(|other| &other.words).map(|(word, _)| *word).collect();
    let persons = list
        .words
        .iter()
        .flat_map(|(word, quality)| index.persons(*word).iter().map(|person| (*person, *quality)));
    for (person, quality) in persons.take(COMMON_MAX) {
        if others.is_empty() || index.words(person).iter().any(|word| sought.contains(word)) {
            add(found.entry(person).or_default(), list.token, list.weight * quality);
        }
    }
}

/// Counts a token once for each person, with its best word, which comes first.
fn add(entry: &mut Found, token: usize, weight: f32) {
    if entry.token != token {
        *entry = Found { weight: entry.weight + weight, token };
    }
}

fn is_searched(token: &QueryToken) -> bool {
    matches!(token.token.role, Role::Name | Role::Patronymic)
}

/// Adds the persons who have both halves of a token as words of their own.
fn add_halves(index: &Index, query: &[QueryToken], found: &mut FxHashMap<u32, Found>) {
    const LOOKED_AT_MAX: usize = 50_000;
    for (at, token) in query.iter().enumerate() {
        for (one, other) in token.halves(&index.vocabulary) {
            let size = |words: &[u32]| words.iter().map(|word| index.persons(*word).len()).sum::<usize>();
            let (fewer, more) = if size(&one) <= size(&other) { (one, other) } else { (other, one) };
            if size(&fewer) > LOOKED_AT_MAX {
                continue;
            }
            for person in fewer.iter().flat_map(|word| index.persons(*word)) {
                if more.iter().any(|word| index.persons(*word).binary_search(person).is_ok()) {
                    let entry = found.entry(*person).or_default();
                    add(entry, query.len() + at + 1, token.weight);
                }
            }
        }
    }
}

/// Returns the persons with the most weight.
fn best(found: FxHashMap<u32, Found>, plausible: impl Fn(u32) -> bool) -> Vec<u32> {
    /// Weight of a date of birth that agrees.
    const DATE: f32 = 0.5;
    /// Share of the most weight below which nobody is compared.
    const WEIGHT_SHARE_MIN: f32 = 0.4;
    /// Number of persons whose dates are compared.
    const DATED_MAX: usize = 2_000;
    let most = found.values().map(|found| found.weight).fold(0.0, f32::max);
    let mut ranked: Vec<(f32, u32)> = found
        .into_iter()
        .filter(|(_, found)| found.weight >= most * WEIGHT_SHARE_MIN)
        .map(|(person, found)| (found.weight, person))
        .collect();
    keep_best(&mut ranked, DATED_MAX);
    if ranked.len() > CANDIDATES_MAX {
        for (weight, person) in &mut ranked {
            *weight += if plausible(*person) { DATE } else { 0.0 };
        }
        keep_best(&mut ranked, CANDIDATES_MAX);
    }
    ranked.into_iter().map(|(_, person)| person).collect()
}

/// Keeps the `count` persons with the most weight.
fn keep_best(ranked: &mut Vec<(f32, u32)>, count: usize) {
    if ranked.len() > count {
        ranked.select_nth_unstable_by(count, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(count);
    }
}
