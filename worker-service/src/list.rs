//! Parses lists in the values of settings.

/// Splits `text` at commas, trims each part and leaves out empty ones.
pub(crate) fn comma_separated(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
