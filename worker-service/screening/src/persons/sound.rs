//! Keys of words by which different spellings of one name are found and compared.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use crate::names::phonetic::sounds;

/// Spellings of one vowel in names that `names` leaves apart.
const VOWELS: [(&str, &str); 3] = [("ue", "u"), ("oe", "o"), ("ae", "e")];

/// Returns the sounds of a word as ASCII letters; capital letters are sibilants.
pub(super) fn key(word: &str) -> String {
    let mut sounds = sounds(&keep_consonant_j(word)).replace(CONSONANT_J, "j");
    for (spelling, sound) in VOWELS {
        if sounds.len() > 3 && sounds.contains(spelling) {
            sounds = sounds.replace(spelling, sound);
        }
    }
    sounds
}

/// Stands for a "j" that is a consonant while other sounds are found.
const CONSONANT_J: char = 'Q';

/// Marks each "j" between vowels as a consonant, as in "Majid": `names` reads it as a part of a diphthong. After "i" it
/// is one, as in "Marija".
fn keep_consonant_j(word: &str) -> String {
    let bytes = word.as_bytes();
    let is_vowel = |at: Option<usize>, vowels: &[u8]| {
        at.and_then(|at| bytes.get(at)).is_some_and(|c| vowels.contains(c))
    };
    let kept = word.char_indices().map(|(at, c)| {
        let is_consonant =
            c == 'j' && is_vowel(at.checked_sub(1), b"aeou") && is_vowel(Some(at + 1), b"aeiou");
        if is_consonant { CONSONANT_J } else { c }
    });
    kept.collect()
}

/// Returns the consonants of `sounds`, those that spellings and typing confuse as one letter.
pub(super) fn skeleton(sounds: &str) -> String {
    let mut skeleton = String::with_capacity(sounds.len());
    for c in sounds.bytes() {
        let class = match c {
            b'b' | b'p' => b'b',
            b'd' | b't' => b'd',
            b'g' | b'k' => b'k',
            b'v' | b'f' => b'v',
            b's' | b'z' | b'c' | b'S' | b'C' | b'J' | b'j' => b's',
            b'm' | b'n' | b'l' | b'r' => c,
            b'0'..=b'9' => c,
            _ => continue,
        };
        if skeleton.as_bytes().last() != Some(&class) {
            skeleton.push(char::from(class));
        }
    }
    skeleton
}

/// Returns the skeletons of a word that was written without short vowels: its `w` and `v` may be long vowels.
pub(super) fn native_skeletons(sounds: &str) -> Vec<String> {
    let mut spellings = vec![String::new()];
    for c in sounds.chars() {
        let longer: Vec<String> = spellings.iter().map(|spelling| format!("{spelling}{c}")).collect();
        if matches!(c, 'v' | 'u' | 'w') && spellings.len() < 4 {
            spellings.extend(longer.iter().map(|spelling| spelling.trim_end_matches(c).to_owned()));
            let with: Vec<String> = longer.iter().map(|text| text.replace(['u', 'w'], "v")).collect();
            spellings.extend(with);
        } else {
            spellings = longer;
        }
    }
    let mut skeletons: Vec<String> = spellings.iter().map(|spelling| skeleton(spelling)).collect();
    skeletons.sort_unstable();
    skeletons.dedup();
    skeletons
}

/// Returns a hash of a key, with the kind of key mixed in.
pub(super) fn hash(kind: u8, key: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    kind.hash(&mut hasher);
    key.hash(&mut hasher);
    let hash = hasher.finish();
    #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed")]
    let folded = (hash ^ (hash >> 32)) as u32;
    folded
}

/// Calls `add` with `sounds` and with each text that leaves out one of its letters.
pub(super) fn deletions(sounds: &str, mut add: impl FnMut(&[u8])) {
    let bytes = sounds.as_bytes();
    add(bytes);
    let mut shorter = Vec::with_capacity(bytes.len());
    for at in 0..bytes.len() {
        // Leaving out either of two equal neighbours gives the same text.
        if bytes.len() > 3 && (at == 0 || bytes[at - 1] != bytes[at]) {
            shorter.clear();
            shorter.extend_from_slice(&bytes[..at]);
            shorter.extend_from_slice(&bytes[at + 1..]);
            add(&shorter);
        }
    }
}
