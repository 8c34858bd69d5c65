//! Typing errors.

use crate::{
    random::Random,
    words::{Parts, folded},
};

/// Minimum number of letters of a word that gets a typing error. Shorter ones would become other words.
const LETTERS_MIN: usize = 4;

/// The neighbours of each key of an English keyboard, in the order of the alphabet.
const NEIGHBOURS: [&str; 26] = [
    "qsz", "vgn", "xvd", "sfec", "wrd", "dgrv", "fhtb", "gjyn", "uok", "hkum", "jlio", "kop", "nk", "bmh",
    "ipl", "ol", "wa", "etf", "adwx", "ryg", "yij", "cbf", "qes", "zcs", "tuh", "xas",
];

/// Makes one typing error in a word outside the legal form: a neighbouring key, or a letter dropped, doubled or
/// swapped with the next.
pub(crate) fn one_typing_error(name: &str, random: &mut Random) -> Option<String> {
    with_errors(name, 1, random)
}

/// Makes two typing errors, in one word or two.
pub(crate) fn two_typing_errors(name: &str, random: &mut Random) -> Option<String> {
    with_errors(name, 2, random)
}

fn with_errors(name: &str, count: usize, random: &mut Random) -> Option<String> {
    let parts = Parts::of(name);
    let letters: Vec<char> = parts.core.chars().collect();
    // A second error could undo the first.
    for _ in 0..8 {
        let mut changed = letters.clone();
        for _ in 0..count {
            changed = with_error(&changed, random)?;
        }
        let changed: String = changed.into_iter().collect();
        if folded(&changed) != folded(parts.core) {
            return Some(parts.with(&changed));
        }
    }
    None
}

fn with_error(letters: &[char], random: &mut Random) -> Option<Vec<char>> {
    // Positions of the letters of words that are long enough.
    let mut positions: Vec<usize> = Vec::new();
    let mut start = 0;
    while start < letters.len() {
        let length = letters[start..].iter().take_while(|c| c.is_alphabetic()).count();
        if length >= LETTERS_MIN {
            positions.extend(start..start + length);
        }
        start += length.max(1);
    }
    let at = *random.choose(&positions)?;
    let mut changed = letters.to_vec();
    match random.below(4) {
        0 if neighbour(letters[at], random).is_some() => changed[at] = neighbour(letters[at], random)?,
        1 => changed.insert(at, letters[at]),
        2 if positions.contains(&(at + 1)) && letters[at] != letters[at + 1] => changed.swap(at, at + 1),
        _ => {
            changed.remove(at);
        }
    }
    Some(changed)
}

/// Returns the letter of a key beside that of `letter`, in its case, or `None` for a letter of another alphabet.
fn neighbour(letter: char, random: &mut Random) -> Option<char> {
    let key = letter.to_ascii_lowercase();
    let keys = NEIGHBOURS.get((key as usize).checked_sub('a' as usize)?)?;
    let other = char::from(*random.choose(keys.as_bytes())?);
    Some(if letter.is_ascii_uppercase() { other.to_ascii_uppercase() } else { other })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of insertions, deletions, substitutions and swaps of neighbours between two texts.
    fn distance(one: &str, other: &str) -> usize {
        let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
        let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
        for i in 0..=one.len() {
            for j in 0..=other.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let cost = usize::from(one[i - 1] != other[j - 1]);
                    let mut best =
                        (table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(table[i - 1][j - 1] + cost);
                    if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                        best = best.min(table[i - 2][j - 2] + 1);
                    }
                    best
                };
            }
        }
        table[one.len()][other.len()]
    }

    #[test]
    fn one_error_is_one_edit_outside_the_legal_form() {
        let name = "QUILLMARSH ORE TERMINALS LIMITED";
        let mut errors = std::collections::HashSet::new();
        for seed in 0..200 {
            let changed = one_typing_error(name, &mut Random::new(seed, "typing")).unwrap();
            assert_eq!(distance(name, &changed), 1, "{changed}");
            assert!(changed.ends_with(" LIMITED") && changed.contains(" ORE "), "{changed}");
            errors.insert(changed.len().cmp(&name.len()));
        }
        assert_eq!(errors.len(), 3, "letters are replaced, dropped and doubled");
    }

    #[test]
    fn two_errors_are_at_most_two_edits() {
        let name = "Quillmarsh Terminals";
        let mut two = 0;
        for seed in 0..200 {
            let changed = two_typing_errors(name, &mut Random::new(seed, "typing")).unwrap();
            let edits = distance(name, &changed);
            assert!((1..=3).contains(&edits), "{changed}");
            two += usize::from(edits == 2);
        }
        assert!(two > 150, "{two}");
    }

    #[test]
    fn short_words_and_other_alphabets() {
        let random = &mut Random::new(1, "typing");
        assert_eq!(one_typing_error("ABC DEF Ltd", random), None);
        assert_eq!(one_typing_error("Limited Liability Company ABC", random), None);
        let changed = one_typing_error("Ромашка", random).unwrap();
        assert_ne!(changed, "Ромашка");
    }
}
