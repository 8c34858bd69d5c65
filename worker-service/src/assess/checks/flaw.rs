//! The flaws that the checks can find in an answer, and their texts for the model and for the report's
//! reader.

use domain::{language::Words, risk::Grade};

/// Maximum length, in characters, of the model's own text that is repeated in the description of a flaw.
pub(super) const ID_MAX: usize = 80;

/// A flaw of an answer or of a part of it. Its text is in the language files, under `flaws`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Schema { error: String },
    NoAnswer { stop_reason: String },
    Language { language: String },
    Empty,
    TooLong { max: usize },
    Character { what: String },
    TooMany { max: usize },
    Uncited,
    UnknownEvidence { id: String },
    QuoteEmpty { id: String },
    QuoteShort { id: String },
    QuoteAbsent { id: String },
    Number { number: String },
    Unit { figure: String },
    Date { date: String },
    UnderFloor { level: Grade, floor: Grade },
    Instruction { id: String },
}

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    Schema,
    Language,
    Bounds,
    Citation,
    Quote,
    Number,
    Floor,
    Instruction,
}

impl Check {
    /// Returns the name of the check in the audit bundle, logs and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Language => "language",
            Self::Bounds => "bounds",
            Self::Citation => "citation",
            Self::Quote => "quote",
            Self::Number => "number",
            Self::Floor => "floor",
            Self::Instruction => "instruction",
        }
    }
}

impl Flaw {
    /// Returns the check that finds this flaw.
    pub(crate) fn check(&self) -> Check {
        match self {
            Self::Schema { .. } | Self::NoAnswer { .. } => Check::Schema,
            Self::Language { .. } => Check::Language,
            Self::Empty | Self::TooLong { .. } | Self::Character { .. } | Self::TooMany { .. } => {
                Check::Bounds
            }
            Self::Uncited | Self::UnknownEvidence { .. } => Check::Citation,
            Self::QuoteEmpty { .. } | Self::QuoteShort { .. } | Self::QuoteAbsent { .. } => Check::Quote,
            Self::Number { .. } | Self::Unit { .. } | Self::Date { .. } => Check::Number,
            Self::UnderFloor { .. } => Check::Floor,
            Self::Instruction { .. } => Check::Instruction,
        }
    }

    /// Describes the flaw in the language of `words`.
    pub(crate) fn text(&self, words: &Words) -> String {
        let fill = |key: &str, values: &[(&str, &str)]| words.fill(&format!("flaws.{key}"), values);
        let level = |level: Grade| words.text_of("levels", level.as_str());
        match self {
            Self::Schema { error } => fill("schema", &[("error", error)]),
            Self::NoAnswer { stop_reason } => fill("no_answer", &[("stop_reason", stop_reason)]),
            Self::Language { language } => fill("language", &[("language", language)]),
            Self::Empty => fill("empty", &[]),
            Self::TooLong { max } => fill("too_long", &[("most", &max.to_string())]),
            Self::Character { what } => fill("character", &[("what", what)]),
            Self::TooMany { max } => fill("too_many", &[("most", &max.to_string())]),
            Self::Uncited => fill("uncited", &[]),
            Self::UnknownEvidence { id } => fill("unknown_evidence", &[("id", id)]),
            Self::QuoteEmpty { id } => fill("quote_empty", &[("id", id)]),
            Self::QuoteShort { id } => fill("quote_short", &[("id", id)]),
            Self::QuoteAbsent { id } => fill("quote_absent", &[("id", id)]),
            Self::Number { number } => fill("number", &[("number", number)]),
            Self::Unit { figure } => fill("unit", &[("figure", figure)]),
            Self::Date { date } => fill("date", &[("date", date)]),
            Self::UnderFloor { level: proposed, floor } => {
                fill("under_floor", &[("level", level(*proposed)), ("floor", level(*floor))])
            }
            Self::Instruction { id } => fill("instruction", &[("id", id)]),
        }
    }
}
