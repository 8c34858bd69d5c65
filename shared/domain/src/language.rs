//! The languages of reports and their translated texts, called words: one file for each language in
//! `shared/domain/languages`. The sources of evidence add words of their own (see
//! [`Rulebook`](crate::risk::Rulebook)).

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;
use thiserror::Error;
#[cfg(feature = "openapi")]
use utoipa::{PartialSchema, ToSchema, openapi};

use super::{time::UtcTime, unknown::UnknownName};
use country::Country;

/// The files by their BCP 47 tags, in alphabetical order.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// A language that reports can be written in (BCP 47), or one that only a later version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(&'static str);

/// The words (translated texts) of a language, by keys such as `report.summary`.
#[derive(Clone, Debug)]
pub struct Words {
    tree: Value,
    flat: BTreeMap<String, String>,
}

/// Why words cannot be added to those of a language.
#[derive(Debug, Error)]
pub enum WordsError {
    /// The file is not valid TOML.
    #[error("a file of words is not valid TOML: {0}")]
    File(#[from] toml::de::Error),
    /// The key has words already.
    #[error("the words {0} are defined twice")]
    Duplicate(String),
}

static BASE_WORDS: LazyLock<BTreeMap<&'static str, Words>> = LazyLock::new(|| {
    let read = |(tag, file): &(&'static str, &str)| {
        #[expect(clippy::expect_used, reason = "the files are part of the binary, and a test reads them")]
        let tree: Value = toml::from_str(file).expect("a language file is valid TOML");
        (*tag, Words::new(tree))
    };
    FILES.iter().map(read).collect()
});

impl Language {
    /// English, the language of reports whose request names none.
    pub const ENGLISH: Self = Self("en");

    /// Iterates over the languages, in the order of their tags.
    pub fn all() -> impl Iterator<Item = Self> {
        FILES.iter().map(|(tag, _)| Self(tag))
    }

    /// Returns the language with this tag, in any letter case, or `None` if reports are not written in it.
    pub fn find(tag: &str) -> Option<Self> {
        Self::all().find(|language| language.0.eq_ignore_ascii_case(tag))
    }

    /// Returns whether this version can write reports in the language.
    pub fn is_known(self) -> bool {
        BASE_WORDS.contains_key(self.0)
    }

    /// Returns the BCP 47 tag.
    pub fn tag(self) -> &'static str {
        self.0
    }

    /// Returns the words that all reports in this language have in common; English ones for a language that
    /// only a later version knows. They do not include the words of sources and rules; a
    /// [`Rulebook`](crate::risk::Rulebook) has both.
    pub fn base_words(self) -> &'static Words {
        #[expect(clippy::expect_used, reason = "the file of English is part of the binary")]
        let english = || BASE_WORDS.get(Self::ENGLISH.0).expect("English has a file");
        BASE_WORDS.get(self.0).unwrap_or_else(english)
    }
}

impl Words {
    fn new(tree: Value) -> Self {
        let mut flat = BTreeMap::new();
        flatten("", &tree, &mut flat);
        Self { tree, flat }
    }

    /// Returns these words together with those of `files`, which are TOML.
    ///
    /// # Errors
    /// Returns [`WordsError`] if a file is not valid TOML, or if a key has words already.
    pub fn extended<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Result<Self, WordsError> {
        let mut tree = self.tree.clone();
        for file in files {
            merge("", &mut tree, toml::from_str(file)?)?;
        }
        Ok(Self::new(tree))
    }

    /// Returns all words as a tree, for templates.
    pub fn tree(&self) -> &Value {
        &self.tree
    }

    /// Iterates over the keys and their words.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.flat.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }

    /// Returns the words at `key`, such as `report.summary`, or the key itself if there are none. A test
    /// ensures that all languages have the same keys.
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.find(key).unwrap_or(key)
    }

    /// Returns the words for `name` in `group`, such as the label of a level, or the name itself if there are
    /// none.
    pub fn text_of<'a>(&'a self, group: &str, name: &'a str) -> &'a str {
        self.find(&format!("{group}.{name}")).unwrap_or(name)
    }

    /// Returns the words at `key`, or `None` if there are none.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.flat.get(key).map(String::as_str)
    }

    /// Returns the words at `key` with each `{name}` replaced by its value.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.text(key), values)
    }

    /// Returns the list at `key`, such as the scripts of the language, or an empty one.
    pub fn list(&self, key: &str) -> Vec<&str> {
        let list = self.tree.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Returns the name of a country, in English if the language file does not name it.
    pub fn country(&self, country: Country) -> &str {
        self.find(&format!("countries.{country}")).unwrap_or_else(|| country.name())
    }

    /// Returns the name of the country with this code, or the code if there is no such country.
    pub fn country_of<'a>(&'a self, code: &'a str) -> &'a str {
        code.parse().map_or(code, |country| self.country(country))
    }

    /// Formats the day of `time`, in UTC.
    pub fn day(&self, time: UtcTime) -> String {
        self.date("date.day", time)
    }

    /// Formats `time` to the minute, in UTC.
    pub fn moment(&self, time: UtcTime) -> String {
        self.date("date.moment", time)
    }

    /// Formats the month of `time`, in UTC.
    pub fn month(&self, time: UtcTime) -> String {
        self.date("date.month", time)
    }

    fn date(&self, key: &str, time: UtcTime) -> String {
        let timestamp = Timestamp::from_millisecond(time.epoch_millis()).unwrap_or_default();
        let civil = Offset::UTC.to_datetime(timestamp);
        let months = self.tree.pointer("/date/months").and_then(Value::as_array);
        let index = usize::try_from(civil.month() - 1).unwrap_or_default();
        let month = months.and_then(|months| months.get(index)?.as_str()).unwrap_or_default();
        let clock = format!("{:02}:{:02}", civil.hour(), civil.minute());
        let (day, year) = (civil.day().to_string(), civil.year().to_string());
        self.fill(key, &[("day", &day), ("month", month), ("year", &year), ("time", &clock)])
    }
}

