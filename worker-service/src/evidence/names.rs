//! Compares company names as their writers mean them: without case, marks, punctuation and the
//! words for a legal form.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words for legal forms, folded.
const LEGAL_FORMS: [&str; 37] = [
    "ab",
    "ag",
    "as",
    "asa",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "gk",
    "gmbh",
    "inc",
    "incorporated",
    "kabushiki",
    "kaisha",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "ltd",
    "ltda",
    "lp",
    "nv",
    "ohg",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "sa",
    "sarl",
    "sas",
    "spa",
    "srl",
    "se",
    "ug",
];

/// Legal forms of languages that write no spaces.
const STUCK_FORMS: [&str; 5] = ["株式会社", "有限会社", "合同会社", "有限公司", "주식회사"];

/// The words of `name` that tell the company from others, folded.
pub fn distinctive_words(name: &str) -> BTreeSet<String> {
    // Written without a space beside the name.
    let name = STUCK_FORMS.iter().fold(name.to_owned(), |name, form| name.replace(form, " "));
    // The marks of kana make other letters; those of Latin, Greek and Cyrillic are dress.
    let is_dress = |c: &char| is_combining_mark(*c) && !matches!(c, '\u{3099}' | '\u{309a}');
    let folded: String = name
        .nfkd()
        .filter(|c| !is_dress(c))
        .flat_map(char::to_lowercase)
        .filter(|c| *c != '.' && *c != '\'')
        .collect();
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let all: Vec<&str> = words.collect();
    let distinctive: BTreeSet<String> =
        all.iter().filter(|word| !LEGAL_FORMS.contains(*word)).map(|word| (*word).to_owned()).collect();
    // A name of nothing but such words is still a name.
    if distinctive.is_empty() { all.into_iter().map(str::to_owned).collect() } else { distinctive }
}

/// Whether two names can be the same company's: one's words are all among the other's.
pub fn same_company(a: &str, b: &str) -> bool {
    let (a, b) = (distinctive_words(a), distinctive_words(b));
    !a.is_empty() && !b.is_empty() && (a.is_subset(&b) || b.is_subset(&a))
}

/// Whether `text` names the company: every distinctive word stands in it.
pub fn mentions(text: &str, company: &str) -> bool {
    let (text, company) = (distinctive_words(text), distinctive_words(company));
    !company.is_empty() && company.is_subset(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_dress_only_are_the_same() {
        for (a, b) in [
            ("Müller & Söhne GmbH", "MULLER SOHNE"),
            ("Sakura Precision Works K.K.", "Sakura Precision Works"),
            ("L'Oréal S.A.", "LOREAL"),
        ] {
            assert!(same_company(a, b), "{a} / {b}");
        }
        assert!(!same_company("Sakura Precision Works", "Sakura Foods"));
        assert!(same_company("星見川精機株式会社", "星見川精機"));
        assert!(!same_company("ガス工業", "カス工業"));
        assert!(!same_company("Limited", "GmbH"));
    }

    #[test]
    fn a_text_mentions_a_company_by_all_its_words() {
        assert!(mentions(
            "Fraud charges at Sakura Precision Works, court hears",
            "Sakura Precision Works K.K."
        ));
        assert!(!mentions("Sakura season begins", "Sakura Precision Works K.K."));
    }
}
