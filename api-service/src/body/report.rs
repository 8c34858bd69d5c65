//! The body of a request for one report.

use axum::extract::Request;
use domain::request::{FieldError, ReportRequest, ReportRequestDraft};
use serde_json::{Map, Value};

use super::{
    json::{Parsed, parse, segment},
    media_type::require_json,
    memory::{BodyMemory, HeldMemory},
};
use crate::problem::Problem;

/// Maximum size of the body, in bytes: several times that of a request with fields of maximum length.
pub(super) const BODY_MAX: usize = 64 * 1024;

/// Maximum number of JSON values in the body.
const VALUES_MAX: usize = 2_000;

/// Maximum number of unknown fields that are listed one by one.
const UNKNOWN_MAX: usize = 50;

/// Reads the report request in the body, and returns it with the memory that it takes.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a valid request.
pub(crate) async fn report_request(
    memory: &BodyMemory,
    request: Request,
) -> Result<(ReportRequest, HeldMemory), Problem> {
    require_json(request.headers())?;
    let (bytes, held) = memory.read(request.into_body(), BODY_MAX).await?;
    let Parsed { value, repeated } = parse(&bytes, VALUES_MAX)?;
    let request = validated(value, repeated_errors(repeated)).map_err(Problem::invalid)?;
    Ok((request, held))
}

/// Returns the errors of members that occur more than once.
pub(super) fn repeated_errors(pointers: Vec<String>) -> Vec<FieldError> {
    let error = |pointer: String| {
        let name = pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let message = format!("the field {:?} occurs more than once: send it once", clip(&name));
        FieldError::new(pointer, "repeated", message)
    };
    pointers.into_iter().map(error).collect()
}

/// Validates the report request in `value`, in which `errors` were already found.
///
/// # Errors
/// Returns everything that is wrong with it, sorted by pointer.
pub(super) fn validated(value: Value, mut errors: Vec<FieldError>) -> Result<ReportRequest, Vec<FieldError>> {
    let checked = match draft(value) {
        Ok((draft, more)) => {
            errors.extend(more);
            draft.check()
        }
        Err(error) => Err(vec![error]),
    };
    match checked {
        Ok(request) if errors.is_empty() => Ok(request),
        checked => {
            // A field that is repeated or of the wrong type is absent from the draft. It must not be reported
            // as missing as well.
            let told: Vec<String> = errors.iter().map(|error| error.pointer.clone()).collect();
            let more = checked.err().unwrap_or_default();
            errors.extend(more.into_iter().filter(|error| !told.contains(&error.pointer)));
            errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
            Err(errors)
        }
    }
}

/// Takes the fields of a report request from `value`. Returns them with an error for each field of the wrong
/// type and each unknown field.
///
/// # Errors
/// Returns an error if `value` is not an object.
fn draft(value: Value) -> Result<(ReportRequestDraft, Vec<FieldError>), FieldError> {
    let mut object = object(value)?;
    let mut errors = Vec::new();
    let mut text = |name: &str| take_text(&mut object, name, &mut errors);
    let draft = ReportRequestDraft {
        company_name: text("companyName"),
        corporate_number: text("corporateNumber"),
        country: text("country"),
        language: text("language"),
        purpose: text("purpose"),
        callback_url: text("callbackUrl"),
    };
    errors.extend(unknown_fields(&object));
    Ok((draft, errors))
}

/// Returns the members of `value`.
///
/// # Errors
/// Returns an error if `value` is not an object.
pub(super) fn object(value: Value) -> Result<Map<String, Value>, FieldError> {
    match value {
        Value::Object(object) => Ok(object),
        other => {
            let message = format!("the body must be a JSON object, not {}", type_name(&other));
            Err(FieldError::new("", "wrong_type", message))
        }
    }
}

/// Removes the text `name` from `object`. Returns `None` if there is none, and adds to `errors` if its value
/// is not a text.
pub(super) fn take_text(
    object: &mut Map<String, Value>,
    name: &str,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    match object.remove(name) {
        Some(Value::String(text)) => Some(text),
        None | Some(Value::Null) => None,
        Some(other) => {
            let message = format!("{name} must be a string, not {}", type_name(&other));
            errors.push(FieldError::new(segment(name), "wrong_type", message));
            None
        }
    }
}

/// Returns an error for each member that is left in `rest`.
pub(super) fn unknown_fields(rest: &Map<String, Value>) -> Vec<FieldError> {
    let message =
        |name: &str| format!("there is no field named {:?}: remove it, or check its spelling", clip(name));
    let listed = rest.keys().take(UNKNOWN_MAX);
    let mut errors: Vec<FieldError> =
        listed.map(|name| FieldError::new(segment(name), "unknown_field", message(name))).collect();
    let unlisted = rest.len().saturating_sub(UNKNOWN_MAX);
    if unlisted > 0 {
        let message = format!("there are {unlisted} more unknown fields: remove them");
        errors.push(FieldError::new("", "unknown_field", message));
    }
    errors
}

/// Returns `name` as it is shown in a message.
fn clip(name: &str) -> String {
    name.chars().take(60).collect()
}

/// Returns the type of a JSON value with its article.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<(String, String)> {
        let Parsed { value, repeated } = parse(text.as_bytes(), VALUES_MAX).unwrap();
        let errors = validated(value, repeated_errors(repeated)).unwrap_err();
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn repeated_fields_are_told_together_with_every_other_error() {
        let text = r#"{"country": "XX", "country": "JP", "companyName": 7, "purpose": {"a": 1, "a": 1},
            "corporateNumber": "<b>", "x": {"y": [{"z": 1, "z": 2}]}, "language": "tlh"}"#;
        let expected = [
            ("/companyName", "wrong_type"),
            ("/corporateNumber", "number_characters"),
            ("/country", "repeated"),
            ("/language", "language_unsupported"),
            ("/purpose", "wrong_type"),
            ("/purpose/a", "repeated"),
            ("/x", "unknown_field"),
            ("/x/y/0/z", "repeated"),
        ];
        assert_eq!(errors(text), pairs(&expected));
    }

    #[test]
    fn a_body_that_is_no_object_has_one_error_besides_the_repeated_fields_in_it() {
        assert_eq!(errors("[]"), pairs(&[("", "wrong_type")]));
        assert_eq!(errors(r#"[{"a": 1, "a": 1}]"#), pairs(&[("", "wrong_type"), ("/0/a", "repeated")]));
    }
}
