//! N-grams: runs of neighbouring characters.

use rustc_hash::FxHashSet;

/// Returns the pairs of neighbouring characters. Start and end count as the neighbours `^` and `$`.
pub(super) fn bigrams(letters: &[char]) -> FxHashSet<[char; 2]> {
    let padded: Vec<char> = ['^'].iter().chain(letters).chain(['$'].iter()).copied().collect();
    padded.windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// Returns the runs of three neighbouring characters.
pub(super) fn trigrams(letters: &[char]) -> FxHashSet<[char; 3]> {
    letters.windows(3).map(|run| [run[0], run[1], run[2]]).collect()
}
