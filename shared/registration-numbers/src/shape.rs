//! What a pattern allows, for telling what is wrong with a number that does not match it.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind};

/// Longer numbers than this are no scheme's.
const LENGTH_MAX: usize = 64;

/// The characters and lengths that a pattern allows.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Ranges of characters, both ends included.
    characters: Vec<(char, char)>,
    /// In characters; empty where there is no bound.
    lengths: BTreeSet<usize>,
}

impl Shape {
    /// The shape of `pattern`; of anything, where it cannot be read.
    pub(super) fn of(pattern: &str) -> Self {
        let Ok(hir) = regex_syntax::parse(pattern) else { return Self::default() };
        let mut shape = Self::default();
        shape.characters(&hir);
        shape.lengths = lengths(&hir).unwrap_or_default();
        shape
    }

    pub(super) fn has_character(&self, c: char) -> bool {
        self.characters.is_empty()
            || self.characters.iter().any(|(first, last)| (*first..=*last).contains(&c))
    }

    pub(super) fn has_length(&self, length: usize) -> bool {
        self.lengths.is_empty() || self.lengths.contains(&length)
    }

    fn characters(&mut self, hir: &Hir) {
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
            HirKind::Repetition(repeated) => self.characters(&repeated.sub),
            HirKind::Capture(capture) => self.characters(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().for_each(|part| self.characters(part));
            }
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }
}

/// The lengths that `hir` matches; none where there is no bound.
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
            let most = repeated
                .max
                .and_then(|most| usize::try_from(most).ok())
                .filter(|most| *most <= LENGTH_MAX)?;
            let mut all = BTreeSet::new();
            let mut so_far = BTreeSet::from([0]);
            for count in 0..=most {
                if count >= usize::try_from(repeated.min).ok()? {
                    all.extend(&so_far);
                }
                so_far = sums(&so_far, &each);
            }
            Some(all)
        }
    }
}

/// Every sum of one of `some` and one of `others`.
fn sums(some: &BTreeSet<usize>, others: &BTreeSet<usize>) -> BTreeSet<usize> {
    some.iter().flat_map(|a| others.iter().map(move |b| a + b)).filter(|sum| *sum <= LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_lengths_are_those_of_the_pattern() {
        let shape = Shape::of("^(?:U[0-9]{8}|[0-9]{2}([A-C]{3})?)$");
        assert_eq!(shape.lengths, BTreeSet::from([2, 5, 9]));
        assert!(shape.has_character('U') && shape.has_character('B') && shape.has_character('7'));
        assert!(!shape.has_character('D') && !shape.has_character('-'));
        assert!(Shape::of("^(?:.+)$").has_length(1_000));
    }
}
