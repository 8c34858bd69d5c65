//! Why an entry of a list matches, as data: reports say it in their own language.

use serde::{Deserialize, Serialize};

use crate::language::Words;

/// Maximum length of a name, in characters.
const NAME_MAX: usize = 300;
/// Maximum length of a word of a name, or of the name of a kind, in characters.
const WORD_MAX: usize = 80;
/// Maximum number of words of each kind.
const WORDS_MAX: usize = 20;

/// Why an entry of a list has its score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct MatchReasons {
    /// The name of the entry that was compared.
    pub name: String,
    /// What this name is to the entry: `main`, `alias`, or `weak` for an alias that alone does not identify it.
    #[cfg_attr(feature = "openapi", schema(example = "main"))]
    pub name_kind: String,
    /// What the score consists of; absent if it is the likeness of the names alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub score: Vec<ScorePart>,
    /// The words that agree, the most distinctive first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordMatch>,
    /// Words that only the request has, or the register that names a related party.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query_only: Vec<String>,
    /// Words that only the entry has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listed_only: Vec<String>,
    /// Whether the dates of birth of a person agree: `same`, `agrees` (as far as both are known), `near`, `differs` or
    /// `unknown`; absent for organisations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
    /// Whether the countries agree: `agrees`, `differs` or `unknown`.
    #[cfg_attr(feature = "openapi", schema(example = "agrees"))]
    pub country: String,
    /// Which number is the same: `registration` or `document`; absent if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_number: Option<String>,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScorePart {
    /// What gives or takes it: `name`, `birth_date`, `country`, `weak_name` or `number`.
    #[cfg_attr(feature = "openapi", schema(example = "country"))]
    pub part: String,
    /// The points out of 100 that it gives; negative if it takes some.
    pub points: i8,
}

/// A word of a name that agrees with a word of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WordMatch {
    /// The word that was searched, in Latin letters.
    pub query: String,
    /// The word of the entry, in Latin letters.
    pub listed: String,
    /// How they agree: `same`, `sound`, `meaning`, `cut`, `near`, `consonants`, `initials`, and for persons `variant`,
    /// `syllables`, `nickname`, `initial` or `joined`.
    #[cfg_attr(feature = "openapi", schema(example = "same"))]
    pub how: String,
}

impl MatchReasons {
    /// Returns the reasons as clauses in the language of `words`.
    pub fn in_words(&self, words: &Words) -> String {
        let of = |kind: &str, values: &[(&str, &str)]| words.fill(&format!("match_reasons.{kind}"), values);
        let mut clauses: Vec<String> = Vec::new();
        for WordMatch { query, listed, how } in &self.words {
            let key = format!("match_reasons.how.{how}");
            // How words agree in a later version is not known here.
            let key = if words.find(&key).is_some() { &*key } else { "match_reasons.how.near" };
            clauses.push(words.fill(key, &[("query", query), ("listed", listed)]));
        }
        for (kind, only) in [("query_only", &self.query_only), ("listed_only", &self.listed_only)] {
            if !only.is_empty() {
                clauses.push(of(kind, &[("words", &only.join(" "))]));
            }
        }
        let agreement =
            |kind: &str, value: &str| words.find(&format!("match_reasons.{kind}.{value}")).map(str::to_owned);
        clauses.extend(self.birth_date.as_ref().and_then(|agrees| agreement("birth_date", agrees)));
        clauses.extend(agreement("country", &self.country));
        clauses.extend(self.same_number.as_ref().and_then(|number| agreement("same_number", number)));
        clauses.join(words.text("match_reasons.separator"))
    }

    /// Returns the parts of the score in the language of `words` ("name 98%, country -22%"), or `None` if the score is
    /// that of the name alone.
    pub fn score_in_words(&self, words: &Words) -> Option<String> {
        let part = |ScorePart { part, points }: &ScorePart| {
            // The likeness of the names is where the others begin.
            let points = if part == "name" { points.to_string() } else { format!("{points:+}") };
            words.fill(&format!("match_reasons.score.{part}"), &[("points", &points)])
        };
        let parts: Vec<String> = self.score.iter().map(part).collect();
        (!parts.is_empty()).then(|| parts.join(words.text("match_reasons.score.separator")))
    }

