//! The company's name as a phrase of a query.

/// Returns `name` without the characters that have a meaning in queries, such as quotation marks, which would
/// end the phrase, and without punctuation at the end, which confuses some services.
pub(super) fn phrase(name: &str) -> String {
    let words = name.replace(['"', '(', ')', '“', '”', '«', '»'], " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ',', ';', ':']).to_owned()
}
