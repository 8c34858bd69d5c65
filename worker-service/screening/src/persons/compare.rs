//! Compares a query with a listed name: pairs their tokens, and scores how well the names agree.

use super::{
    index::{NameView, PackedRole},
    join,
    pair::Pair,
    parse::Role,
    prepared::QueryToken,
    similarity::{How, QUALITY_MIN},
    vocabulary::Vocabulary,
};

/// Cost, in weight of a matched token, of a token that is missing on both sides: another name.
const CONFLICT: f32 = 1.6;
/// Cost of a token that only the query has, or only the listed name.
const QUERY_ONLY: f32 = 0.28;
const LISTED_ONLY: f32 = 0.17;
/// Share of its score that a name keeps if it agrees in one word of several.
const ONE_WORD: f32 = 0.62;
/// Share kept if an initial stands for the given name.
const INITIAL_ONLY: f32 = 0.8;
/// Share kept if none of the listed family names agrees.
const NO_FAMILY_NAME: f32 = 0.72;
/// Share kept if the query has words of companies that the listed name lacks.
const COMPANY: f32 = 0.5;
/// Weight of left-over tokens that a name of one word may have and still be complete.
const COMPLETE_MAX: f32 = 0.3;

/// How a query and a listed name agree.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    /// From 0 to 1.
    pub(super) score: f32,
    pub(super) pairs: Vec<Pair>,
    /// Whether a given or family name differs.
    pub(super) conflict: f32,
}

/// Compares a query with a listed name.
pub(super) fn compare(query: &mut [QueryToken], name: &NameView<'_>, vocabulary: &Vocabulary) -> Comparison {
    let mut choices = single_pairs(query, name, vocabulary);
    if choices.is_empty() && query.len() > 1 && name.words.len() > 1 {
        return Comparison { score: 0.0, conflict: 1.0, pairs: choices };
    }
    join::add_pairs(query, name, vocabulary, &mut choices);
    choices.sort_unstable_by(|a, b| {
        b.quality.total_cmp(&a.quality).then(b.weight.total_cmp(&a.weight)).then(a.query.cmp(&b.query))
    });
    let (mut query_used, mut listed_used, mut pairs) = (0, 0, Vec::new());
    for pair in choices {
        if pair.query & query_used == 0 && pair.listed & listed_used == 0 {
            query_used |= pair.query;
            listed_used |= pair.listed;
            pairs.push(pair);
        }
    }
    let rest = Rest {
        query: rest(query_used, query.iter().map(|token| token.weight)),
        listed: rest(listed_used, listed_weights(name, vocabulary)),
    };
    let mut score = share(&pairs, &rest);
    score *= reductions(query, name, &pairs, &rest, query_used);
    Comparison { score, conflict: rest.query.min(rest.listed), pairs }
}

/// The weight of the tokens that are left over.
struct Rest {
    query: f32,
    listed: f32,
}

fn rest(used: u16, weights: impl Iterator<Item = f32>) -> f32 {
    weights.enumerate().filter(|(at, _)| used & 1 << at == 0).map(|(_, weight)| weight).sum()
}

pub(super) fn listed_weights<'a>(
    name: &'a NameView<'_>,
    vocabulary: &'a Vocabulary,
) -> impl Iterator<Item = f32> + 'a {
    name.words.iter().zip(name.roles).map(|(word, role)| vocabulary.weight(*word) * role.role.share())
}

/// Returns the pairs of one token with one. Words that share no key are compared only if something else agrees, and
/// only if neither agrees with another word.
fn single_pairs(query: &mut [QueryToken], name: &NameView<'_>, vocabulary: &Vocabulary) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(8);
    let (mut query_used, mut listed_used) = (0_u16, 0_u16);
    for is_second in [false, true] {
        for (i, token) in query.iter_mut().enumerate() {
            for (j, (word, packed)) in name.words.iter().zip(name.roles).enumerate() {
                let (query_bit, listed_bit) = (1 << i, 1 << j);
                let is_open = query_used & query_bit == 0 && listed_used & listed_bit == 0;
                if !may_agree(token.token.role, *packed) || is_second && !is_open {
                    continue;
                }
                let found = if is_second {
                    Some(token.compare(*word, packed.role, vocabulary))
                } else {
                    token.known(*word, packed.role, vocabulary)
                };
                let Some((quality, how)) = found.filter(|(quality, _)| *quality >= QUALITY_MIN) else {
                    continue;
                };
                let listed = vocabulary.weight(*word) * packed.role.share();
                let weight = (token.weight + listed) / 2.0;
                pairs.push(Pair { query: query_bit, listed: listed_bit, quality, how, weight });
            }
        }
        if pairs.is_empty() && query.len() > 1 {
            break;
        }
        query_used = pairs.iter().fold(0, |used, pair: &Pair| used | pair.query);
        listed_used = pairs.iter().fold(0, |used, pair| used | pair.listed);
    }
    pairs
}

/// Returns whether tokens in these roles are compared. A particle is no name, and an initial no other initial.
fn may_agree(role: Role, other: PackedRole) -> bool {
    let is_minor = |role: Role| matches!(role, Role::Particle | Role::Title | Role::Kunya);
    is_minor(role) == is_minor(other.role)
}

/// Returns the share of both names that agrees.
fn share(pairs: &[Pair], rest: &Rest) -> f32 {
    let (mut matched, mut agreed) = (0.0, 0.0);
    for pair in pairs {
        matched += pair.weight;
        agreed += pair.weight * pair.quality;
    }
    let conflict = rest.query.min(rest.listed);
    let extra = QUERY_ONLY * (rest.query - conflict) + LISTED_ONLY * (rest.listed - conflict);
    let whole = matched + CONFLICT * conflict + extra;
    if whole > 0.0 { agreed / whole } else { 0.0 }
}

fn reductions(query: &[QueryToken], name: &NameView<'_>, pairs: &[Pair], rest: &Rest, used: u16) -> f32 {
    let mut kept = 1.0;
    let is_name = |at: usize| name.roles[at].role == Role::Name;
    let names = |pair: &&Pair| (0..name.roles.len()).any(|at| pair.listed & 1 << at != 0 && is_name(at));
    let words: u32 = pairs
        .iter()
        .filter(|pair| pair.how != How::Initial)
        .filter(names)
        .map(|pair| pair.query.count_ones().max(pair.listed.count_ones()))
        .sum();
    let has_initial = pairs.iter().any(|pair| pair.how == How::Initial);
    if words < 2 && has_initial {
        kept *= INITIAL_ONLY;
    } else if words < 2 && rest.query.max(rest.listed) > COMPLETE_MAX {
        kept *= ONE_WORD;
    }
    let listed_used = pairs.iter().fold(0, |used, pair| used | pair.listed);
    let families = (0..name.roles.len()).filter(|at| name.roles[*at].is_family && is_name(*at));
    let queried =
        (0..query.len()).filter(|at| query[*at].token.is_family && query[*at].token.role == Role::Name);
    let misses = |used: u16, families: &mut dyn Iterator<Item = usize>| {
        let mut families = families.peekable();
        families.peek().is_some() && families.all(|at| used & 1 << at == 0)
    };
    if misses(listed_used, &mut { families }) || misses(used, &mut { queried }) {
        kept *= NO_FAMILY_NAME;
    }
    let is_company = |at: usize| query[at].token.role == Role::Company && used & 1 << at == 0;
    if (0..query.len()).any(is_company) {
        kept *= COMPANY;
    }
    kept
}