    /// Returns that the entry was recognised by another name than its main one, in the language of `words`, if so.
    pub fn other_name_in_words(&self, words: &Words) -> Option<String> {
        let key = format!("match_reasons.name.{}", self.name_kind);
        words.find(&key).map(|_| words.fill(&key, &[("name", &self.name)]))
    }

    /// Returns the reasons with their texts cleaned and shortened.
    #[must_use]
    pub(super) fn cleaned(self) -> Self {
        let word = |text: String| safe_text::clean(&text, WORD_MAX);
        let some = |texts: Vec<String>| texts.into_iter().take(WORDS_MAX).map(word).collect();
        let matched = |found: WordMatch| WordMatch {
            query: word(found.query),
            listed: word(found.listed),
            how: word(found.how),
        };
        Self {
            name: safe_text::clean(&self.name, NAME_MAX),
            words: self.words.into_iter().take(WORDS_MAX).map(matched).collect(),
            query_only: some(self.query_only),
            listed_only: some(self.listed_only),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn the_reasons_are_told_in_the_language_of_the_report() {
        let words = |query: &str, listed: &str, how: &str| WordMatch {
            query: query.into(),
            listed: listed.into(),
            how: how.into(),
        };
        let part = |part: &str, points| ScorePart { part: part.into(), points };
        let reasons = MatchReasons {
            name: "KESTREL".into(),
            name_kind: "weak".into(),
            score: vec![part("name", 98), part("country", -22)],
            words: vec![
                words("quilmarsh", "quillmarsh", "sound"),
                words("oil", "petrol", "of_a_later_version"),
            ],
            query_only: vec!["north".into(), "sea".into()],
            listed_only: Vec::new(),
            birth_date: None,
            country: "differs".into(),
            same_number: Some("registration".into()),
        };
        let [en, ja] = ["en", "ja"].map(|tag| Language::find(tag).unwrap().base_words());
        assert_eq!(
            reasons.in_words(en),
            "\"quilmarsh\" sounds like \"quillmarsh\"; \"oil\" differs little from \"petrol\"; only in the name that was screened: \
             north sea; country differs; a registration number is the same"
        );
        assert_eq!(
            reasons.in_words(ja),
            "「quilmarsh」は「quillmarsh」と発音が近い、「oil」は「petrol」とわずかに異なる、照合した名称のみ：north sea、\
             国は異なる、登記番号が同一"
        );
        assert_eq!(reasons.score_in_words(en).unwrap(), "name 98%, country -22%");
        assert_eq!(reasons.score_in_words(ja).unwrap(), "名称98%、国-22%");
        assert!(reasons.other_name_in_words(ja).unwrap().contains("「KESTREL」"));
        let main = MatchReasons { name_kind: "main".into(), ..MatchReasons::default() };
        assert_eq!((main.other_name_in_words(en), main.score_in_words(en)), (None, None));
    }

    #[test]
    fn every_kind_has_words() {
        let kinds: [(&str, &[&str]); 6] = [
            ("birth_date", &["same", "agrees", "near", "differs", "unknown"]),
            ("country", &["agrees", "differs", "unknown"]),
            ("score", &["name", "birth_date", "country", "weak_name", "number"]),
            ("same_number", &["registration", "document"]),
            ("name", &["alias", "weak"]),
            (
                "how",
                &[
                    "same",
                    "sound",
                    "meaning",
                    "cut",
                    "near",
                    "consonants",
                    "initials",
                    "variant",
                    "syllables",
                    "nickname",
                    "initial",
                    "joined",
                ],
            ),
        ];
        for words in Language::all().map(Language::base_words) {
            for (group, kind) in
                kinds.iter().flat_map(|(group, kinds)| kinds.iter().map(move |kind| (group, kind)))
            {
                let key = format!("match_reasons.{group}.{kind}");
                assert!(words.find(&key).is_some(), "{key}");
            }
        }
    }
}
