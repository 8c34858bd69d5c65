//! What can be wrong with an answer, in words for the model and for the report's reader.

use domain::{language::Words, risk::Grade};

/// Something that is wrong with an answer or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of each stand in shared/languages, by its key")]
pub enum Flaw {
    Schema { error: String },
    NoAnswer { stop_reason: String },
    Language { language: String },
    Empty,
    TooLong { most: usize },
    Character { what: String },
    TooMany { most: usize },
    Uncited,
    UnknownEvidence { id: String },
    QuoteEmpty { id: String },
    QuoteShort { id: String },
    QuoteAbsent { id: String },
    Number { number: String },
    Date { date: String },
    UnderFloor { level: Grade, floor: Grade },
    Instruction { id: String },
}

/// The checks, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Check {
    Schema,
    Language,
    Bounds,
    Citation,
    Quote,
    Number,
    Grade,
    Instruction,
}

impl Check {
    /// Its name in the audit bundle, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Language => "language",
            Self::Bounds => "bounds",
            Self::Citation => "citation",
            Self::Quote => "quote",
            Self::Number => "number",
            Self::Grade => "floor",
            Self::Instruction => "instruction",
        }
    }
}

impl Flaw {
    /// The check that found it.
    pub fn check(&self) -> Check {
        match self {
            Self::Schema { .. } | Self::NoAnswer { .. } => Check::Schema,
            Self::Language { .. } => Check::Language,
            Self::Empty | Self::TooLong { .. } | Self::Character { .. } | Self::TooMany { .. } => {
                Check::Bounds
            }
            Self::Uncited | Self::UnknownEvidence { .. } => Check::Citation,
            Self::QuoteEmpty { .. } | Self::QuoteShort { .. } | Self::QuoteAbsent { .. } => Check::Quote,
            Self::Number { .. } | Self::Date { .. } => Check::Number,
            Self::UnderFloor { .. } => Check::Grade,
            Self::Instruction { .. } => Check::Instruction,
        }
    }

    /// What is wrong, in `words`.
    pub fn text(&self, words: &Words) -> String {
        let fill = |key: &str, values: &[(&str, &str)]| words.fill(&format!("flaws.{key}"), values);
        let level = |level: Grade| words.text_of("levels", level.as_str());
        match self {
            Self::Schema { error } => fill("schema", &[("error", error)]),
            Self::NoAnswer { stop_reason } => fill("no_answer", &[("stop_reason", stop_reason)]),
            Self::Language { language } => fill("language", &[("language", language)]),
            Self::Empty => fill("empty", &[]),
            Self::TooLong { most } => fill("too_long", &[("most", &most.to_string())]),
            Self::Character { what } => fill("character", &[("what", what)]),
            Self::TooMany { most } => fill("too_many", &[("most", &most.to_string())]),
            Self::Uncited => fill("uncited", &[]),
            Self::UnknownEvidence { id } => fill("unknown_evidence", &[("id", id)]),
            Self::QuoteEmpty { id } => fill("quote_empty", &[("id", id)]),
            Self::QuoteShort { id } => fill("quote_short", &[("id", id)]),
            Self::QuoteAbsent { id } => fill("quote_absent", &[("id", id)]),
            Self::Number { number } => fill("number", &[("number", number)]),
            Self::Date { date } => fill("date", &[("date", date)]),
            Self::UnderFloor { level: given, floor } => {
                fill("under_floor", &[("level", level(*given)), ("floor", level(*floor))])
            }
            Self::Instruction { id } => fill("instruction", &[("id", id)]),
        }
    }
}
