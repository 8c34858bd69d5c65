//! What a client stores with a report for itself: its own id of the request, and metadata. No worker reads it, and it is
//! no part of the report's files.

use std::collections::BTreeMap;

use super::request::FieldError;

/// Maximum number of metadata entries of a report.
pub const METADATA_MAX: usize = 16;
/// Maximum number of characters in the name of a metadata entry.
pub const METADATA_NAME_MAX: usize = 40;
/// Maximum number of characters in the value of a metadata entry.
pub const METADATA_VALUE_MAX: usize = 200;

/// What a client stores with a report for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The client's own id of the request, which each request of a batch has.
    pub custom_id: Option<String>,
    /// Names and values that the client chooses.
    pub metadata: BTreeMap<String, String>,
}

/// Checks the metadata of a request.
///
/// # Errors
/// Returns a [`FieldError`] for each entry with an invalid name or value, or one if there are too many entries.
pub fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Vec<FieldError>> {
    if metadata.len() > METADATA_MAX {
        let message = format!("metadata has {} entries: send at most {METADATA_MAX}", metadata.len());
        return Err(vec![FieldError::new("/metadata", "too_many", message)]);
    }
    let errors: Vec<FieldError> =
        metadata.iter().filter_map(|(name, value)| entry_error(name, value)).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn entry_error(name: &str, value: &str) -> Option<FieldError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !(1..=METADATA_NAME_MAX).contains(&name.len()) || !name.chars().all(is_name) {
        let shown: String = name.chars().take(METADATA_NAME_MAX).collect();
        let message = format!(
            "the name {shown:?} in metadata must have 1 to {METADATA_NAME_MAX} characters, which are ASCII letters, digits, '_', '.' or '-'"
        );
        return Some(FieldError::new("/metadata", "metadata_name_invalid", message));
    }
    let pointer = format!("/metadata/{name}");
    if value.chars().count() > METADATA_VALUE_MAX {
        let message = format!("{name} must have at most {METADATA_VALUE_MAX} characters");
        return Some(FieldError::new(pointer, "too_long", message));
    }
    safe_text::refused_in_line(value).map(|character| {
        FieldError::new(pointer, "characters", format!("{name} contains {character}: remove it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        let metadata =
            entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let errors = check_metadata(&metadata).err().unwrap_or_default();
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn metadata_is_a_few_short_texts_with_plain_names() {
        assert_eq!(codes(&[]), []);
        assert_eq!(codes(&[("caseId", "K-17"), ("cost.center", ""), ("note", "審査 №4")]), []);
        let expected = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        assert_eq!(codes(&[("", "x")]), expected("/metadata", "metadata_name_invalid"));
        assert_eq!(codes(&[("a b", "x")]), expected("/metadata", "metadata_name_invalid"));
        assert_eq!(codes(&[("a", &"x".repeat(201))]), expected("/metadata/a", "too_long"));
        assert_eq!(codes(&[("a", "x\u{0}")]), expected("/metadata/a", "characters"));
        let many: Vec<(String, String)> = (0..17).map(|n| (format!("n{n}"), String::new())).collect();
        let many: Vec<(&str, &str)> =
            many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(codes(&many), expected("/metadata", "too_many"));
    }

    #[test]
    fn the_error_of_an_invalid_name_says_which_name_it_is() {
        let names = ["a b".to_owned(), "x".repeat(1_000)];
        let metadata = names.into_iter().map(|name| (name, String::new())).collect();
        let messages: Vec<String> =
            check_metadata(&metadata).unwrap_err().into_iter().map(|error| error.message).collect();
        let clipped = "x".repeat(METADATA_NAME_MAX);
        assert!(messages[0].starts_with("the name \"a b\" in metadata"), "{messages:?}");
        assert!(messages[1].starts_with(&format!("the name \"{clipped}\" in metadata")), "{messages:?}");
    }
}
