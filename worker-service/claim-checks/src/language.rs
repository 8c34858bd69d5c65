//! The languages that the checks know, and how a text's language is recognised.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

/// A language with words in the lexicon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    En,
    Ja,
    De,
    Fr,
    Es,
    Pt,
    It,
    Nl,
    Zh,
    Ko,
    Ru,
    Ar,
    Pl,
    Tr,
    Sv,
    /// Any other language: the lexicon has no words for it.
    Other,
}

/// The words without content of their own, by language.
static FUNCTION_WORDS: LazyLock<HashMap<Language, Vec<&'static str>>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test uses it")]
    let file: HashMap<Language, &str> =
        toml::from_str(include_str!("lexicon/data/function_words.toml")).expect("function_words.toml is valid");
    file.into_iter().map(|(language, words)| (language, words.split(' ').collect())).collect()
});

impl Language {
    /// Returns whether the language is written without spaces between words, or joins particles to words, so
    /// that its terms are found inside of longer runs of characters.
    pub(crate) fn is_dense(self) -> bool {
        matches!(self, Self::Ja | Self::Zh | Self::Ko)
    }

    /// Returns the language with this BCP 47 tag.
    pub(crate) fn with_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_lowercase();
        toml::Value::String(primary).try_into().unwrap_or(Self::Other)
    }

    /// Returns whether the lexicon has words of this language for every stage of proceedings. Of other languages it
    /// has some, so that what it does not find may still be there.
    pub(crate) fn is_covered(self) -> bool {
        !matches!(self, Self::Pl | Self::Tr | Self::Sv | Self::Other)
    }

    /// Returns whether what says that something is not so follows the words that it concerns.
    pub(crate) fn marks_follow(self) -> bool {
        matches!(self, Self::Ja | Self::Ko | Self::Tr)
    }

    /// Returns whether `word`, in folded form, has no content of its own.
    pub(crate) fn is_function_word(self, word: &str) -> bool {
        FUNCTION_WORDS.get(&self).is_some_and(|words| words.contains(&word))
    }

    /// Recognises the language of a folded text, by its script and then by its function words. A text without
    /// any of them counts as English.
    pub(crate) fn of(folded: &str) -> Self {
        let (mut kana, mut hiragana, mut han, mut hangul, mut cyrillic, mut arabic, mut latin) = (0, 0, 0, 0, 0, 0, 0);
        for c in folded.chars() {
            match c {
                '\u{3041}'..='\u{309f}' => {
                    kana += 1;
                    hiragana += 1;
                }
                '\u{30a0}'..='\u{30ff}' => kana += 1,
                '\u{3400}'..='\u{9fff}' => han += 1,
                '\u{ac00}'..='\u{d7a3}' => hangul += 1,
                '\u{400}'..='\u{4ff}' => cyrillic += 1,
                '\u{600}'..='\u{6ff}' => arabic += 1,
                c if c.is_alphabetic() => latin += 1,
                _ => {}
            }
        }
        // A name in the script of another language does not decide: a dense script carries a word in about two
        // characters, the others in about six.
        let dense = 3 * (kana + han + hangul);
        // Hiragana writes the grammar of Japanese: names in other scripts do not outweigh it.
        if hiragana * 12 > latin + hiragana {
            return Self::Ja;
        }
        let most = dense.max(cyrillic).max(arabic).max(latin);
        if dense == most && dense > 0 {
            return if hangul > han { Self::Ko } else if kana * 10 > han { Self::Ja } else { Self::Zh };
        }
        if cyrillic == most && cyrillic > 0 {
            return Self::Ru;
        }
        if arabic == most && arabic > 0 {
            return Self::Ar;
        }
        Self::of_latin(folded)
    }

    fn of_latin(folded: &str) -> Self {
        const LATIN: [Language; 10] = [
            Language::En,
            Language::De,
            Language::Fr,
            Language::Es,
            Language::Pt,
            Language::It,
            Language::Nl,
            Language::Pl,
            Language::Tr,
            Language::Sv,
        ];
        let mut counts = [0_usize; LATIN.len()];
        let mut words = 0;
        for word in folded.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            words += 1;
            for (count, language) in counts.iter_mut().zip(LATIN) {
                *count += usize::from(language.is_function_word(word));
            }
        }
        // Letters that only one of these languages has weigh as much as a function word.
        const LETTERS: [(&str, Language); 5] = [
            ("ığş", Language::Tr),
            ("łąęśżźćń", Language::Pl),
            ("åä", Language::Sv),
            ("ãõ", Language::Pt),
            ("ñ¿¡", Language::Es),
        ];
        for (letters, language) in LETTERS {
            let count = folded.chars().filter(|c| letters.contains(*c)).count();
            let at = LATIN.iter().position(|other| *other == language).unwrap_or_default();
            counts[at] += count;
        }
        let mut best = 0;
        for (at, count) in counts.iter().enumerate() {
            if *count > counts[best] {
                best = at;
            }
        }
        // A text of some length without function words is in none of these languages.
        if words > 12 && counts[best] * 12 < words { Self::Other } else { LATIN[best] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_recognised_by_its_script_and_its_function_words() {
        for (text, language) in [
            ("the court fined the company", Language::En),
            ("das gericht verurteilte die firma", Language::De),
            ("le tribunal a condamné la société", Language::Fr),
            ("el tribunal condenó a la empresa", Language::Es),
            ("o tribunal condenou a empresa por suborno", Language::Pt),
            ("il tribunale ha condannato la società", Language::It),
            ("de rechtbank veroordeelde het bedrijf", Language::Nl),
            ("суд оштрафовал компанию", Language::Ru),
            ("غرمت المحكمه الشركه", Language::Ar),
            ("裁判所は同社に罰金を科した", Language::Ja),
            ("法院判处该公司罚款", Language::Zh),
            ("법원은 회사에 벌금을 부과했다", Language::Ko),
            ("the register lists 霧峰台化成株式会社 as active and in good standing", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }
}
