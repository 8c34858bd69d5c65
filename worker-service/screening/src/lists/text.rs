//! Values of lists as text: single spaces, no duplicates.

/// Returns `text` with single spaces between its words and none around them.
pub(super) fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds `value`, tidied, unless it is empty or a duplicate.
pub(super) fn add(values: &mut Vec<String>, value: &str) {
    let value = tidy(value);
    if !value.is_empty() && !values.contains(&value) {
        values.push(value);
    }
}
