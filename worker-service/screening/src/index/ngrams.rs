//! N-grams: runs of neighbouring characters, as small numbers.

/// Number of characters that are told apart: letters, digits, the capital letters of phonetic keys, and one for
/// the start and end of a word.
const ALPHABET: u32 = 40;
/// Number of the start and end of a word.
const EDGE: u32 = 39;

/// Number of different bigrams.
pub(super) const BIGRAMS: usize = (ALPHABET * ALPHABET) as usize;
/// Number of different trigrams.
pub(super) const TRIGRAMS: usize = (ALPHABET * ALPHABET * ALPHABET) as usize;

/// Returns the pairs of neighbouring characters, each once, in ascending order. Start and end count as
/// neighbours.
pub(super) fn bigrams(letters: &str) -> Vec<u32> {
    let inner = letters.bytes().map(number);
    let mut found = Vec::with_capacity(letters.len() + 1);
    let mut last = EDGE;
    for next in inner.chain([EDGE]) {
        found.push(last * ALPHABET + next);
        last = next;
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the runs of three neighbouring characters, each once, in ascending order.
pub(super) fn trigrams(letters: &str) -> Vec<u32> {
    let numbers: Vec<u32> = letters.bytes().map(number).collect();
    let mut found: Vec<u32> =
        numbers.windows(3).map(|run| (run[0] * ALPHABET + run[1]) * ALPHABET + run[2]).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the number of a character. The sounds with capital letters have numbers of their own.
fn number(c: u8) -> u32 {
    match c {
        b'a'..=b'z' => u32::from(c - b'a'),
        b'0'..=b'9' => 26 + u32::from(c - b'0'),
        b'S' => 36,
        b'C' => 37,
        b'J' => 38,
        _ => EDGE,
    }
}
