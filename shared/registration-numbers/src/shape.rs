//! The characters and lengths that a pattern allows, to explain why a number does not match it.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind};

/// Maximum length considered. No scheme has longer numbers.
const LENGTH_MAX: usize = 64;

/// The characters and lengths that a pattern allows.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// Ranges of characters, both ends included; empty if any character is allowed.
    characters: Vec<(char, char)>,
    /// Lengths in characters; empty if there is no bound.
    lengths: BTreeSet<usize>,
}

impl Shape {
    /// Returns the shape of `pattern`. If it cannot be parsed, the shape allows anything.
    pub(crate) fn of(pattern: &str) -> Self {
        let Ok(hir) = regex_syntax::parse(pattern) else { return Self::default() };
        let mut shape = Self::default();
        shape.add_characters(&hir);
        shape.lengths = lengths(&hir).unwrap_or_default();
        shape
    }

    /// Returns whether some match of the pattern contains `c`.
    pub(crate) fn has_character(&self, c: char) -> bool {
        self.characters.is_empty()
            || self.characters.iter().any(|(first, last)| (*first..=*last).contains(&c))
    }

    /// Returns whether some match of the pattern has `length` characters.
    pub(crate) fn has_length(&self, length: usize) -> bool {
        self.lengths.is_empty() || self.lengths.contains(&length)
    }

    fn add_characters(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => {
                self.characters.extend(String::from_utf8_lossy(&literal.0).chars().map(|c| (c, c)));
            }
            HirKind::Class(Class::Unicode(class)) => {
                self.characters.extend(class.ranges().iter().map(|range| (range.start(), range.end())));
            }
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.ranges().iter().map(|range| (range.start().into(), range.end().into()));
                self.characters.extend(ranges);
            }
            HirKind::Repetition(repeated) => self.add_characters(&repeated.sub),
            HirKind::Capture(capture) => self.add_characters(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().for_each(|part| self.add_characters(part));
            }
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }
}

/// Returns the lengths that `hir` matches, or `None` if there is no bound.
fn lengths(hir: &Hir) -> Option<BTreeSet<usize>> {
    let one = |length: usize| Some(BTreeSet::from([length]));
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => one(0),
        HirKind::Literal(literal) => one(String::from_utf8_lossy(&literal.0).chars().count()),
        HirKind::Class(_) => one(1),
        HirKind::Capture(capture) => lengths(&capture.sub),
        HirKind::Alternation(parts) => {
            parts.iter().map(lengths).try_fold(BTreeSet::new(), |all, part| Some(&all | &part?))
        }
        HirKind::Concat(parts) => {
            parts.iter().map(lengths).try_fold(BTreeSet::from([0]), |all, part| Some(sums(&all, &part?)))
        }
        HirKind::Repetition(repeated) => {
            let each = lengths(&repeated.sub)?;
            let max =
                repeated.max.and_then(|max| usize::try_from(max).ok()).filter(|max| *max <= LENGTH_MAX)?;
            let min = usize::try_from(repeated.min).ok()?;
            let mut all = BTreeSet::new();
            let mut of_count = BTreeSet::from([0]);
            for count in 0..=max {
                if count >= min {
                    all.extend(&of_count);
                }
                of_count = sums(&of_count, &each);
            }
            Some(all)
        }
    }
}

/// Returns every sum, up to [`LENGTH_MAX`], of a length from `first` and a length from `second`.
fn sums(first: &BTreeSet<usize>, second: &BTreeSet<usize>) -> BTreeSet<usize> {
    first.iter().flat_map(|a| second.iter().map(move |b| a + b)).filter(|sum| *sum <= LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_has_the_characters_and_lengths_of_the_pattern() {
        let shape = Shape::of("^(?:U[0-9]{8}|[0-9]{2}([A-C]{3})?)$");
        assert_eq!(shape.lengths, BTreeSet::from([2, 5, 9]));
        assert!(shape.has_character('U') && shape.has_character('B') && shape.has_character('7'));
        assert!(!shape.has_character('D') && !shape.has_character('-'));
        assert!(Shape::of("^(?:.+)$").has_length(1_000));
    }
}
