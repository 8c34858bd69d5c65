//! English translations of words in other languages and scripts.

use std::{collections::HashMap, sync::LazyLock};

use super::{fold, script, tables};

/// The token that replaces every legal form in a script without spaces, such as 株式会社.
pub(super) const LEGAL_FORM: &str = "ltd";

static TRANSLATIONS: LazyLock<Translations> = LazyLock::new(Translations::read);

/// Words of other languages and scripts with their English translation.
#[derive(Debug)]
pub(super) struct Translations {
    /// English words by the folded foreign word.
    english: HashMap<String, String>,
    /// Length, in characters, of the longest known word in a script without spaces.
    pub(super) longest_unspaced: usize,
}

/// Returns the table of translations, which is read once per process.
pub(super) fn translations() -> &'static Translations {
    &TRANSLATIONS
}

impl Translations {
    fn read() -> Self {
        let mut english = HashMap::new();
        let mut longest_unspaced = 1;
        let unspaced_forms = tables::legal_forms()
            .filter(|form| form.chars().any(script::is_unspaced))
            .map(|form| (form, LEGAL_FORM));
        // The first row of a word wins: a legal form before a translation.
        for (word, meaning) in unspaced_forms.chain(tables::translations()) {
            let word = fold::fold(word);
            if word.chars().any(script::is_unspaced) {
                longest_unspaced = longest_unspaced.max(word.chars().count());
            }
            english.entry(word).or_insert_with(|| meaning.to_owned());
        }
        Self { english, longest_unspaced }
    }

    /// Returns the English translation of a folded word or phrase, or `None` if it is not in the table.
    pub(super) fn of(&self, word: &str) -> Option<&str> {
        self.english.get(word).map(String::as_str)
    }
}
