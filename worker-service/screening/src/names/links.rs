//! Splits a text that holds several names: "Granada Stone, formerly Tolkien Marble", "Acme c/o Barter Bank".

use std::{collections::HashMap, sync::LazyLock};

use super::{fold::fold, tables};

/// Maximum number of names that are read from one text. It bounds the time of a query.
const PARTS_MAX: usize = 4;
/// What follows a phrase of the table after which the same company has another name.
const OTHER_NAME: &str = "other name";
/// As [`OTHER_NAME`], for words that can be part of a name: they count only after a comma or bracket.
const SET_OFF_NAME: &str = "other name, set off";

/// The phrases of the table.
struct Links {
    /// What follows each phrase.
    phrases: HashMap<String, &'static str>,
    /// Number of words of the longest phrase.
    longest: usize,
}

static LINKS: LazyLock<Links> = LazyLock::new(|| {
    let phrases: HashMap<String, &str> =
        tables::name_links().map(|(follows, phrase)| (fold(phrase), follows)).collect();
    let longest = phrases.keys().map(|phrase| phrase.split(' ').count()).max().unwrap_or_default();
    Links { phrases, longest }
});

/// Returns the names of one company in `folded`: what stands before the first phrase of the table, and after
/// each phrase that introduces another name of the company. Returns nothing if there is no such phrase.
pub(super) fn names(folded: &str) -> Vec<String> {
    let words: Vec<&str> = folded.split_whitespace().collect();
    let mut parts: Vec<(bool, Vec<&str>)> = vec![(true, Vec::new())];
    let mut at = 0;
    while at < words.len() {
        match link(&words, at) {
            Some((length, is_same_company)) => {
                parts.push((is_same_company, Vec::new()));
                at += length;
            }
            None => {
                if let Some((_, part)) = parts.last_mut() {
                    part.push(words[at]);
                }
                at += 1;
            }
        }
    }
    if parts.len() == 1 {
        return Vec::new();
    }
    let names = parts.into_iter().filter(|(is_same_company, words)| *is_same_company && !words.is_empty());
    names.take(PARTS_MAX).map(|(_, words)| words.join(" ")).collect()
}

/// Returns the number of words of the phrase at `at`, and whether a name of the same company follows. A phrase
/// at the start of the text is part of the name.
fn link(words: &[&str], at: usize) -> Option<(usize, bool)> {
    if at == 0 {
        return None;
    }
    let is_set_off = words[at].starts_with(['(', '[']) || words[at - 1].ends_with([',', ';']);
    let longest = LINKS.longest.min(words.len() - at);
    (1..=longest).rev().find_map(|length| {
        let phrase: Vec<String> = words[at..at + length].iter().map(|word| without_marks(word)).collect();
        match *LINKS.phrases.get(&phrase.join(" "))? {
            SET_OFF_NAME => is_set_off.then_some((length, true)),
            follows => Some((length, follows == OTHER_NAME)),
        }
    })
}

/// Returns a word without brackets and commas around it and without full stops.
fn without_marks(word: &str) -> String {
    word.trim_matches(|c: char| "()[],;:".contains(c)).replace('.', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_company_are_separated() {
        for (text, expected) in [
            ("granada stone, formerly tolkien marble", vec!["granada stone,", "tolkien marble"]),
            ("granada stone (f.k.a. tolkien marble)", vec!["granada stone", "tolkien marble)"]),
            ("granada stone (ex tolkien marble)", vec!["granada stone", "tolkien marble)"]),
            ("acme c/o barter bank", vec!["acme"]),
            ("ex libris trade", vec![]),
            ("trade ex company", vec![]),
            ("formerly", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }
}
