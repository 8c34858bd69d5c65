//! The spellings of a company's name that are asked for, as phrases of a query.

use screening::names::{has_distinctive_word, without_legal_form};

/// Minimum number of letters of a single word that is asked for alone. A character of a script without spaces
/// counts twice.
const LONG_WORD_LETTERS: usize = 6;
/// Minimum number of letters of several words that are asked for without their legal form.
const WORDS_LETTERS: usize = 4;
/// Maximum number of spellings.
const SPELLINGS_MAX: usize = 8;

/// The spellings of a company's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spellings {
    /// The name as it is given.
    pub(super) given: String,
    /// Other spellings, the most useful one first: without legal form, and with other signs.
    pub(super) others: Vec<String>,
}

impl Spellings {
    /// Returns the spellings of `name`.
    pub(super) fn of(name: &str) -> Self {
        let given = phrase(name);
        let without_form =
            without_legal_form(name).map(|short| phrase(&short)).filter(|short| is_distinctive(short));
        // The press leaves out what stands in brackets: "Acme (UK) Ltd" is "Acme", or "Acme UK".
        let without_brackets = without_brackets(name)
            .map(|short| phrase(&without_legal_form(&short).unwrap_or(short)))
            .filter(|short| is_distinctive(short));
        let bare = without_form.clone().unwrap_or_else(|| given.clone());
        let mut others: Vec<String> = Vec::new();
        let all_at_once = with_other_apostrophe(&with_other_and(&without_hyphens(&bare)));
        let candidates = [
            without_form,
            Some(with_other_and(&bare)),
            Some(without_hyphens(&bare)),
            Some(with_other_apostrophe(&bare)),
            Some(all_at_once),
            without_brackets,
        ];
        for spelling in candidates.into_iter().flatten() {
            let is_new = spelling != given && !others.contains(&spelling);
            if is_new && others.len() < SPELLINGS_MAX && spelling.chars().any(char::is_alphanumeric) {
                others.push(spelling);
            }
        }
        Self { given, others }
    }

    /// Returns the fewest spellings whose phrases find every other one: a phrase without the legal form is also
    /// part of the name with it.
    pub(super) fn widest(&self) -> Vec<&str> {
        let all: Vec<&str> = std::iter::once(&self.given).chain(&self.others).map(String::as_str).collect();
        all.iter().copied().filter(|one| !all.iter().any(|other| is_part(other, one))).collect()
    }
}

/// Returns whether the words of `part` stand in `whole`, which has more words.
fn is_part(part: &str, whole: &str) -> bool {
    part.len() < whole.len() && format!(" {whole} ").contains(&format!(" {part} "))
}

/// Returns `name` without the characters that have a meaning in queries, such as quotation marks, which would
/// end the phrase, and without punctuation at the end, which confuses some services.
fn phrase(name: &str) -> String {
    let signs = ['"', '(', ')', '（', '）', '[', ']', '{', '}', '“', '”', '„', '«', '»', '「', '」'];
    let words = name.replace(signs, " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ',', ';', ':']).to_owned()
}

/// Returns whether stories that hold `name` as a phrase are likely to be about one company: it has two words,
/// or a long one that is neither common in names of companies nor a place.
fn is_distinctive(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    let letters: usize =
        name.chars().filter(|c| c.is_alphanumeric()).map(|c| if is_unspaced(c) { 2 } else { 1 }).sum();
    match words {
        0 => false,
        1 => letters >= LONG_WORD_LETTERS && has_distinctive_word(name),
        _ => letters >= WORDS_LETTERS,
    }
}

/// Returns whether `c` is a character of a script that puts no space between words: Han, kana or Hangul.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Returns `name` without its parts in brackets, or `None` if it has none.
fn without_brackets(name: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '(' | '（' | '[' => depth += 1,
            ')' | '）' | ']' => {
                depth = depth.saturating_sub(1);
                kept.push(' ');
            }
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    (kept != name && depth == 0).then_some(kept)
}

/// Returns `name` with "and" for "&", or "&" for "and" and its translations.
fn with_other_and(name: &str) -> String {
    if name.contains(['&', '＆']) {
        let words = name.replace(['&', '＆'], " and ");
        return words.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let words: Vec<&str> = name.split(' ').collect();
    let last = words.len().saturating_sub(1);
    let swapped = words.iter().enumerate().map(|(at, word)| {
        let is_and =
            matches!(word.to_lowercase().as_str(), "and" | "und" | "et" | "en" | "y" | "og" | "och" | "и");
        if is_and && at > 0 && at < last { "&" } else { word }
    });
    swapped.collect::<Vec<_>>().join(" ")
}

/// Returns `name` with spaces for hyphens and dashes.
fn without_hyphens(name: &str) -> String {
    let words = name.replace(['-', '\u{2010}', '\u{2011}', '\u{2012}', '–', '—'], " ");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `name` with straight apostrophes for curly ones, or curly ones for straight ones.
fn with_other_apostrophe(name: &str) -> String {
    if name.contains('\'') {
        name.replace('\'', "’")
    } else {
        name.replace(['’', '‘', 'ʼ', '`', '´'], "'")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn others(name: &str) -> Vec<String> {
        Spellings::of(name).others
    }

    #[test]
    fn a_name_is_also_asked_for_without_its_legal_form() {
        assert_eq!(others("Kestrel Ore Terminals Ltd."), ["Kestrel Ore Terminals"]);
        assert_eq!(others("Quillmarsh GmbH"), ["Quillmarsh"]);
        assert_eq!(others("株式会社星見川精機"), ["星見川精機"]);
        assert_eq!(others("ООО «Ромашка-Сервис»")[0], "Ромашка-Сервис");
        assert!(others("Kestrel Ore Terminals").is_empty());
    }

    #[test]
    fn a_short_or_common_word_is_not_asked_for_alone() {
        for name in ["ABB Ltd", "Oak Inc.", "Trading LLC", "東洋株式会社", "A B Ltd"] {
            assert!(others(name).is_empty(), "{name}: {:?}", others(name));
        }
    }

    #[test]
    fn names_are_asked_for_with_other_signs() {
        assert_eq!(others("Harrow & Quill Ltd"), ["Harrow & Quill", "Harrow and Quill"]);
        assert_eq!(others("Harrow and Quill"), ["Harrow & Quill"]);
        assert_eq!(others("Brand und Söhne GmbH")[1], "Brand & Söhne");
        assert_eq!(others("Nord-Ost Werke AG"), ["Nord-Ost Werke", "Nord Ost Werke"]);
        assert_eq!(others("O’Malley Steel"), ["O'Malley Steel"]);
        assert_eq!(others("O'Malley Steel"), ["O’Malley Steel"]);
        assert_eq!(others("Kestrel Foods (Thailand) Ltd"), ["Kestrel Foods Thailand", "Kestrel Foods"]);
    }

    #[test]
    fn the_widest_spellings_find_the_others() {
        let widest =
            |name: &str| Spellings::of(name).widest().into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(widest("Kestrel Ore Terminals Ltd"), ["Kestrel Ore Terminals"]);
        assert_eq!(widest("Harrow & Quill Ltd"), ["Harrow & Quill", "Harrow and Quill"]);
        assert_eq!(widest("ABB Ltd"), ["ABB Ltd"]);
    }

    proptest! {
        #[test]
        fn phrases_hold_no_signs_of_queries(name in "[a-zA-Z&()\"'\\-. \\PC]{0,60}") {
            for phrase in Spellings::of(&name).widest() {
                prop_assert!(!phrase.contains(['"', '(', ')']), "{phrase}");
            }
        }
    }
}