/// Adds the members of `addition` to `tree`, which must not have them already.
fn merge(path: &str, tree: &mut Value, addition: Value) -> Result<(), WordsError> {
    match (tree, addition) {
        (Value::Object(members), Value::Object(additions)) => {
            for (name, addition) in additions {
                let path = joined(path, &name);
                match members.get_mut(&name) {
                    Some(member) => merge(&path, member, addition)?,
                    None => {
                        members.insert(name, addition);
                    }
                }
            }
            Ok(())
        }
        _ => Err(WordsError::Duplicate(path.to_owned())),
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Replaces each `{name}` of `template` by its value. Braces in a value stay as they are.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let value = rest[open..].find('}').and_then(|close| {
            let name = &rest[open + 1..open + close];
            Some((values.iter().find(|(known, _)| *known == name)?.1, open + close + 1))
        });
        match value {
            Some((value, end)) => {
                text.push_str(value);
                rest = &rest[end..];
            }
            None => {
                text.push('{');
                rest = &rest[open + 1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            into.insert(path.to_owned(), text.clone());
        }
        Value::Object(members) => {
            for (name, member) in members {
                flatten(&joined(path, name), member, into);
            }
        }
        _ => {}
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = String::deserialize(deserializer)?;
        match Self::find(&tag) {
            Some(language) => Ok(language),
            None => UnknownName::new(&tag).map(|tag| Self(tag.as_str())).map_err(D::Error::custom),
        }
    }
}

#[cfg(feature = "openapi")]
impl PartialSchema for Language {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .description(Some("BCP 47 tag of a language that reports are written in"))
            .enum_values(Some(Self::all().map(Self::tag)))
            .examples(["en"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl ToSchema for Language {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_language_has_the_words_of_english_with_the_same_placeholders() {
        let keys = |language: Language| -> BTreeMap<String, BTreeSet<&'static str>> {
            let words = &language.base_words().flat;
            let is_optional = |key: &str| key.starts_with("countries.") || key.starts_with("schemes.");
            let required = words.iter().filter(|(key, _)| !is_optional(key));
            required.map(|(key, text)| (key.clone(), placeholders(text))).collect()
        };
        let english = keys(Language::ENGLISH);
        assert!(english.len() > 100);
        for language in Language::all() {
            assert_eq!(keys(language), english, "{language}");
            assert!(!language.base_words().list("scripts").is_empty(), "{language}");
            let months = language.base_words().tree.pointer("/date/months").and_then(Value::as_array);
            assert_eq!(months.map(Vec::len), Some(12), "{language}");
        }
    }

    #[test]
    fn a_language_of_a_later_version_keeps_its_tag_and_is_not_offered() {
        let later: Language = serde_json::from_str("\"tlh\"").unwrap();
        assert_eq!((later.tag(), later.is_known()), ("tlh", false));
        assert_eq!(serde_json::to_string(&later).unwrap(), "\"tlh\"");
        assert_eq!(
            later.base_words().text("report.summary"),
            Language::ENGLISH.base_words().text("report.summary")
        );
        assert!(Language::find("tlh").is_none() && Language::ENGLISH.is_known());
    }

    #[test]
    fn a_language_only_names_countries_that_exist() {
        for language in Language::all() {
            for key in language.base_words().flat.keys() {
                if let Some(code) = key.strip_prefix("countries.") {
                    assert!(code.parse::<Country>().is_ok(), "{language}: {code}");
                }
            }
        }
        let japan: Country = "JP".parse().unwrap();
        let named = |tag: &str| Language::find(tag).unwrap().base_words().country(japan).to_owned();
        assert_eq!((named("en").as_str(), named("JA").as_str()), ("Japan", "日本"));
    }

    #[test]
    fn placeholders_are_filled_once_and_only_from_the_given_values() {
        assert_eq!(fill("{a} and {b}, {c", &[("a", "{b}"), ("b", "2")]), "{b} and 2, {c");
        assert_eq!(fill("{x}", &[]), "{x}");
    }

    #[test]
    fn times_are_formatted_as_the_language_writes_them() {
        let time = UtcTime::from_epoch_millis(1_767_614_400_000);
        let [en, ja] = ["en", "ja"].map(|tag| Language::find(tag).unwrap().base_words());
        assert_eq!(en.moment(time), "5 January 2026, 12:00 UTC");
        assert_eq!((en.day(time).as_str(), en.month(time).as_str()), ("5 January 2026", "January 2026"));
        assert_eq!((ja.day(time).as_str(), ja.month(time).as_str()), ("2026年1月5日", "2026年1月"));
    }

    #[test]
    fn words_can_be_added_and_not_replaced() {
        let english = Language::ENGLISH.base_words();
        let extended =
            english.extended(["[sources]\nprocurement = \"Exclusions\"", "[sources]\nother = \"Other\""]);
        let extended = extended.unwrap();
        assert_eq!(extended.text_of("sources", "procurement"), "Exclusions");
        assert_eq!(extended.text_of("sources", "unknown"), "unknown");
        assert_eq!(extended.text("report.summary"), english.text("report.summary"));
        let duplicate = english.extended(["[report]\nsummary = \"x\""]).unwrap_err();
        assert_eq!(duplicate.to_string(), "the words report.summary are defined twice");
        assert!(english.extended(["["]).is_err());
    }
}
