//! Words split, joined and added.

use super::in_case_of;
use crate::{
    random::Random,
    words::{Parts, folded},
};

/// Minimum number of letters of a word that is split.
const SPLIT_MIN: usize = 8;
/// Words that are added to the names of companies, before or after them.
const COMPANY_WORDS: [&str; 10] = [
    "Group",
    "Holding",
    "International",
    "Branch",
    "Head Office",
    "Dubai Branch",
    "Messrs.",
    "The",
    "Worldwide",
    "Representative Office",
];
/// Words of [`COMPANY_WORDS`] that stand before a name.
const BEFORE: [&str; 2] = ["Messrs.", "The"];
/// Titles and forms of address.
const TITLES: [&str; 10] =
    ["Mr.", "Mrs.", "Dr.", "Prof.", "Eng.", "Haji", "Sheikh", "General", "Colonel", "His Excellency"];

/// Writes two words together, or a long word as two.
pub(crate) fn split_or_join(name: &str, random: &mut Random) -> Option<String> {
    let parts = Parts::of(name);
    let mut words: Vec<String> = parts.core.split_whitespace().map(str::to_owned).collect();
    let long: Vec<usize> = (0..words.len())
        .filter(|at| words[*at].chars().count() >= SPLIT_MIN && words[*at].chars().all(char::is_alphabetic))
        .collect();
    if words.len() > 1 && (long.is_empty() || random.one_in(2)) {
        let at = random.below(words.len() - 1);
        let next = words.remove(at + 1);
        words[at].push_str(&next);
    } else {
        let at = *random.choose(&long)?;
        // At least three letters on both sides.
        let middle = 3 + random.below(words[at].chars().count() - 5);
        let position = words[at].char_indices().nth(middle).map(|(position, _)| position)?;
        words[at].insert(position, ' ');
    }
    Some(parts.with(&words.join(" ")))
}

/// Adds a word that says nothing about who the company is.
pub(crate) fn add_company_words(name: &str, random: &mut Random) -> Option<String> {
    let word = *random.choose(&COMPANY_WORDS)?;
    if folded(name).contains(&folded(word)) {
        return None;
    }
    let written = in_case_of(word, name);
    if BEFORE.contains(&word) {
        return Some(format!("{written} {name}"));
    }
    let parts = Parts::of(name);
    Some(parts.with(&format!("{} {written}", parts.core)))
}

/// Adds a title or form of address before the name of a person.
pub(crate) fn add_title(name: &str, random: &mut Random) -> Option<String> {
    let title = random.choose(&TITLES)?;
    Some(format!("{} {name}", in_case_of(title, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spaces_change() {
        let (mut joined, mut split) = (0, 0);
        for seed in 0..100 {
            let changed = split_or_join("Quillmarsh Ore Terminals Ltd", &mut Random::new(seed, "x")).unwrap();
            assert_eq!(changed.replace(' ', ""), "QuillmarshOreTerminalsLtd");
            assert!(changed.ends_with(" Ltd"), "{changed}");
            match changed.split(' ').count() {
                3 => joined += 1,
                5 => split += 1,
                _ => panic!("{changed}"),
            }
        }
        assert!(joined > 20 && split > 20, "{joined} {split}");
        assert_eq!(split_or_join("Quill Ltd", &mut Random::new(1, "x")), None);
    }

    #[test]
    fn added_words_stand_before_the_legal_form() {
        for seed in 0..50 {
            let changed = add_company_words("QUILLMARSH ORE LTD", &mut Random::new(seed, "x")).unwrap();
            assert!(changed.contains("QUILLMARSH ORE") && changed.ends_with("LTD"), "{changed}");
            assert!(changed.len() > "QUILLMARSH ORE LTD".len());
            assert_eq!(changed, changed.to_uppercase());
        }
        let titled = add_title("Orrin Vantrosk", &mut Random::new(1, "x")).unwrap();
        assert!(titled.ends_with(" Orrin Vantrosk"), "{titled}");
    }
}
