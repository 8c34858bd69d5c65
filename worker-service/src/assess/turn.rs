//! The turns of a conversation with a model, and an estimate of their length.

use super::{
    answer::{Content, ModelAnswer},
    prompt::Prompt,
    schema_compilation::Method,
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
    /// Tokens of the request's structure, and of what Bedrock adds to describe a tool or an output format.
    const OVERHEAD: u64 = 1_000;
    let text = |text: &str| {
        let (ascii, other) = count(text);
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
    OVERHEAD + text(&prompt.form.text) + text(&prompt.system) + turns.iter().map(turn).sum::<u64>()
}

/// Returns a lower estimate of the number of tokens that a cache point after the system prompt covers: the
/// system prompt and, for a tool, its schema. English has at most about five letters to a token; the estimate
/// counts six ASCII characters, or two others, as one token.
pub(super) fn estimate_cacheable(prompt: &Prompt, method: Method) -> u64 {
    let text = |text: &str| {
        let (ascii, other) = count(text);
        ascii / 6 + other / 2
    };
    let schema = match method {
        Method::Tool => text(&prompt.form.text),
        Method::Native { .. } => 0,
    };
    text(&prompt.system) + schema
}

/// Returns the numbers of ASCII characters and of others.
fn count(text: &str) -> (u64, u64) {
    text.chars()
        .fold((0, 0), |(ascii, other), c| if c.is_ascii() { (ascii + 1, other) } else { (ascii, other + 1) })
}
