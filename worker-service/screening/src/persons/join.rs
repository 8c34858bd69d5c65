//! Pairs of tokens that are written together on one side and apart on the other.

use super::{
    index::NameView,
    pair::Pair,
    parse::Role,
    prepared::QueryToken,
    similarity::{How, joined},
    syllables::SyllableKey,
    vocabulary::Vocabulary,
    word::has_same_syllables,
};

/// Maximum number of words that are written together.
const PARTS_MAX: usize = 3;
/// Quality from which a token that agrees alone is not joined with others.
const GOOD_ALONE: f32 = 0.95;
/// Quality of equal syllables.
const SYLLABLES: f32 = 0.92;

/// One or several neighbouring tokens.
struct Unit {
    bits: u16,
    sounds: String,
    syllables: [SyllableKey; 2],
    parts: usize,
    weight: f32,
    has_name: bool,
}

/// A token as a part of a unit.
struct Part<'a> {
    at: usize,
    text: &'a str,
    sounds: &'a str,
    syllables: [SyllableKey; 2],
    role: Role,
    weight: f32,
}

/// Adds the pairs of one token with several.
pub(super) fn add_pairs(
    query: &[QueryToken],
    name: &NameView<'_>,
    vocabulary: &Vocabulary,
    pairs: &mut Vec<Pair>,
) {
    let good = |side: fn(&Pair) -> u16| {
        pairs.iter().filter(|pair| pair.quality >= GOOD_ALONE).fold(0_u16, |bits, pair| bits | side(pair))
    };
    let (good_query, good_listed) = (good(|pair| pair.query), good(|pair| pair.listed));
    let parts: Vec<Part<'_>> = query
        .iter()
        .enumerate()
        .filter(|(at, _)| good_query & 1 << at == 0)
        .map(|(at, token)| Part {
            at,
            text: &token.token.text,
            sounds: &token.keys.sounds,
            syllables: token.keys.syllables,
            role: token.token.role,
            weight: token.weight,
        })
        .collect();
    let listed_parts: Vec<Part<'_>> = name
        .words
        .iter()
        .zip(name.roles)
        .enumerate()
        .filter(|(at, _)| good_listed & 1 << at == 0)
        .map(|(at, (word, role))| {
            let view = vocabulary.word(*word);
            Part {
                at,
                text: view.text,
                sounds: view.sounds,
                syllables: view.syllables,
                role: role.role,
                weight: vocabulary.weight(*word) * role.role.share(),
            }
        })
        .collect();
    if parts.is_empty() || listed_parts.is_empty() || parts.len() + listed_parts.len() < 3 {
        return;
    }
    let (units, listed_units) = (units(&parts), units(&listed_parts));
    for unit in &units {
        for listed in &listed_units {
            if unit.parts != listed.parts && unit.has_name && listed.has_name {
                pairs.extend(pair(unit, listed));
            }
        }
    }
}

fn pair(unit: &Unit, listed: &Unit) -> Option<Pair> {
    let (a, b) = (unit.sounds.len(), listed.sounds.len());
    if a.abs_diff(b) > 3 || !starts_alike(&unit.sounds, &listed.sounds) {
        return None;
    }
    let (quality, how) = match joined(&unit.sounds, &listed.sounds) {
        quality if quality > 0.0 => (quality, How::Joined),
        _ if has_same_syllables(unit.syllables, listed.syllables) => (SYLLABLES, How::Syllables),
        _ => return None,
    };
    let weight = (unit.weight + listed.weight) / 2.0;
    Some(Pair { query: unit.bits, listed: listed.bits, quality, how, weight })
}

/// Returns the runs of up to [`PARTS_MAX`] neighbours. Arabic articles between them are left out.
fn units(parts: &[Part<'_>]) -> Vec<Unit> {
    let is_article = |part: &Part<'_>| {
        part.role == Role::Particle && part.text.len() < 4 && "aeuo".contains(&part.text[..1])
    };
    let joinable: Vec<&Part<'_>> = parts
        .iter()
        .filter(|part| !matches!(part.role, Role::Title | Role::Initial) && !is_article(part))
        .collect();
    let mut units = Vec::new();
    for start in 0..joinable.len() {
        let mut unit = Unit {
            bits: 0,
            syllables: [SyllableKey::default(); 2],
            sounds: String::new(),
            parts: 0,
            weight: 0.0,
            has_name: false,
        };
        for Part { at, sounds, syllables, role, weight, .. } in joinable[start..].iter().take(PARTS_MAX) {
            unit.bits |= 1 << at;
            unit.sounds.push_str(sounds);
            unit.syllables = match unit.parts {
                0 => *syllables,
                _ => [0, 1].map(|language| unit.syllables[language].then(syllables[language])),
            };
            unit.parts += 1;
            unit.weight += weight;
            unit.has_name |= role.is_name();
            units.push(Unit { sounds: unit.sounds.clone(), ..unit });
        }
    }
    units
}

/// Returns whether two sounds begin with consonants that romanisations confuse, or with vowels.
fn starts_alike(a: &str, b: &str) -> bool {
    let class = |sounds: &str| match sounds.bytes().next().unwrap_or(0) {
        b'p' | b'b' => b'b',
        b't' | b'd' => b'd',
        b'k' | b'g' => b'k',
        b'v' | b'f' => b'v',
        b's' | b'z' | b'c' | b'S' | b'C' | b'J' | b'j' => b's',
        b'l' | b'r' => b'l',
        b'a' | b'e' | b'i' | b'o' | b'u' | b'y' => b'a',
        other => other,
    };
    class(a) == class(b)
}
