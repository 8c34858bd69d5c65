//! The names of a list as tokens, and which persons have which word.

use rustc_hash::FxHashSet;

use super::{
    parse::{self, Role, Token},
    vocabulary::{Vocabulary, VocabularyBuilder},
};
use crate::entity::ListedEntity;

/// The names of a list.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) vocabulary: Vocabulary,
    /// The words of all names, one name after another.
    words: Vec<u32>,
    roles: Vec<PackedRole>,
    name_ends: Vec<u32>,
    /// The position of each name among the names of its person.
    positions: Vec<u16>,
    person_ends: Vec<u32>,
    /// The persons who have each word, one word after another, in ascending order.
    persons: Vec<u32>,
    word_ends: Vec<u32>,
}

/// A role, and whether the token is the family name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackedRole {
    pub(super) role: Role,
    pub(super) is_family: bool,
}

/// A name of a person.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameView<'a> {
    pub(super) words: &'a [u32],
    pub(super) roles: &'a [PackedRole],
    /// Its position among the names of the person.
    pub(super) position: usize,
}

impl Index {
    /// Reads the names of `entities`.
    pub(super) fn new(entities: &[ListedEntity]) -> Self {
        let mut index = Self::default();
        let mut builder = VocabularyBuilder::default();
        let mut seen: FxHashSet<Vec<Token>> = FxHashSet::default();
        for entity in entities {
            seen.clear();
            for (position, name) in entity.names().enumerate().take(usize::from(u16::MAX)) {
                for tokens in parse::readings(name) {
                    if !tokens.is_empty() && !seen.contains(&tokens) {
                        index.push(position, &tokens, &mut builder);
                        seen.insert(tokens);
                    }
                }
            }
            index.person_ends.push(offset(index.name_ends.len()));
        }
        index.invert(builder);
        index
    }

    fn push(&mut self, position: usize, tokens: &[Token], builder: &mut VocabularyBuilder) {
        for token in tokens {
            self.words.push(builder.add(&token.text, token.without_vowels));
            self.roles.push(PackedRole { role: token.role, is_family: token.is_family });
        }
        self.name_ends.push(offset(self.words.len()));
        self.positions.push(u16::try_from(position).unwrap_or(u16::MAX));
    }

    /// Fills the postings: counts the persons of each word, then puts each person into its place.
    fn invert(&mut self, builder: VocabularyBuilder) {
        let mut counts: Vec<u32> = Vec::new();
        let mut last: Vec<u32> = Vec::new();
        self.each_word(|word, person| {
            let at = word as usize;
            if counts.len() <= at {
                counts.resize(at + 1, 0);
                last.resize(at + 1, u32::MAX);
            }
            if last[at] != person {
                last[at] = person;
                counts[at] += 1;
            }
        });
        let mut ends: Vec<u32> = Vec::with_capacity(counts.len());
        let mut total = 0;
        for count in &counts {
            ends.push(total);
            total += count;
        }
        let mut persons = vec![0; total as usize];
        last.fill(u32::MAX);
        self.each_word(|word, person| {
            let at = word as usize;
            if last[at] != person {
                last[at] = person;
                persons[ends[at] as usize] = person;
                ends[at] += 1;
            }
        });
        (self.persons, self.word_ends) = (persons, ends);
        self.vocabulary = builder.finish(&counts, self.person_ends.len());
        for list in [&mut self.words, &mut self.name_ends, &mut self.person_ends] {
            list.shrink_to_fit();
        }
        self.roles.shrink_to_fit();
        self.positions.shrink_to_fit();
    }

    /// Calls `add` with each word that is part of a name and its person, person by person.
    fn each_word(&self, mut add: impl FnMut(u32, u32)) {
        for person in 0..offset(self.person_ends.len()) {
            for name in self.names(person) {
                for word in name.words {
                    add(*word, person);
                }
            }
        }
    }

    /// Returns the names of a person.
    pub(super) fn names(&self, person: u32) -> impl Iterator<Item = NameView<'_>> {
        range(&self.person_ends, person as usize).map(|name| {
            let tokens = range(&self.name_ends, name);
            NameView {
                words: &self.words[tokens.clone()],
                roles: &self.roles[tokens],
                position: usize::from(self.positions[name]),
            }
        })
    }

    /// Returns the words of all names of a person.
    pub(super) fn words(&self, person: u32) -> &[u32] {
        let names = range(&self.person_ends, person as usize);
        let end = |name: usize| if name == 0 { 0 } else { self.name_ends[name - 1] as usize };
        &self.words[end(names.start)..end(names.end)]
    }

    /// Returns the persons who have a word, in ascending order.
    pub(super) fn persons(&self, word: u32) -> &[u32] {
        &self.persons[range(&self.word_ends, word as usize)]
    }
}

fn range(ends: &[u32], at: usize) -> std::ops::Range<usize> {
    let start = if at == 0 { 0 } else { ends[at - 1] as usize };
    start..ends[at] as usize
}

#[expect(clippy::cast_possible_truncation, reason = "a list has fewer than four thousand million tokens")]
fn offset(length: usize) -> u32 {
    length as u32
}
