//! What two words contrast in: words that exclude each other, and numbers.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{fold::fold, numerals, romanize::romanize, script, tables};

/// A property in which two words agree or contrast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Contrast {
    /// A number, however it is written.
    Number(u32),
    /// One of several words that exclude each other: "north" is a value of the kind "compass".
    Opposite {
        /// Position of the kind in the table.
        kind: u8,
        /// Position of the value in the table.
        value: u8,
    },
}

impl Contrast {
    /// Returns whether both are of one kind, and so either agree or exclude each other.
    pub(crate) fn is_comparable(self, other: Self) -> bool {
        match (self, other) {
            (Self::Number(_), Self::Number(_)) => true,
            (Self::Opposite { kind, .. }, Self::Opposite { kind: other, .. }) => kind == other,
            _ => false,
        }
    }
}

static OPPOSITES: LazyLock<FxHashMap<String, Contrast>> = LazyLock::new(|| {
    let mut words = FxHashMap::default();
    let mut kinds: Vec<&str> = Vec::new();
    for (value, opposite) in (0_u8..).zip(tables::opposites()) {
        if kinds.last() != Some(&opposite.kind) {
            kinds.push(opposite.kind);
        }
        let kind = u8::try_from(kinds.len()).unwrap_or(u8::MAX);
        for word in opposite.words.filter(|word| !word.chars().any(script::is_translated)) {
            words.entry(romanize(fold(word).chars())).or_insert(Contrast::Opposite { kind, value });
        }
    }
    words
});

/// Minimum number of letters of a word that is the first part of a compound, and of the rest.
const COMPOUND_LETTERS_MIN: usize = 3;
/// Maximum number of letters of a word that is the first part of a compound.
const COMPOUND_LETTERS_MAX: usize = 9;

/// Returns what a word of Latin letters and digits contrasts in, or `None` for most words.
pub(super) fn contrast(word: &str) -> Option<Contrast> {
    numerals::value(word).map(Contrast::Number).or_else(|| OPPOSITES.get(word).copied())
}

/// Returns whether two words are compounds that differ only in a first part, and these parts exclude each other:
/// "nordwerk" and "sudwerk".
pub(super) fn is_opposite_compound(a: &str, b: &str) -> bool {
    let longest = COMPOUND_LETTERS_MAX.min(a.len().saturating_sub(COMPOUND_LETTERS_MIN));
    (COMPOUND_LETTERS_MIN..=longest).any(|at| {
        let (Some((first, rest)), Some(other)) = (a.split_at_checked(at), b.len().checked_sub(a.len() - at))
        else {
            return false;
        };
        let Some((other_first, other_rest)) = b.split_at_checked(other) else { return false };
        rest == other_rest
            && match (OPPOSITES.get(first), OPPOSITES.get(other_first)) {
                (Some(one), Some(two)) => one != two && one.is_comparable(*two),
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposites_of_one_kind_are_comparable() {
        let (north, south) = (contrast("severnaya").unwrap(), contrast("southern").unwrap());
        assert!(north.is_comparable(south) && north != south);
        assert_eq!(contrast("norte"), contrast("kuzey"));
        assert!(!north.is_comparable(contrast("export").unwrap()));
        assert_eq!(contrast("kestrel"), None);
    }

    #[test]
    fn compounds_with_opposite_first_parts_are_recognised() {
        assert!(is_opposite_compound("nordwerk", "sudwerk"));
        assert!(is_opposite_compound("ostwerke", "westwerke"));
        assert!(!is_opposite_compound("nordwerk", "nordwark"));
        assert!(!is_opposite_compound("nord", "sud"));
        assert!(!is_opposite_compound("", "x"));
    }
}
