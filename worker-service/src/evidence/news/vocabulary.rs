//! Words in headlines that speak of wrongdoing or distress, by language.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

/// The vocabulary.
#[derive(Debug)]
pub struct Vocabulary {
    /// Changes with every change of a term.
    pub version: String,
    languages: BTreeMap<String, Terms>,
}

#[derive(Debug, Default)]
struct Terms {
    /// Terms with the category that they speak of.
    adverse: Vec<(Term, String)>,
    negations: Vec<Term>,
    benign: Vec<Term>,
}

/// What a headline says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adverse {
    /// The categories that it speaks of, such as `fraud`.
    pub categories: Vec<String>,
    /// It says that the matter is settled in the company's favour, or denied.
    pub resolved: bool,
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
    #[serde(rename = "severity")]
    _severity: u8,
    terms: BTreeMap<String, Vec<String>>,
}

/// A run of words, or of characters where words are not written apart.
#[derive(Debug)]
enum Term {
    Words(Vec<(String, bool)>),
    Characters(String),
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    let file: File = toml::from_str(include_str!("adverse_terms.toml")).expect("adverse_terms.toml is valid");
    let mut languages: BTreeMap<String, Terms> = BTreeMap::new();
    for Category { id, terms, .. } in file.category {
        for (language, terms) in terms {
            let adverse = &mut languages.entry(language.clone()).or_default().adverse;
            adverse.extend(terms.iter().map(|term| (Term::read(term, &language), id.clone())));
        }
    }
    for (language, terms) in &mut languages {
        let read = |list: &BTreeMap<String, Vec<String>>| {
            list.get(language)
                .into_iter()
                .flatten()
                .map(|term| Term::read(term, language))
                .collect::<Vec<_>>()
        };
        terms.negations = read(&file.negations);
        terms.benign = read(&file.benign);
    }
    Vocabulary { version: file.version, languages }
});

/// Names of languages as news services write them, with their tags.
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
    /// The vocabulary of this version of Dossier.
    pub fn built_in() -> &'static Self {
        &VOCABULARY
    }

    /// What `headline` says in `language` (a name such as `Japanese`, or a tag such as `ja`); by its
    /// script, and as English, where the language is not known. None when no adverse term is in it.
    pub fn judge(&self, headline: &str, language: &str) -> Option<Adverse> {
        let mut categories = Vec::new();
        let mut resolved = false;
        for tag in self.tags(headline, language) {
            let Some(terms) = self.languages.get(tag) else { continue };
            let mut text = Text::read(headline, tag);
            for benign in &terms.benign {
                text.mask(benign);
            }
            resolved |= terms.negations.iter().any(|term| text.holds(term));
            for (term, category) in &terms.adverse {
                if !categories.contains(category) && text.holds(term) {
                    categories.push(category.clone());
                }
            }
        }
        (!categories.is_empty()).then_some(Adverse { categories, resolved })
    }

    fn tags(&self, headline: &str, language: &str) -> Vec<&'static str> {
        let language = language.to_lowercase();
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        let known = LANGUAGES.iter().find(|(name, tags)| {
            *name == language || tags.iter().any(|tag| tag.split('-').next() == Some(primary))
        });
        if let Some((_, tags)) = known {
            return tags.to_vec();
        }
        let has = |range: std::ops::RangeInclusive<char>| headline.chars().any(|c| range.contains(&c));
        let mut tags = vec!["en"];
        if has('\u{3040}'..='\u{30ff}') {
            tags.push("ja");
        } else if has('\u{4e00}'..='\u{9fff}') {
            tags.extend(["zh-Hans", "zh-Hant", "ja"]);
        }
        if has('\u{ac00}'..='\u{d7a3}') {
            tags.push("ko");
        }
        if has('\u{400}'..='\u{52f}') {
            tags.push("ru");
        }
        if has('\u{600}'..='\u{6ff}') {
            tags.push("ar");
        }
        tags
    }
}

fn is_unspaced(language: &str) -> bool {
    matches!(language, "ja" | "zh-Hans" | "zh-Hant" | "ko")
}

