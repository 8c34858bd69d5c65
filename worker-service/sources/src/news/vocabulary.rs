//! The vocabulary of adverse terms: words of wrongdoing or distress in headlines, by language.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use unicode_script::{Script, UnicodeScript as _};

use super::terms::{TermSet, Text};

/// The vocabulary.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Changes whenever a term changes.
    pub(super) version: String,
    languages: BTreeMap<String, Terms>,
}

/// The terms of one language.
#[derive(Debug)]
struct Terms {
    adverse: TermSet,
    /// The category of each adverse term.
    categories: Vec<String>,
    negations: TermSet,
    benign: TermSet,
}

/// The adverse content of a headline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adverse {
    /// The categories of the headline's adverse terms, such as `fraud`.
    pub(super) categories: Vec<String>,
    /// Whether the headline says that the matter is denied, or settled in the company's favour.
    pub(super) resolved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    category: Vec<Category>,
    negations: BTreeMap<String, Vec<String>>,
    benign: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Category {
    id: String,
    terms: BTreeMap<String, Vec<String>>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary, and a test reads it")]
    let file: File = toml::from_str(include_str!("adverse_terms.toml")).expect("adverse_terms.toml is valid");
    let mut adverse: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for Category { id, terms, .. } in file.category {
        for (language, terms) in terms {
            adverse.entry(language).or_default().extend(terms.into_iter().map(|term| (term, id.clone())));
        }
    }
    let languages = adverse.into_iter().map(|(language, adverse)| {
        let (adverse, categories): (Vec<String>, Vec<String>) = adverse.into_iter().unzip();
        let set = |lists: &BTreeMap<String, Vec<String>>| {
            TermSet::new(lists.get(&language).map(Vec::as_slice).unwrap_or_default(), &language)
        };
        let (negations, benign) = (set(&file.negations), set(&file.benign));
        let terms = Terms { adverse: TermSet::new(&adverse, &language), categories, negations, benign };
        (language, terms)
    });
    Vocabulary { version: file.version, languages: languages.collect() }
});

/// The English names of languages, in lower case, as news services write them, with their BCP 47 tags.
const LANGUAGES: [(&str, &[&str]); 11] = [
    ("english", &["en"]),
    ("japanese", &["ja"]),
    ("german", &["de"]),
    ("french", &["fr"]),
    ("spanish", &["es"]),
    ("portuguese", &["pt"]),
    ("chinese", &["zh-Hans", "zh-Hant"]),
    ("arabic", &["ar"]),
    ("russian", &["ru"]),
    ("italian", &["it"]),
    ("korean", &["ko"]),
];

impl Vocabulary {
    /// Returns the vocabulary of this version of Dossier.
    pub(super) fn built_in() -> &'static Self {
        &VOCABULARY
    }

    /// Judges `headline`. Returns `None` if it has no adverse term. `language` is a name such as `Japanese`
    /// or a tag such as `ja`. If it is not known, the headline is judged as English and as the languages of
    /// its script.
    pub(super) fn judge(&self, headline: &str, language: &str) -> Option<Adverse> {
        let mut categories = Vec::new();
        let mut resolved = false;
        for tag in tags(headline, language) {
            let Some(terms) = self.languages.get(tag) else { continue };
            let mut text = Text::new(headline, tag);
            terms.benign.mask(&mut text);
            resolved |= !terms.negations.matches(&text).is_empty();
            for term in terms.adverse.matches(&text) {
                let category = &terms.categories[term];
                if !categories.contains(category) {
                    categories.push(category.clone());
                }
            }
        }
        (!categories.is_empty()).then_some(Adverse { categories, resolved })
    }
}

/// Returns the tags of the languages that `headline` is judged in.
fn tags(headline: &str, language: &str) -> Vec<&'static str> {
    let language = language.to_lowercase();
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    let known = LANGUAGES.iter().find(|(name, tags)| {
        *name == language || tags.iter().any(|tag| tag.split('-').next() == Some(primary))
    });
    if let Some((_, tags)) = known {
        return tags.to_vec();
    }
    let has = |script: Script| headline.chars().any(|c| c.script() == script);
    let mut tags = vec!["en"];
    if has(Script::Hiragana) || has(Script::Katakana) {
        tags.push("ja");
    } else if has(Script::Han) {
        tags.extend(["zh-Hans", "zh-Hant", "ja"]);
    }
    for (script, tag) in [(Script::Hangul, "ko"), (Script::Cyrillic, "ru"), (Script::Arabic, "ar")] {
        if has(script) {
            tags.push(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(headline: &str, language: &str) -> Option<(String, bool)> {
        let adverse = Vocabulary::built_in().judge(headline, language)?;
        Some((adverse.categories.join(","), adverse.resolved))
    }

    #[test]
    fn adverse_headlines_are_found_in_every_language() {
        for (headline, language, category) in [
            ("Quillmarsh chief charged with fraud and embezzlement", "English", "fraud"),
            ("青柳商事、粉飾決算で課徴金", "Japanese", "fraud"),
            ("Quillmarsh meldet Insolvenz an", "German", "insolvency"),
            ("Quillmarsh visé par une enquête pour blanchiment d'argent", "French", "money_laundering"),
            ("Quillmarsh, investigada por soborno", "Spanish", "bribery_corruption"),
            ("Quillmarsh é alvo de operação por lavagem de dinheiro", "Portuguese", "money_laundering"),
            ("青柳公司涉嫌行贿被查", "Chinese", "bribery_corruption"),
            ("اتهام شركة كويلمارش بغسل الأموال", "Arabic", "money_laundering"),
            ("Компанию «Квиллмарш» обвинили в мошенничестве", "Russian", "fraud"),
        ] {
            let (categories, resolved) = judged(headline, language).unwrap_or_else(|| panic!("{headline}"));
            assert!(categories.contains(category) && !resolved, "{headline}: {categories}, {resolved}");
        }
    }

    #[test]
    fn harmless_headlines_are_not_adverse() {
        for (headline, language) in [
            ("Quillmarsh opens a plant for fraud prevention software", "English"),
            ("Quillmarsh fine-tunes its engines", "English"),
            ("Umsatz betrug 80 Millionen bei Quillmarsh", "German"),
            ("江崎グリコールの新工場", "Japanese"),
            ("Quillmarsh ouvre une blanchisserie", "French"),
            ("", ""),
        ] {
            assert_eq!(judged(headline, language), None, "{headline}");
        }
    }

    #[test]
    fn a_settled_matter_is_resolved() {
        let (categories, resolved) = judged("Quillmarsh acquitted of bribery charges", "en").unwrap();
        assert!(categories.contains("bribery_corruption") && resolved);
    }

    #[test]
    fn an_unknown_language_is_judged_by_its_script() {
        assert!(judged("Квиллмарш обвинили в мошенничестве", "").is_some());
        assert!(judged("青柳公司涉嫌行贿被查", "").is_some());
    }

    #[test]
    fn every_documented_language_has_terms() {
        for language in ["en", "ja", "de", "fr", "es", "pt", "zh-Hans", "zh-Hant", "ar", "ru"] {
            assert!(Vocabulary::built_in().languages[language].categories.len() > 100, "{language}");
        }
    }
}
