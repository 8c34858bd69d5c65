//! Company names as the press writes them: without their legal form.

use unicode_normalization::UnicodeNormalization as _;

use super::{
    fold::fold,
    lexicon::lexicon,
    name::Name,
    same::DISTINCTIVE_WEIGHT,
    tables,
    tokenize::{self, Reading},
};

/// Names, in the table of legal forms, of the forms that are written without a space next to the name.
const UNSPACED_FORMS: [&str; 7] = ["kk", "yk_jp", "gk_jp", "kr_jsc", "kr_llc", "cn_ltd", "cn_jsc"];

/// Words that belong to the name although the table has legal forms that begin with them ("Group Ltd").
const NAME_WORDS: [&str; 4] = ["general", "group", "holding", "trading"];

/// Maximum number of words of `name` that are looked at. The rest is kept as it is.
const WORDS_MAX: usize = 60;

/// Returns `name` without the legal forms at its start and end, or `None` if it has none there or consists of
/// legal forms alone. All other words stay as they are written.
pub fn without_legal_form(name: &str) -> Option<String> {
    let unspaced = without_unspaced_form(name);
    let name = unspaced.as_deref().unwrap_or(name);
    let words: Vec<&str> = name.split_whitespace().collect();
    let last = words.len().min(WORDS_MAX);
    if words.len() > WORDS_MAX {
        return unspaced;
    }
    let end = (1..last).find(|at| is_legal_form(&words[*at..], false)).unwrap_or(last);
    let start = (1..end).rev().find(|at| is_legal_form(&words[..*at], true)).unwrap_or(0);
    let core = words[start..end].join(" ");
    let core = core.trim_matches(|c: char| c.is_whitespace() || ",;-–&".contains(c)).trim();
    let core = unquoted(core);
    let is_shorter = start > 0 || end < words.len() || unspaced.is_some();
    (is_shorter && core.chars().any(char::is_alphanumeric)).then(|| core.to_owned())
}

/// Returns whether `name` has a word that distinguishes it from the names of other companies: one that is not
/// part of a legal form, not short, and neither common in company names nor a place.
pub fn has_distinctive_word(name: &str) -> bool {
    let tokens = Name::parse(name).tokens;
    tokens.iter().any(|token| !token.traits.is_legal_form && token.traits.weight > DISTINCTIVE_WEIGHT)
}

/// Returns whether `words` consist of legal forms alone.
pub(super) fn is_legal_form(words: &[&str], at_start: bool) -> bool {
    let folded = fold(&words.join(" "));
    let words: Vec<String> =
        tokenize::words(&folded, Reading::Meaning).into_iter().map(|word| word.latin).collect();
    if words.first().is_none_or(|word| NAME_WORDS.contains(&word.as_str())) {
        return false;
    }
    let mut at = 0;
    while at < words.len() {
        match lexicon().legal_form(&words[at..], at_start && at == 0) {
            // "& Co. KG": what joins two legal forms.
            0 if at + 1 < words.len() && matches!(words[at].as_str(), "and" | "und" | "et") => at += 1,
            0 => return false,
            length => at += length,
        }
    }
    true
}

/// Returns `name` without a legal form that is written next to it without a space, such as 株式会社 or ㈱.
fn without_unspaced_form(name: &str) -> Option<String> {
    let name: String = name.nfkc().collect();
    let mut rest = name.trim();
    let is_unspaced = |form: &&str| !form.is_ascii() && (form.starts_with('(') || form.chars().count() > 1);
    let mut forms: Vec<String> = tables::named_legal_forms()
        .filter(|(name, _)| UNSPACED_FORMS.contains(name))
        .map(|(_, spelling)| spelling)
        .filter(is_unspaced)
        .filter(|form| form.chars().any(super::script::is_unspaced))
        .map(|form| form.nfkc().collect())
        .collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    for form in &forms {
        let shorter = rest.strip_prefix(form.as_str()).or_else(|| rest.strip_suffix(form.as_str()));
        if let Some(shorter) = shorter.map(str::trim).filter(|shorter| !shorter.is_empty()) {
            rest = shorter;
        }
    }
    (rest.len() < name.trim().len()).then(|| rest.to_owned())
}

/// Returns `name` without the quotation marks around all of it, as in `ООО «Ромашка»`.
fn unquoted(name: &str) -> &str {
    const MARKS: [(char, char); 5] = [('"', '"'), ('«', '»'), ('“', '”'), ('„', '“'), ('「', '」')];
    MARKS
        .iter()
        .find_map(|(open, close)| name.strip_prefix(*open)?.strip_suffix(*close))
        .filter(|inner| !inner.contains(['"', '«', '»', '“', '”']))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_of_many_languages_are_left_out() {
        for (name, expected) in [
            ("Quillmarsh Ore Terminals Ltd.", "Quillmarsh Ore Terminals"),
            ("Quillmarsh Ore Terminals, Inc.", "Quillmarsh Ore Terminals"),
            ("Brückhofer Anlagenbau GmbH & Co. KG", "Brückhofer Anlagenbau"),
            ("Kestrel Foods (Pty) Ltd", "Kestrel Foods"),
            ("Kestrel Foods Pvt. Ltd.", "Kestrel Foods"),
            ("Nordhavet Shipping A/S", "Nordhavet Shipping"),
            ("PT Sungai Emas Tbk", "Sungai Emas"),
            ("Vidrios del Norte, S.A. de C.V.", "Vidrios del Norte"),
            ("Molino Rosso S.p.A.", "Molino Rosso"),
            ("ООО «Ромашка»", "Ромашка"),
            ("株式会社星見川精機", "星見川精機"),
            ("星見川精機㈱", "星見川精機"),
            ("青柳商事 株式会社", "青柳商事"),
            ("青柳贸易有限公司", "青柳贸易"),
            ("주식회사 한빛정밀", "한빛정밀"),
            ("Harrow & Quill LLP", "Harrow & Quill"),
            ("Kestrel Trading Group Limited", "Kestrel Trading Group"),
        ] {
            assert_eq!(without_legal_form(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn names_without_a_legal_form_have_none_to_leave_out() {
        for name in ["Quillmarsh Ore Terminals", "Limited", "", " ", "&", "星見川精機", "株式会社"] {
            assert_eq!(without_legal_form(name), None, "{name}");
        }
    }

    #[test]
    fn common_words_and_places_do_not_distinguish() {
        assert!(has_distinctive_word("Quillmarsh"));
        assert!(!has_distinctive_word("Trading"));
    }
}
