//! The errors of a request, as API clients receive them.

use std::fmt;

use serde::Serialize;

/// An error in one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The location of the field (JSON pointer, RFC 6901).
    #[cfg_attr(feature = "openapi", schema(example = "/country"))]
    pub pointer: String,
    /// The error code, for programs.
    #[cfg_attr(feature = "openapi", schema(example = "country_unknown"))]
    pub code: String,
    /// What is wrong and how to correct it, for people.
    pub message: String,
}

impl FieldError {
    /// Creates an error with `code` at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.to_owned(), message: message.into() }
    }
}

/// Separates the code from the message, which garde carries as one text.
const CODE_END: char = '\u{1f}';

/// Creates the garde error of a failed check.
pub(super) fn reject(code: &str, message: impl fmt::Display) -> garde::Error {
    garde::Error::new(format!("{code}{CODE_END}{message}"))
}

/// Converts a garde report, with field names in snake case, to errors with JSON pointers.
pub(super) fn field_errors(report: garde::Report) -> Vec<FieldError> {
    let errors = report.into_inner().into_iter().map(|(path, error)| {
        let pointer = format!("/{}", camel_case(&path.to_string()));
        match error.message().split_once(CODE_END) {
            Some((code, message)) => FieldError::new(pointer, code, message),
            None => {
                let field = pointer.trim_start_matches('/').to_owned();
                FieldError::new(pointer, "required", format!("{field} is required"))
            }
        }
    });
    errors.collect()
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut camel, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        camel.push_str(&head.to_ascii_uppercase());
        camel.push_str(tail);
        camel
    })
}
