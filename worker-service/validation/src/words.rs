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

/// A name between the legal forms before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// The legal form before the name, or empty.
    pub(crate) before: &'a str,
    /// The name.
    pub(crate) core: &'a str,
    /// The legal form after the name, or empty.
    pub(crate) after: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        let name = name.trim();
        let core = names::without_legal_form(name);
        let found = core.and_then(|core| name.find(core.as_str()).map(|start| (start, start + core.len())));
        let (start, end) = found.unwrap_or((0, name.len()));
        Self { before: &name[..start], core: &name[start..end], after: &name[end..] }
    }

    /// Returns the name with another core.
    pub(crate) fn with(self, core: &str) -> String {
        format!("{}{core}{}", self.before, self.after)
    }

    /// Returns the legal form, on whichever side it is, or an empty text.
    pub(crate) fn form(self) -> &'a str {
        if self.after.is_empty() { self.before } else { self.after }
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
                words.names.insert(folded(Parts::of(&name).core));
                words.names.insert(name);
            }
        }
        words
    }

    /// Returns whether an entry has this name, with or without a legal form.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        let name = folded(name);
        self.names.contains(folded(Parts::of(&name).core).as_str()) || self.names.contains(&name)
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
    fn legal_forms_before_and_after_a_name_are_apart() {
        for (name, before, core, after) in [
            ("Quillmarsh Ore Terminals Ltd.", "", "Quillmarsh Ore Terminals", " Ltd."),
            ("QUILLMARSH ORE CO., LTD.", "", "QUILLMARSH ORE", " CO., LTD."),
            ("LIMITED LIABILITY COMPANY QUILLMARSH", "LIMITED LIABILITY COMPANY ", "QUILLMARSH", ""),
            ("OOO «Ромашка»", "OOO «", "Ромашка", "»"),
            ("Quillmarsh Ore Terminals", "", "Quillmarsh Ore Terminals", ""),
        ] {
            let parts = Parts::of(name);
            assert_eq!(parts, Parts { before, core, after });
            assert_eq!(parts.with(core), name);
        }
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
