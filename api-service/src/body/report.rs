//! The body of a request for one report.

use std::collections::BTreeMap;

use axum::extract::Request;
use domain::{
    labels::check_metadata,
    request::{FieldError, ReportRequest, ReportRequestDraft},
};
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

/// A request for a report, with what the client stores with it for itself.
#[derive(Debug)]
pub(crate) struct Submission {
    /// The request.
    pub(crate) request: ReportRequest,
    /// The client's metadata.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Reads the report request in the body, and returns it with the memory that it takes.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a valid request.
pub(crate) async fn report_request(
    memory: &BodyMemory,
    request: Request,
) -> Result<(Submission, HeldMemory), Problem> {
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
pub(super) fn validated(value: Value, mut errors: Vec<FieldError>) -> Result<Submission, Vec<FieldError>> {
    let checked = match object(value) {
        Ok(object) => {
            let mut more = Vec::new();
            let (draft, metadata) = draft(object, &mut more);
            let told: Vec<String> = errors.iter().map(|error| error.pointer.clone()).collect();
            errors.extend(more.into_iter().filter(|error| !told.contains(&error.pointer)));
            draft.check().map(|request| Submission { request, metadata })
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

/// Takes the fields of a report request, and the metadata, from `object`. Adds an error for each field of the wrong
/// type, each invalid entry of the metadata and each unknown field.
fn draft(
    mut object: Map<String, Value>,
    errors: &mut Vec<FieldError>,
) -> (ReportRequestDraft, BTreeMap<String, String>) {
    let formats = take_texts(&mut object, "formats", errors);
    let metadata = take_metadata(&mut object, errors);
    let mut text = |name: &str| take_text(&mut object, name, errors);
    let draft = ReportRequestDraft {
        company_name: text("companyName"),
        corporate_number: text("corporateNumber"),
        country: text("country"),
        language: text("language"),
        purpose: text("purpose"),
        callback_url: text("callbackUrl"),
        formats,
    };
    errors.extend(unknown_fields(&object));
    (draft, metadata)
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

/// Removes the list of texts `name` from `object`. Returns `None` if there is none, and adds to `errors` if its
/// value is not a list. A member of it that is not a text is an error as well; it stays in the list as an empty
/// text, so that the others keep their places.
pub(super) fn take_texts(
    object: &mut Map<String, Value>,
    name: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Vec<String>> {
    let members = match object.remove(name) {
        Some(Value::Array(members)) => members,
        None | Some(Value::Null) => return None,
        Some(other) => {
            let message = format!("{name} must be an array, not {}", type_name(&other));
            errors.push(FieldError::new(segment(name), "wrong_type", message));
            return None;
        }
    };
    let text = |(index, member)| match member {
        Value::String(text) => text,
        other => {
            if errors.len() < UNKNOWN_MAX {
                let message = format!("{name} must contain strings, not {}", type_name(&other));
                errors.push(FieldError::new(format!("{}/{index}", segment(name)), "wrong_type", message));
            }
            String::new()
        }
    };
    Some(members.into_iter().enumerate().map(text).collect())
}

/// Removes the metadata from `object`, and adds to `errors` what is wrong with it. Entries that are not texts are left out.
fn take_metadata(object: &mut Map<String, Value>, errors: &mut Vec<FieldError>) -> BTreeMap<String, String> {
    let entries = match object.remove("metadata") {
        Some(Value::Object(entries)) => entries,
        None | Some(Value::Null) => return BTreeMap::new(),
        Some(other) => {
            let message = format!("metadata must be an object, not {}", type_name(&other));
            errors.push(FieldError::new("/metadata", "wrong_type", message));
            return BTreeMap::new();
        }
    };
    let mut metadata = BTreeMap::new();
    for (name, value) in entries {
        match value {
            Value::String(text) => {
                metadata.insert(name, text);
            }
            other if errors.len() < UNKNOWN_MAX => {
                let message = format!("the values in metadata must be strings, not {}", type_name(&other));
                errors.push(FieldError::new(format!("/metadata{}", segment(&name)), "wrong_type", message));
            }
            _ => {}
        }
    }
    errors.extend(check_metadata(&metadata).err().into_iter().flatten());
    metadata
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
    use domain::format::Format;

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
    fn every_invalid_name_of_a_format_is_told() {
        let company = r#""companyName": "A", "corporateNumber": "1010401998301", "country": "JP""#;
        let errors_of = |formats: &str| errors(&format!(r#"{{{company}, "formats": {formats}}}"#));
        assert_eq!(errors_of("[]"), pairs(&[("/formats", "empty")]));
        assert_eq!(errors_of(r#""pdf""#), pairs(&[("/formats", "wrong_type")]));
        assert_eq!(
            errors_of(r#"{"pdf": true, "pdf": 1}"#),
            pairs(&[("/formats", "wrong_type"), ("/formats/pdf", "repeated")])
        );
        let expected = [
            ("/formats/0", "format_unknown"),
            ("/formats/1", "wrong_type"),
            ("/formats/2", "wrong_type"),
            ("/formats/4", "format_repeated"),
        ];
        assert_eq!(errors_of(r#"["docx", 7, null, "pdf", "pdf"]"#), pairs(&expected));
        let many = format!("[{}1]", "1, ".repeat(1_000));
        assert!(errors_of(&many).len() <= 51, "the answer stays small");
        assert_eq!(errors_of(r#"["pdf"], "formats": ["md"]"#), pairs(&[("/formats", "repeated")]));
    }

    #[test]
    fn formats_are_optional() {
        let company = r#""companyName": "A", "corporateNumber": "1010401998301", "country": "JP""#;
        for (formats, expected) in
            [("null", None), (r#"["md", "html"]"#, Some(vec![Format::Html, Format::Md]))]
        {
            let text = format!(r#"{{{company}, "formats": {formats}}}"#);
            let parsed = parse(text.as_bytes(), VALUES_MAX).unwrap().value;
            assert_eq!(validated(parsed, Vec::new()).unwrap().request.formats, expected);
        }
    }

    #[test]
    fn everything_wrong_with_metadata_is_told() {
        let company = r#""companyName": "A", "corporateNumber": "1010401998301", "country": "JP""#;
        let errors_of = |metadata: &str| errors(&format!(r#"{{{company}, "metadata": {metadata}}}"#));
        assert_eq!(errors_of("[]"), pairs(&[("/metadata", "wrong_type")]));
        let expected = [("/metadata", "metadata_name_invalid"), ("/metadata/b", "wrong_type")];
        assert_eq!(errors_of(r#"{"a b": "x", "b": 7, "c": "y"}"#), pairs(&expected));
        assert_eq!(errors_of(r#"{"a": "x", "a": "y"}"#), pairs(&[("/metadata/a", "repeated")]));
        let many = (0..1_000).map(|number| format!(r#""n{number}": 1"#));
        let many = format!("{{{}}}", many.collect::<Vec<_>>().join(", "));
        assert!(errors_of(&many).len() <= 51, "the answer stays small");
        let text = format!(r#"{{{company}, "metadata": {{"caseId": "K-17"}}}}"#);
        let parsed = parse(text.as_bytes(), VALUES_MAX).unwrap().value;
        let metadata = validated(parsed, Vec::new()).unwrap().metadata;
        assert_eq!(metadata, BTreeMap::from([("caseId".to_owned(), "K-17".to_owned())]));
    }

    #[test]
    fn a_body_that_is_no_object_has_one_error_besides_the_repeated_fields_in_it() {
        assert_eq!(errors("[]"), pairs(&[("", "wrong_type")]));
        assert_eq!(errors(r#"[{"a": 1, "a": 1}]"#), pairs(&[("", "wrong_type"), ("/0/a", "repeated")]));
    }
}