/// Compatibility forms, case and what Arabic and Russian write or leave out at will, folded.
fn folded(text: &str) -> String {
    let folded = text.nfkc().flat_map(char::to_lowercase).filter_map(|c| match c {
        '\u{64b}'..='\u{652}' | '\u{640}' | '\u{670}' => None,
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ة' => Some('ه'),
        'ى' => Some('ي'),
        'ё' => Some('е'),
        '’' | '‘' => Some('\''),
        _ => Some(c),
    });
    folded.collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

impl Term {
    fn read(term: &str, language: &str) -> Self {
        let term = folded(term);
        if is_unspaced(language) {
            return Self::Characters(term.replace(['*', ' '], ""));
        }
        let words = term.split(|c: char| !is_word(c) && c != '*').filter(|word| !word.is_empty());
        Self::Words(words.map(|word| (word.trim_end_matches('*').to_owned(), word.ends_with('*'))).collect())
    }
}

/// A headline, prepared.
struct Text {
    /// Without spaces, for terms that are runs of characters.
    characters: String,
    /// Each with the forms that it can have without what Arabic writes together with it.
    words: Vec<Vec<String>>,
}

/// Stands for words that a benign phrase hides.
const HIDDEN: &str = "\u{25a1}";

impl Text {
    fn read(text: &str, language: &str) -> Self {
        let text = folded(text);
        let characters = if is_unspaced(language) {
            text.chars().filter(|c| !c.is_whitespace()).collect()
        } else {
            String::new()
        };
        let words = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
        Self { characters, words: words.map(|word| forms(word, language)).collect() }
    }

    fn holds(&self, term: &Term) -> bool {
        match term {
            Term::Characters(run) => !run.is_empty() && self.characters.contains(run.as_str()),
            Term::Words(words) => self.place(words, 0).is_some(),
        }
    }

    /// Where `term` first stands from the word `from` on.
    fn place(&self, term: &[(String, bool)], from: usize) -> Option<usize> {
        if term.is_empty() {
            return None;
        }
        let found = self.words.get(from..)?.windows(term.len()).position(|run| {
            run.iter().zip(term).all(|(forms, (word, open))| {
                forms.iter().any(|form| if *open { form.starts_with(word.as_str()) } else { form == word })
            })
        });
        found.map(|at| from + at)
    }

    fn mask(&mut self, term: &Term) {
        match term {
            Term::Characters(run) if !run.is_empty() => {
                self.characters = self.characters.replace(run.as_str(), HIDDEN);
            }
            Term::Characters(_) => {}
            Term::Words(words) => {
                let mut from = 0;
                while let Some(at) = self.place(words, from) {
                    self.words[at..at + words.len()].fill(vec![HIDDEN.to_owned()]);
                    from = at + words.len();
                }
            }
        }
    }
}

/// A word and, in Arabic, the same without particles and article in front.
fn forms(word: &str, language: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    if language == "ar" {
        let mut rest = word;
        for particles in [&["و", "ف"][..], &["ب", "ل", "ك"], &["ال"]] {
            if let Some(shorter) = particles.iter().find_map(|particle| rest.strip_prefix(particle)) {
                rest = shorter;
                forms.push(rest.to_owned());
            }
        }
        if let Some(shorter) = word.strip_prefix("ال") {
            forms.push(shorter.to_owned());
        }
    }
    forms
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
    fn what_is_settled_is_told_as_such() {
        let (categories, resolved) = judged("Quillmarsh acquitted of bribery charges", "en").unwrap();
        assert!(categories.contains("bribery_corruption") && resolved);
    }

    #[test]
    fn an_unknown_language_goes_by_its_script() {
        assert!(judged("Квиллмарш обвинили в мошенничестве", "").is_some());
        assert!(judged("青柳公司涉嫌行贿被查", "").is_some());
    }

    #[test]
    fn every_language_that_is_promised_has_terms() {
        for language in ["en", "ja", "de", "fr", "es", "pt", "zh-Hans", "zh-Hant", "ar", "ru"] {
            assert!(Vocabulary::built_in().languages[language].adverse.len() > 100, "{language}");
        }
    }
}
