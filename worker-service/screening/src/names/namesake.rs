//! Tells a company from one of the same name with another legal form, in a text that names one of them.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::{
    fold::fold,
    press::{is_legal_form, without_legal_form},
    tables,
    tokenize::{self, Reading},
};

/// Words that are legal forms wherever they follow a name in a text. Others are words of their own, such as
/// "SEC" or "CIO".
const CLEAR_FORMS: [&str; 20] = [
    "ag", "bhd", "bv", "gmbh", "inc", "limited", "llc", "llp", "ltd", "nv", "oao", "ooo", "oy", "plc", "pte",
    "pty", "pvt", "sarl", "sdn", "srl",
];

/// Legal forms, by their names in the table, by which the English press translates those of other languages.
const TRANSLATIONS: [&str; 8] = ["co_ltd", "corp", "inc", "jsc", "llc", "ltd", "plc", "private_limited"];

/// Maximum number of words of a legal form in a text.
const FORM_WORDS_MAX: usize = 4;

/// Maximum number of words of a text that are looked at.
const TEXT_WORDS_MAX: usize = 2000;

static FORMS: LazyLock<HashMap<Vec<String>, HashSet<&'static str>>> = LazyLock::new(|| {
    let mut forms: HashMap<Vec<String>, HashSet<&'static str>> = HashMap::new();
    for (name, spelling) in tables::named_legal_forms() {
        forms.entry(latin(spelling)).or_default().insert(name);
    }
    forms
});

/// Returns whether `text` names only companies that have the name of `company` but another legal form: each
/// time, another form follows the name. A form of which the text's can be a translation is not another one.
pub fn names_other_legal_form(text: &str, company: &str) -> bool {
    let Some(core) = without_legal_form(company) else { return false };
    let core = latin(&core);
    let own = forms_in(&latin(company), &core);
    let words: Vec<&str> = text.split_whitespace().take(TEXT_WORDS_MAX).collect();
    let folded: Vec<Vec<String>> = words.iter().map(|word| latin(word)).collect();
    let mut found = false;
    for start in 0..words.len() {
        let Some(end) = end_of(&folded[start..], &core).map(|length| start + length) else { continue };
        let Some(form) = form_at(&words[end..], &folded[end..]) else { return false };
        if !is_other(&own, &forms_in(&form, &[])) {
            return false;
        }
        found = true;
    }
    found
}

/// Returns whether the legal forms `other`, as a text writes them, cannot be the forms `own`.
fn is_other(own: &HashSet<&str>, other: &HashSet<&str>) -> bool {
    let english = |forms: &HashSet<&str>| TRANSLATIONS.iter().any(|form| forms.contains(form));
    match (english(own), english(other)) {
        // The table also has the English forms as translations of others, which both would share.
        (true, true) => !TRANSLATIONS.iter().any(|form| own.contains(form) && other.contains(form)),
        (false, true) => false,
        _ => own.is_disjoint(other),
    }
}

/// Returns how many of the first `words` spell `name`, or `None` if they begin with something else.
fn end_of(words: &[Vec<String>], name: &[String]) -> Option<usize> {
    let mut rest = name;
    for (at, word) in words.iter().enumerate() {
        rest = rest.strip_prefix(word.as_slice())?;
        if rest.is_empty() {
            return Some(at + 1);
        }
    }
    None
}

/// Returns the legal form at the start of `words`, if it is a clear one.
fn form_at(words: &[&str], folded: &[Vec<String>]) -> Option<Vec<String>> {
    let first = folded.first()?.concat();
    let is_capital = words[0].chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase);
    if !is_capital || !CLEAR_FORMS.contains(&first.as_str()) {
        return None;
    }
    let longest = FORM_WORDS_MAX.min(words.len());
    let length = (1..=longest).rev().find(|length| is_legal_form(&words[..*length], false)).unwrap_or(1);
    Some(folded[..length].concat())
}

/// Returns the names of all legal forms that are spelled in `words`, outside `name`.
fn forms_in(words: &[String], name: &[String]) -> HashSet<&'static str> {
    let mut found = HashSet::new();
    for start in 0..words.len() {
        for end in start + 1..=words.len().min(start + FORM_WORDS_MAX * 2) {
            let is_name = words[start..end].iter().any(|word| name.contains(word));
            if let Some(forms) = FORMS.get(&words[start..end]).filter(|_| !is_name) {
                found.extend(forms);
            }
        }
    }
    found
}

fn latin(text: &str) -> Vec<String> {
    tokenize::words(&fold(text), Reading::Meaning).into_iter().map(|word| word.latin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_legal_form_is_another_company() {
        for (text, company) in [
            ("Kestrel Foods GmbH charged with fraud", "Kestrel Foods Ltd"),
            ("Fraud at Kestrel Foods Inc. alleged", "Kestrel Foods Ltd"),
            ("Court: KESTREL FOODS PLC guilty", "Kestrel Foods Limited"),
            ("Kestrel Foods AG verurteilt", "Kestrel Foods GmbH"),
        ] {
            assert!(names_other_legal_form(text, company), "{text}");
        }
    }

    #[test]
    fn the_same_form_no_form_and_a_translated_form_are_the_company() {
        for (text, company) in [
            ("Kestrel Foods charged with fraud", "Kestrel Foods Ltd"),
            ("Kestrel Foods Limited charged with fraud", "Kestrel Foods Ltd"),
            ("Kestrel Foods Pvt. Ltd. charged with fraud", "Kestrel Foods Ltd"),
            ("Kestrel Foods SEC probe; Kestrel Foods CIO charged", "Kestrel Foods Ltd"),
            ("Kestrel Foods Ltd charged with fraud", "Kestrel Foods GmbH & Co. KG"),
            ("Kestrel Foods GmbH sues Kestrel Foods Ltd", "Kestrel Foods Ltd"),
            ("Kestrel Foods GmbH charged with fraud", "Kestrel Foods"),
            ("Hoshimigawa Seiki Inc charged", "株式会社星見川精機"),
            ("", "Kestrel Foods Ltd"),
        ] {
            assert!(!names_other_legal_form(text, company), "{text}");
        }
    }
}
