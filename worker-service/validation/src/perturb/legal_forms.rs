//! Legal forms replaced, translated and dropped.

use super::in_case_of;
use crate::{
    random::Random,
    words::{Parts, folded},
};

/// Legal forms by what they mean, each with its spellings and translations.
const FORMS: [&[&str]; 6] = [
    &["Ltd", "Limited", "Co. Ltd.", "Company Limited", "Private Limited", "Pvt. Ltd."],
    &[
        "LLC",
        "L.L.C.",
        "Limited Liability Company",
        "GmbH",
        "S.A.R.L.",
        "S.R.L.",
        "OOO",
        "Sp. z o.o.",
        "Ltd. Sti.",
    ],
    &["JSC", "Joint Stock Company", "AO", "OAO", "S.A.", "Sociedad Anonima", "Aktiengesellschaft", "A.S."],
    &["PJSC", "Public Joint Stock Company", "PAO", "PLC", "Public Limited Company"],
    &["Inc.", "Incorporated", "Corp.", "Corporation"],
    &["FZE", "FZCO", "Free Zone Establishment", "FZ-LLC"],
];

/// Gives a name another legal form, of another kind than its own. A name without one gets one.
pub(crate) fn replace_legal_form(name: &str, random: &mut Random) -> Option<String> {
    let parts = Parts::of(name);
    let own = group(parts.form());
    let others: Vec<&str> = FORMS
        .iter()
        .filter(|group| own != Some(**group))
        .filter_map(|group| group.first().copied())
        .collect();
    let other = random.choose(&others)?;
    Some(with_form(name, other))
}

/// Writes the legal form of a name differently: spelt out, abbreviated, or as in another language.
pub(crate) fn translate_legal_form(name: &str, random: &mut Random) -> Option<String> {
    let form = Parts::of(name).form();
    let others: Vec<&str> =
        group(form)?.iter().copied().filter(|other| compact(other) != compact(form)).collect();
    let other = random.choose(&others)?;
    Some(with_form(name, other))
}

/// Drops the legal form of a name.
pub(crate) fn drop_legal_form(name: &str, _: &mut Random) -> Option<String> {
    let parts = Parts::of(name);
    (!parts.form().is_empty()).then(|| parts.core.to_owned())
}

/// Returns a name with another legal form, on the side of its own.
fn with_form(name: &str, form: &str) -> String {
    let Parts { before, core, after } = Parts::of(name);
    let form = in_case_of(form, core);
    if !before.is_empty() && after.is_empty() { format!("{form} {core}") } else { format!("{core} {form}") }
}

/// Returns the group that a legal form belongs to, or `None` if it is in no table.
fn group(form: &str) -> Option<&'static [&'static str]> {
    let form = compact(form);
    FORMS.into_iter().find(|group| group.iter().any(|other| compact(other) == form))
}

/// Returns the letters of a legal form.
fn compact(form: &str) -> String {
    folded(form).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_replaced_by_one_of_another_kind() {
        for seed in 0..50 {
            let changed =
                replace_legal_form("QUILLMARSH ORE LIMITED", &mut Random::new(seed, "form")).unwrap();
            let form = changed.strip_prefix("QUILLMARSH ORE ").unwrap();
            assert_ne!(group(form), group("Limited"), "{changed}");
            assert_eq!(form, form.to_uppercase(), "{changed}");
        }
        let added = replace_legal_form("Quillmarsh Ore", &mut Random::new(1, "form")).unwrap();
        assert!(added.len() > "Quillmarsh Ore ".len(), "{added}");
    }

    #[test]
    fn a_form_is_translated_within_its_kind() {
        for seed in 0..50 {
            let changed =
                translate_legal_form("Quillmarsh Ore, LLC", &mut Random::new(seed, "form")).unwrap();
            let form = changed.strip_prefix("Quillmarsh Ore ").unwrap();
            assert_eq!(group(form), group("LLC"), "{changed}");
            assert!(compact(form) != "llc", "{changed}");
        }
        assert_eq!(translate_legal_form("Quillmarsh Ore", &mut Random::new(1, "form")), None);
    }

    #[test]
    fn a_form_is_dropped() {
        let random = &mut Random::new(1, "form");
        assert_eq!(drop_legal_form("Quillmarsh Ore, Inc.", random).as_deref(), Some("Quillmarsh Ore"));
        assert_eq!(drop_legal_form("OOO Quillmarsh", random).as_deref(), Some("Quillmarsh"));
        assert_eq!(drop_legal_form("Quillmarsh Ore", random), None);
        let changed = translate_legal_form("OOO Quillmarsh", random).unwrap();
        assert!(changed.ends_with(" Quillmarsh"), "{changed}");
    }
}
