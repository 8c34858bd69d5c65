//! The company's name as a phrase of a query.

/// Returns `name` without the characters that queries give a meaning to: a quotation mark would end the phrase, and
/// punctuation at the end confuses some services.
pub(super) fn phrase(name: &str) -> String {
    let words = name.replace(['"', '(', ')', '“', '”', '«', '»'], " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ',', ';', ':']).to_owned()
}
