//! Names written in another script, letter by letter.

use super::in_case_of;
use crate::{random::Random, words::Parts};

/// Latin letters and groups of letters with their letters in Russian; longer groups first.
const CYRILLIC: [(&str, &str); 46] = [
    ("shch", "щ"),
    ("sch", "ш"),
    ("ch", "ч"),
    ("ck", "к"),
    ("ee", "и"),
    ("ia", "ия"),
    ("iy", "ий"),
    ("kh", "х"),
    ("oo", "у"),
    ("ou", "у"),
    ("ph", "ф"),
    ("qu", "кв"),
    ("sh", "ш"),
    ("th", "т"),
    ("ts", "ц"),
    ("ya", "я"),
    ("ye", "е"),
    ("yo", "ё"),
    ("yu", "ю"),
    ("zh", "ж"),
    ("a", "а"),
    ("b", "б"),
    ("c", "к"),
    ("d", "д"),
    ("e", "е"),
    ("f", "ф"),
    ("g", "г"),
    ("h", "х"),
    ("i", "и"),
    ("j", "дж"),
    ("k", "к"),
    ("l", "л"),
    ("m", "м"),
    ("n", "н"),
    ("o", "о"),
    ("p", "п"),
    ("q", "к"),
    ("r", "р"),
    ("s", "с"),
    ("t", "т"),
    ("u", "у"),
    ("v", "в"),
    ("w", "в"),
    ("x", "кс"),
    ("y", "ы"),
    ("z", "з"),
];

/// Latin letters and groups of letters with their letters in Greek; longer groups first.
const GREEK: [(&str, &str); 36] = [
    ("ch", "τσ"),
    ("ck", "κ"),
    ("kh", "χ"),
    ("ks", "ξ"),
    ("oo", "ου"),
    ("ou", "ου"),
    ("ph", "φ"),
    ("ps", "ψ"),
    ("sh", "σ"),
    ("th", "θ"),
    ("a", "α"),
    ("b", "μπ"),
    ("c", "κ"),
    ("d", "ντ"),
    ("e", "ε"),
    ("f", "φ"),
    ("g", "γκ"),
    ("h", "χ"),
    ("i", "ι"),
    ("j", "τζ"),
    ("k", "κ"),
    ("l", "λ"),
    ("m", "μ"),
    ("n", "ν"),
    ("o", "ο"),
    ("p", "π"),
    ("q", "κ"),
    ("r", "ρ"),
    ("s", "σ"),
    ("t", "τ"),
    ("u", "ου"),
    ("v", "β"),
    ("w", "ου"),
    ("x", "ξ"),
    ("y", "ι"),
    ("z", "ζ"),
];

/// Writes a name in Cyrillic letters, without its legal form.
pub(crate) fn into_cyrillic(name: &str, _: &mut Random) -> Option<String> {
    transcribed(name, &CYRILLIC)
}

/// Writes a name in Greek letters, without its legal form.
pub(crate) fn into_greek(name: &str, _: &mut Random) -> Option<String> {
    let written = transcribed(name, &GREEK)?;
    let words = written.split(' ').map(|word| match word.strip_suffix('σ') {
        Some(start) => format!("{start}ς"),
        None => word.to_owned(),
    });
    Some(words.collect::<Vec<_>>().join(" "))
}

/// Writes `name` in the letters of `table`, or returns `None` if it is not in plain Latin letters.
fn transcribed(name: &str, table: &[(&str, &str)]) -> Option<String> {
    let core = Parts::of(name).core;
    if !core.is_ascii() || !core.chars().any(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let words = core.split_whitespace().map(|word| {
        let lower = word.to_ascii_lowercase();
        let mut rest = lower.as_str();
        let mut written = String::new();
        while let Some(next) = rest.chars().next() {
            let (latin, other) = match table.iter().find(|(latin, _)| rest.starts_with(latin)) {
                Some((latin, other)) => (latin.len(), (*other).to_owned()),
                None => (next.len_utf8(), next.to_string()),
            };
            written.push_str(&other);
            rest = &rest[latin..];
        }
        if word.starts_with(char::is_uppercase) && word != word.to_uppercase() {
            let mut letters = written.chars();
            written = letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect();
        }
        in_case_of(&written, word)
    });
    Some(words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_letter_by_letter_without_their_legal_form() {
        let random = &mut Random::new(1, "x");
        assert_eq!(
            into_cyrillic("Zhuravshchik Terminals LLC", random).as_deref(),
            Some("Журавщик Терминалс")
        );
        assert_eq!(into_cyrillic("OOO ORLINSK", random).as_deref(), Some("ОРЛИНСК"));
        assert_eq!(into_cyrillic("ORLINSK-9 UGOL OOO", random).as_deref(), Some("ОРЛИНСК-9 УГОЛ"));
        assert_eq!(into_greek("Tessalos Thermon Ltd", random).as_deref(), Some("Τεσσαλος Θερμον"));
        assert_eq!(into_greek("ORRIN VANTROSK", random).as_deref(), Some("ΟΡΡΙΝ ΒΑΝΤΡΟΣΚ"));
    }

    #[test]
    fn other_scripts_stay() {
        let random = &mut Random::new(1, "x");
        assert_eq!(into_cyrillic("Ромашка", random), None);
        assert_eq!(into_greek("Ströndal", random), None);
        assert_eq!(into_greek("123", random), None);
    }
}
