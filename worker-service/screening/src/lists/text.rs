//! Values of lists as text: single spaces, no duplicates.

/// Returns `text` with single spaces between its words and none around them.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len().min(64));
    for word in text.split_whitespace() {
        if !tidied.is_empty() {
            tidied.push(' ');
        }
        tidied.push_str(word);
    }
    tidied
}

/// Number of values up to which duplicates are left out. No publisher gives an entity as many; it bounds the time
/// for hostile input.
const COMPARED_MAX: usize = 1000;

/// Adds `value`, tidied, unless it is empty or a duplicate.
pub(super) fn add(values: &mut Vec<String>, value: &str) {
    let value = tidy(value);
    if !value.is_empty() && (values.len() > COMPARED_MAX || !values.contains(&value)) {
        values.push(value);
    }
}

/// Returns a family name and given names as "FAMILY, Given", or the one that is not empty.
pub(super) fn join_names([family, given]: &[String; 2]) -> String {
    match (family.as_str(), given.as_str()) {
        (family, "") => family.to_owned(),
        ("", given) => given.to_owned(),
        (family, given) => format!("{family}, {given}"),
    }
}
