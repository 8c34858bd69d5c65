//! English translations of words in other languages and scripts.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{fold, numerals, romanize::romanize, script, tables};

/// The token that replaces every legal form in a script without spaces, such as 株式会社.
pub(super) const LEGAL_FORM: &str = "ltd";

static TRANSLATIONS: LazyLock<Translations> = LazyLock::new(Translations::read);

/// Words of other languages and scripts with their English translation.
#[derive(Debug)]
pub(super) struct Translations {
    /// English words by the folded foreign word.
    english: FxHashMap<String, String>,
    /// English words by a phrase of other scripts than East Asian ones that is replaced as a whole.
    phrases: FxHashMap<String, String>,
    /// The first words of `phrases`.
    phrase_starts: FxHashSet<String>,
    /// Number of words of the longest phrase in `phrases`.
    pub(super) longest_phrase: usize,
    /// Length, in characters, of the longest known word in a script without spaces.
    pub(super) longest_unspaced: usize,
}

/// Returns the table of translations, which is read once per process.
pub(super) fn translations() -> &'static Translations {
    &TRANSLATIONS
}

impl Translations {
    fn read() -> Self {
        let mut table = Self {
            english: FxHashMap::default(),
            phrases: FxHashMap::default(),
            phrase_starts: FxHashSet::default(),
            longest_phrase: 1,
            longest_unspaced: 1,
        };
        // The first row of a word wins: a legal form before a translation.
        for form in tables::legal_forms().filter(|form| form.chars().any(script::is_unspaced)) {
            table.add(form, LEGAL_FORM);
        }
        for (word, english) in tables::translations() {
            table.add(word, english);
        }
        for (word, english) in tables::public_bodies() {
            table.add_with_romanisation(word, english);
        }
        for opposite in tables::opposites() {
            for word in opposite.words.filter(|word| is_read_by_meaning(word)) {
                table.add(word, opposite.value);
            }
        }
        for (value, word) in tables::numerals().filter(|(_, word)| is_read_by_meaning(word)) {
            table.add(word, &value.to_string());
        }
        for (word, value) in numerals::east_asian_ordinals() {
            table.add(&word, &value.to_string());
        }
        table
    }

    fn add(&mut self, word: &str, english: &str) {
        let word = fold::fold(word);
        if word.chars().any(script::is_unspaced) {
            self.longest_unspaced = self.longest_unspaced.max(word.chars().count());
        }
        self.english.entry(word).or_insert_with(|| english.to_owned());
    }

    /// Adds a word of a public body. A word in a spaced alphabet is a meaning of its Latin spelling; a phrase,
    /// or a word that stands for several, is replaced where it occurs.
    fn add_with_romanisation(&mut self, word: &str, english: &str) {
        self.add(word, english);
        if word.chars().any(script::is_translated) {
            return;
        }
        let folded = fold::fold(word);
        let spelled: Vec<String> = folded
            .split([' ', '-'])
            .map(|part| romanize(part.chars()))
            .filter(|part| !part.is_empty())
            .collect();
        if spelled.len() > 1 || english.contains(' ') {
            self.longest_phrase = self.longest_phrase.max(spelled.len());
            self.phrase_starts.extend(spelled.first().cloned());
            self.phrases.entry(spelled.join(" ")).or_insert_with(|| english.to_owned());
        } else {
            self.english.entry(spelled.concat()).or_insert_with(|| english.to_owned());
        }
    }

    /// Returns the English translation of a folded word or phrase, or `None` if it is not in the table.
    pub(super) fn of(&self, word: &str) -> Option<&str> {
        self.english.get(word).map(String::as_str)
    }

    /// Returns the words and phrases that have a translation.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.english.keys().map(String::as_str)
    }

    /// Returns whether a phrase of Latin words begins with `word`.
    pub(super) fn begins_phrase(&self, word: &str) -> bool {
        self.phrase_starts.contains(word)
    }

    /// Returns the English words that replace a phrase of Latin words, or `None` if it is not in the table.
    pub(super) fn of_phrase(&self, phrase: &str) -> Option<&str> {
        self.phrases.get(phrase).map(String::as_str)
    }
}

/// Returns whether a word is in a script whose words are looked up before they are romanised.
fn is_read_by_meaning(word: &str) -> bool {
    word.chars().any(script::is_translated)
}
