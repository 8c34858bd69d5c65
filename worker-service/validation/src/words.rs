//! Words of names, and which of them a list contains.

use std::collections::{HashMap, HashSet};

use screening::{ListedEntity, names};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Returns `name` in lower case without marks and punctuation, with single spaces. Two names with the same folded
/// form are the same name for everybody.
pub(crate) fn folded(name: &str) -> String {
    let plain = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let spaced: String = plain.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `name` in two parts: the name, and the legal form after it, which may be empty.
pub(crate) fn parts(name: &str) -> (&str, &str) {
    let Some(core) = names::without_legal_form(name) else { return (name.trim(), "") };
    // A legal form before the name is left where it is: only what follows the name is cut off.
    match name.find(core.as_str()) {
        Some(start) => name.split_at(start + core.len()),
        None => (name.trim(), ""),
    }
}

/// Returns whether `word` tells a company from others: neither common in names of companies nor a place.
pub(crate) fn is_distinctive(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphabetic()).count() >= 4 && names::has_distinctive_word(word)
}

/// The names and words of one list's entries of one kind.
#[derive(Debug)]
pub(crate) struct ListWords {
    names: HashSet<String>,
    /// The number of names with a word, by word.
    counts: HashMap<String, usize>,
    /// The first country of each entry that has one.
    countries: Vec<String>,
}

impl ListWords {
    pub(crate) fn new(entities: &[ListedEntity]) -> Self {
        let mut words = Self { names: HashSet::new(), counts: HashMap::new(), countries: Vec::new() };
        for entity in entities {
            words.countries.extend(entity.countries.first().cloned());
            for name in entity.names().map(folded) {
                let distinct: HashSet<&str> = name.split(' ').collect();
                for word in distinct {
                    *words.counts.entry(word.to_owned()).or_default() += 1;
                }
                // Also without its legal form: the same name with another form is no clean name.
                words.names.insert(folded(parts(&name).0));
                words.names.insert(name);
            }
        }
        words
    }

    /// Returns whether an entry has this name, with or without a legal form.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        let name = folded(name);
        self.names.contains(folded(parts(&name).0).as_str()) || self.names.contains(&name)
    }

    /// Returns the number of names that contain `word`.
    pub(crate) fn count(&self, word: &str) -> usize {
        self.counts.get(&folded(word)).copied().unwrap_or_default()
    }

    /// The first country of each entry that has one.
    pub(crate) fn countries(&self) -> &[String] {
        &self.countries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_their_letters() {
        assert_eq!(folded("  Ströndal-Verk, S.A. "), "strondal verk s a");
        assert_eq!(folded("Ромашка"), "ромашка");
        assert_eq!(folded("«»"), "");
    }

    #[test]
    fn the_legal_form_after_a_name_is_apart() {
        assert_eq!(parts("Quillmarsh Ore Terminals Ltd."), ("Quillmarsh Ore Terminals", " Ltd."));
        assert_eq!(parts("QUILLMARSH ORE CO., LTD."), ("QUILLMARSH ORE", " CO., LTD."));
        assert_eq!(parts("Quillmarsh Ore Terminals"), ("Quillmarsh Ore Terminals", ""));
    }

    #[test]
    fn a_list_knows_its_names_and_words() {
        let entity = ListedEntity {
            name: "Quillmarsh Ore Ltd".into(),
            aliases: vec!["Quillmarsh Minerals".into()],
            countries: vec!["PA".into(), "CY".into()],
            ..ListedEntity::default()
        };
        let words = ListWords::new(&[entity]);
        assert!(words.has_name("QUILLMARSH ORE") && words.has_name("Quillmarsh Ore GmbH"));
        assert!(!words.has_name("Quillmarsh"));
        assert_eq!((words.count("quillmarsh"), words.count("Ore"), words.count("Tessaly")), (2, 1, 0));
        assert_eq!(words.countries(), ["PA"]);
    }
}
