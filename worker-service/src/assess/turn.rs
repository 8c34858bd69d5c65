//! The turns of a conversation with a model, and an estimate of their length.

use super::{
    answer::{Content, ModelAnswer},
    prompt::Prompt,
};

/// A turn of a conversation.
#[derive(Clone, Debug)]
pub enum Turn {
    /// The question about the company.
    Question(String),
    /// An answer of the model.
    Answer(Box<ModelAnswer>),
    /// The request to repair the answer before it.
    Repair {
        /// Description of the problems of that answer.
        problems: String,
        /// Whether that answer was structured.
        of_structured: bool,
    },
}

/// Returns an upper estimate of the number of input tokens of a call with `prompt` and `turns`, because
/// Bedrock reports the number only afterwards. A token is about four letters of English, or about one
/// character of Chinese or Japanese; the estimate counts three ASCII characters as one token, and any other
/// character as two.
pub(super) fn estimate_input(prompt: &Prompt, turns: &[Turn]) -> u64 {
    /// Tokens of the schema and of the request's structure.
    const OVERHEAD: u64 = 1_500;
    let text = |text: &str| {
        let (ascii, other) = text.chars().fold((0_u64, 0_u64), |(ascii, other), c| {
            if c.is_ascii() { (ascii + 1, other) } else { (ascii, other + 1) }
        });
        ascii.div_ceil(3) + other * 2
    };
    let turn = |turn: &Turn| match turn {
        Turn::Question(question) => text(question),
        Turn::Repair { problems, .. } => text(problems),
        Turn::Answer(answer) => match &answer.content {
            Content::Structured(value) => text(&value.to_string()),
            Content::Text(prose) => text(prose),
        },
    };
    OVERHEAD + text(&prompt.system) + turns.iter().map(turn).sum::<u64>()
}
