//! Puts together the texts of evidence in the language of the report. What a register, a list or a news service wrote
//! stays in its own language.

use std::{collections::BTreeMap, sync::LazyLock};

use domain::language::{Language, Words};

static WORDS: LazyLock<BTreeMap<Language, Words>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the files are part of the binary, and a test reads them")]
    let words = |language| source_words::words(language).expect("the words of the sources are valid");
    Language::all().map(|language| (language, words(language))).collect()
});

/// Returns the words of every report and of the registered sources in `language`; English ones for a language that only a
/// later version knows.
pub(crate) fn words(language: Language) -> &'static Words {
    let known = WORDS.get(&language).or_else(|| WORDS.get(&Language::ENGLISH));
    known.unwrap_or_else(|| language.base_words())
}

/// The words for the texts of one kind of evidence, such as `sanctions`: those in the table `texts.sanctions`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'w> {
    pub(crate) words: &'w Words,
    group: &'static str,
}

impl<'w> Texts<'w> {
    pub(crate) fn new(words: &'w Words, group: &'static str) -> Self {
        Self { words, group }
    }

    /// Returns the words at `key` with each `{name}` replaced by its value.
    pub(crate) fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.fill(&format!("texts.{}.{key}", self.group), values)
    }

    /// Returns the words at `key`.
    pub(crate) fn text(self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// Returns the words at `key`, or `None` if there are none.
    pub(crate) fn find(self, key: &str) -> Option<&'w str> {
        self.words.find(&format!("texts.{}.{key}", self.group))
    }

    /// Returns an empty paragraph.
    pub(crate) fn paragraph(self) -> Paragraph<'w> {
        Paragraph { texts: self, sentences: Vec::new() }
    }

    /// Returns the values as a list.
    pub(crate) fn listed(self, values: &[&str]) -> String {
        values.join(self.words.text("texts.separator"))
    }
}

/// A text of evidence under construction.
#[derive(Clone, Debug)]
pub(crate) struct Paragraph<'w> {
    texts: Texts<'w>,
    sentences: Vec<String>,
}

impl Paragraph<'_> {
    /// Adds a sentence.
    pub(crate) fn push(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    /// Adds the sentence at `key` with each `{name}` replaced by its value.
    pub(crate) fn say(&mut self, key: &str, values: &[(&str, &str)]) {
        self.push(self.texts.fill(key, values));
    }

    /// Adds a value with the label at `key`, if there is one.
    pub(crate) fn field(&mut self, key: &str, value: Option<&str>) {
        self.field_of(self.texts, key, value);
    }

    /// Adds a value with the label at `key` of other words, if there is one.
    pub(crate) fn field_of(&mut self, texts: Texts<'_>, key: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let label = texts.text(key);
            self.push(texts.words.fill("texts.field", &[("label", &label), ("value", value)]));
        }
    }

    /// Adds at most `max` of the values with the label at `key`, if there are any.
    pub(crate) fn list(&mut self, key: &str, values: &[&str], max: usize) {
        let shown = self.texts.listed(values.get(..max).unwrap_or(values));
        let value = if values.len() > max {
            self.texts.words.fill("texts.more", &[("values", &shown)])
        } else {
            shown
        };
        self.field(key, Some(&value));
    }

    /// Returns the text.
    pub(crate) fn finish(self) -> String {
        joined(&self.sentences, self.texts.words)
    }
}

/// Joins sentences as the language does. In a language that puts nothing between them, a sentence in Latin letters is
/// still followed by a space.
pub(crate) fn joined(sentences: &[String], words: &Words) -> String {
    let between = words.text("report.between");
    let mut text = String::new();
    for sentence in sentences.iter().filter(|sentence| !sentence.is_empty()) {
        if !text.is_empty() {
            text.push_str(if between.is_empty() && text.ends_with(|c: char| c.is_ascii()) {
                " "
            } else {
                between
            });
        }
        text.push_str(sentence);
    }
    text
}

/// Returns a text of somebody else with the mark that ends a sentence of its script.
pub(crate) fn ended(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let is_east_asian =
        |c: char| matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
    match text.chars().last() {
        Some('!' | '?' | '。' | '！' | '？') => text.to_owned(),
        Some(last) if is_east_asian(last) => format!("{text}。"),
        _ => format!("{text}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_joined_as_the_language_does() {
        let [en, ja] = ["en", "ja"].map(|tag| words(Language::find(tag).unwrap()));
        let sentences = |texts: [&str; 3]| texts.map(str::to_owned);
        assert_eq!(joined(&sentences(["One.", "", "Two."]), en), "One. Two.");
        assert_eq!(joined(&sentences(["一。", "One.", "二。"]), ja), "一。One. 二。");
    }

    #[test]
    fn a_text_ends_with_the_mark_of_its_script() {
        for (text, expected) in [
            ("It was fined", "It was fined."),
            ("It was fined...", "It was fined."),
            ("Who was fined?", "Who was fined?"),
            ("新工場を着工", "新工場を着工。"),
            ("着工した。", "着工した。"),
        ] {
            assert_eq!(ended(text), expected);
        }
    }

    #[test]
    fn lists_end_with_a_note_if_they_are_cut() {
        let mut paragraph = Texts::new(words(Language::ENGLISH), "sanctions").paragraph();
        paragraph.list("countries", &["Iran", "Russia", "Syria"], 2);
        paragraph.list("programs", &[], 2);
        paragraph.field("born", Some("1961"));
        assert_eq!(paragraph.finish(), "Countries: Iran; Russia, and more. Born: 1961.");
    }
}
