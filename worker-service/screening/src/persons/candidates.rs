//! Chooses the persons whose names are compared with a query: those who share its rarest words.

use rustc_hash::FxHashMap;

use super::{index::Index, parse::Role, prepared::QueryToken};

/// Maximum number of persons who are compared.
const CANDIDATES_MAX: usize = 160;
/// Maximum number of persons who are looked at because of one or several words.
const EXPANDED_MAX: usize = 60_000;
/// Maximum number of persons of a common word who are looked up among the candidates.
const BOOSTED_MAX: usize = 400_000;

/// A person with the weight of the query's words that they have.
#[derive(Clone, Copy, Default)]
struct Found {
    weight: f32,
    /// The last token that was counted, plus one.
    token: usize,
}

/// Returns the persons to compare with a query. `plausible` tells persons apart who share the same words.
pub(super) fn candidates(index: &Index, query: &mut [QueryToken], plausible: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut found: FxHashMap<u32, Found> = FxHashMap::default();
    let mut lists: Vec<(usize, Vec<(u32, f32)>, usize)> = Vec::new();
    for (at, token) in query.iter_mut().enumerate().filter(|(_, token)| is_searched(token)) {
        let similar = token.similar(&index.vocabulary);
        let size = similar.iter().map(|(word, _)| index.persons(*word).len()).sum();
        lists.push((at, similar, size));
    }
    if lists.is_empty() {
        return Vec::new();
    }
    // The words that the fewest persons have come first.
    lists.sort_by_key(|(at, _, size)| (*size == 0, *size, *at));
    for (at, similar, size) in &lists {
        let weight = query[*at].weight;
        let is_expanded = found.is_empty() || found.len() + size <= EXPANDED_MAX;
        if !is_expanded && *size > BOOSTED_MAX {
            continue;
        }
        for (word, quality) in similar {
            for person in index.persons(*word) {
                if is_expanded && found.len() < EXPANDED_MAX {
                    let entry = found.entry(*person).or_default();
                    add(entry, at + 1, weight * quality);
                } else if let Some(entry) = found.get_mut(person) {
                    add(entry, at + 1, weight * quality);
                }
            }
        }
    }
    add_halves(index, query, &mut found);
    best(found, plausible)
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
    let mut ranked: Vec<(f32, u32)> = found.into_iter().map(|(person, found)| (found.weight, person)).collect();
    if ranked.len() > CANDIDATES_MAX {
        for (weight, person) in &mut ranked {
            *weight += if plausible(*person) { DATE } else { 0.0 };
        }
        ranked.select_nth_unstable_by(CANDIDATES_MAX, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(CANDIDATES_MAX);
    }
    ranked.into_iter().map(|(_, person)| person).collect()
}
