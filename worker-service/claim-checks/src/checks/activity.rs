//! Whether the company of a claim acts, or is the one to whom something is done.

use super::{grammar::AUXILIARIES, names::own_mentions};
use crate::{
    case::{Case, is_generic},
    language::Language,
};

/// Returns whether the claim begins with the company, and its verb is active for certain.
pub(super) fn acts(case: &Case<'_>) -> bool {
    let statement = &case.statement;
    let Some(sentence) = statement.sentences.first() else { return false };
    let own = own_mentions(case, statement, sentence);
    let Some(own) = own.first() else { return false };
    let rest = statement.at(own.end..sentence.end);
    if statement.language == Language::Ja {
        let is_subject = rest.trim_start_matches(|c: char| !matches!(c, 'は' | 'が')).len() + 60 > rest.len();
        return is_subject && !UNDERGOES_JAPANESE.iter().any(|part| rest.contains(part));
    }
    let before = statement.tokens_in(&(sentence.start..own.start)).count();
    let undergoes = statement.tokens_in(&(own.end..sentence.end)).any(|token| {
        let word = statement.word(token);
        AUXILIARIES.contains(&word) || UNDERGOES.contains(&word) || is_generic(word)
    });
    before <= 1 && !undergoes
}

/// Words with which somebody else acts, and the company is the one to whom it is done.
pub(super) const UNDERGOES: [&str; 36] = [
    "by",
    "under",
    "come",
    "comes",
    "came",
    "coming",
    "receive",
    "receives",
    "received",
    "have",
    "has",
    "had",
    "having",
    "lose",
    "loses",
    "lost",
    "losing",
    "get",
    "gets",
    "getting",
    "suffer",
    "suffers",
    "suffered",
    "undergo",
    "undergoes",
    "underwent",
    "incur",
    "incurred",
    "sees",
    "saw",
    "appears",
    "appear",
    "appeared",
    "remains",
    "drew",
    "attracted",
];

/// Parts of Japanese verbs with which somebody else acts, plain or polite, and of what a register or a list says.
const UNDERGOES_JAPANESE: [&str; 9] =
    ["れた", "れて", "れる", "れま", "れ、", "受け", "対象", "記載", "登録"];
