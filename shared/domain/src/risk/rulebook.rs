//! The rules of all sources, together with the words (translated texts) of every language.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Rules, RulesAssessment, RulesError};
use crate::{
    evidence::{Snapshot, SourceName},
    language::{Language, Words, WordsError},
};

/// The contribution of a source to the [`Rulebook`].
#[derive(Clone, Copy, Debug)]
pub struct RulebookPart<'a> {
    /// The source's rules, as TOML.
    pub rules: &'a str,
    /// The source's words, as TOML, each with the BCP 47 tag of its language.
    pub words: &'a [(&'a str, &'a str)],
}

/// The rules of all sources, and the words of every language: those of every report and those of the sources.
#[derive(Clone, Debug)]
pub struct Rulebook {
    rules: Rules,
    words: BTreeMap<Language, Words>,
}

/// An error in a part of a rulebook.
#[derive(Debug, Error)]
pub enum RulebookError {
    /// The rules cannot be composed.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The words of a language cannot be composed.
    #[error("the words of the language {language} cannot be composed: {error}")]
    Words {
        /// The language.
        language: Language,
        /// The error.
        error: WordsError,
    },
}

impl Rulebook {
    /// Composes the rulebook of `parts`, in their order. Words in a language that reports cannot be
    /// written in are ignored.
    ///
    /// # Errors
    /// Returns [`RulebookError`] if a part is not valid TOML, if two parts define the same rule or the same
    /// words, or if a rule has an empty range of strengths or more than 100 points.
    pub fn compose(parts: &[RulebookPart<'_>]) -> Result<Self, RulebookError> {
        let rules = Rules::compose(parts.iter().map(|part| part.rules))?;
        let words = Language::all().map(|language| {
            let of_language =
                parts.iter().flat_map(|part| part.words).filter(|(tag, _)| *tag == language.tag());
            let words = language.base_words().extended(of_language.map(|(_, words)| *words));
            Ok((language, words.map_err(|error| RulebookError::Words { language, error })?))
        });
        let words = words.collect::<Result<_, RulebookError>>()?;
        Ok(Self { rules, words })
    }

    /// Returns the rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the words of `language`.
    pub fn words(&self, language: Language) -> &Words {
        self.words.get(&language).unwrap_or_else(|| language.base_words())
    }

    /// Applies the rules to `snapshot` and states the result in `language`. `mandatory` sources
    /// without an answer make the level UNDETERMINED.
    pub fn assess(
        &self,
        snapshot: &Snapshot,
        mandatory: &[SourceName],
        language: Language,
    ) -> RulesAssessment {
        self.rules.assess(snapshot, mandatory, self.words(language))
    }
}
