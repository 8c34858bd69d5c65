//! Compares names of companies without regard to width, case, accents, punctuation and legal forms.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Legal forms that are separate words.
const LEGAL_FORMS: &[&str] = &[
    "ag",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "fze",
    "gmbh",
    "inc",
    "incorporated",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "ltd",
    "nv",
    "plc",
    "sa",
    "sarl",
    "sas",
    "se",
    "spa",
];

/// Japanese legal forms, which are written without a space.
const JAPANESE_FORMS: &[&str] = &["株式会社", "有限会社", "合同会社", "(株)", "(有)"];

/// Returns the words of a name without its legal form. A name that is only a legal form keeps it.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut folded: String = name.nfkc().collect::<String>().to_lowercase();
    for form in JAPANESE_FORMS {
        folded = folded.replace(form, " ");
    }
    // Dots are removed, so that K.K. and S.A. are each one word.
    let folded: String = folded
        .nfd()
        .filter(|c| {
            !(is_combining_mark(*c) && ('\u{300}'..='\u{36f}').contains(c)) && *c != '.' && *c != '\''
        })
        .nfc()
        .collect();
    let words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric() && c != 'ー')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let without_forms: Vec<String> =
        words.iter().filter(|word| !LEGAL_FORMS.contains(&word.as_str())).cloned().collect();
    if without_forms.is_empty() { words } else { without_forms }
}

/// Returns the similarity of two names, from 0 to 1: the share of their parts that both have. A part is a
/// word, or, in a script without spaces, a pair of adjacent characters.
pub(crate) fn overlap(one: &str, other: &str) -> f64 {
    let (one, other) = (parts(one), parts(other));
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let shared = one.intersection(&other).count();
    #[allow(clippy::cast_precision_loss, reason = "a name has few parts")]
    let score = (2 * shared) as f64 / (one.len() + other.len()) as f64;
    score
}

/// Returns whether `text` contains the words of `phrase` next to each other.
pub(crate) fn contains(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (words(text), words(phrase));
    if phrase.is_empty() {
        return false;
    }
    if phrase.iter().any(|word| !is_spaced(word)) {
        return text.concat().contains(&phrase.concat());
    }
    text.windows(phrase.len()).any(|window| window == phrase)
}

/// Returns a registration number without spaces, punctuation and case.
pub(crate) fn number(text: &str) -> String {
    text.nfkc().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase()
}

fn parts(name: &str) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for word in words(name) {
        let characters: Vec<char> = word.chars().collect();
        if is_spaced(&word) || characters.len() < 3 {
            parts.insert(word);
        } else {
            parts.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
    }
    parts
}

/// Returns whether a word's script puts spaces between words. Chinese and Japanese do not.
fn is_spaced(word: &str) -> bool {
    !word.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_form_case_width_and_accents_are_ignored() {
        assert_eq!(words("CALDER VANE SHIPPING LIMITED"), words("Calder Vane Shipping Ltd."));
        assert_eq!(words("Brückhofer  Anlagenbau GmbH"), ["bruckhofer", "anlagenbau"]);
        assert_eq!(words("株式会社　ﾎｼﾐｶﾞﾜ"), ["ホシミガワ"]);
        assert_eq!(words("Kirimine Kasei K.K."), ["kirimine", "kasei"]);
        assert_eq!(words("Limited"), ["limited"]);
    }

    #[test]
    fn namesakes_overlap_less_than_the_same_name() {
        assert!((overlap("Calder Vane Shipping Ltd", "CALDER VANE SHIPPING") - 1.0).abs() < 1e-9);
        let namesake = overlap("Calder Vane Pottery", "Calder Vane Shipping");
        assert!((0.5..0.7).contains(&namesake), "{namesake}");
        assert!((0.3..0.7).contains(&overlap("星見川精機株式会社", "星見川製菓株式会社")));
        assert!(overlap("", "Calder") == 0.0);
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        assert!(contains("Calder Vane Shipping named in inquiry", "Calder Vane Shipping Ltd"));
        assert!(!contains("Calder Vaneshipping", "Calder Vane Shipping"));
        assert!(contains("星見川精機、新工場を着工", "星見川精機株式会社"));
        assert!(!contains("anything", "\"\""));
    }
}
