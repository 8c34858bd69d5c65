//! The body of a batch: up to a thousand requests for reports.

use std::collections::{HashMap, HashSet};

use axum::extract::Request;
use domain::request::FieldError;
use serde_json::Value;

use super::{
    json::{Parsed, parse},
    media_type::require_json,
    memory::{BodyMemory, HeldMemory},
    report::{Submission, object, repeated_errors, take_text, type_name, unknown_fields, validated},
};
use crate::problem::Problem;

/// Maximum size of the body, in bytes: enough for a thousand requests with fields of maximum length.
pub(super) const BODY_MAX: usize = 4 * 1024 * 1024;

/// Maximum number of JSON values in the body: a thousand requests with sixty values each.
const VALUES_MAX: usize = 60_000;

/// Maximum number of requests in a batch.
const REQUESTS_MAX: usize = 1_000;

/// Maximum number of characters in a `customId`.
pub(crate) const CUSTOM_ID_MAX: usize = 100;

/// One request of a batch.
#[derive(Debug)]
pub(crate) struct BatchItem {
    /// The client's own id for the request; `None` if it is missing or invalid.
    pub(crate) custom_id: Option<String>,
    /// The request, or everything that is wrong with it.
    pub(crate) request: Result<Submission, Vec<FieldError>>,
}

/// Reads the requests of the batch in the body, and returns them with the memory that they take. An invalid
/// request does not affect the others.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a batch at all.
pub(crate) async fn batch(
    memory: &BodyMemory,
    request: Request,
) -> Result<(Vec<BatchItem>, HeldMemory), Problem> {
    require_json(request.headers())?;
    let (bytes, held) = memory.read(request.into_body(), BODY_MAX).await?;
    let parsed = parse(&bytes, VALUES_MAX)?;
    drop(bytes);
    Ok((items(parsed).map_err(Problem::invalid)?, held))
}

/// Returns the requests of a batch.
///
/// # Errors
/// Returns everything that is wrong with the batch outside its requests.
fn items(Parsed { value, repeated }: Parsed) -> Result<Vec<BatchItem>, Vec<FieldError>> {
    let mut repeated_in: HashMap<usize, Vec<String>> = HashMap::new();
    let mut outside = Vec::new();
    for pointer in repeated {
        match in_item(&pointer) {
            Some((index, rest)) => repeated_in.entry(index).or_default().push(rest.to_owned()),
            None => outside.push(pointer),
        }
    }
    let mut errors = repeated_errors(outside);
    let mut batch = object(value).map_err(|error| vec![error])?;
    let requests = batch.remove("reports");
    errors.extend(unknown_fields(&batch));
    let requests = match requests {
        Some(Value::Array(requests)) if (1..=REQUESTS_MAX).contains(&requests.len()) => requests,
        other => {
            if errors.iter().all(|error| error.pointer != "/reports") {
                errors.push(unusable(other.as_ref()));
            }
            Vec::new()
        }
    };
    if !errors.is_empty() {
        errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        return Err(errors);
    }
    let mut seen = HashSet::new();
    let item = |(index, item)| {
        let repeated = repeated_in.remove(&index).unwrap_or_default();
        batch_item(index, item, repeated_errors(repeated), &mut seen)
    };
    Ok(requests.into_iter().enumerate().map(item).collect())
}

/// Splits the pointer of a value in a request into the request's index and the pointer within the request.
fn in_item(pointer: &str) -> Option<(usize, &str)> {
    let rest = pointer.strip_prefix("/reports/")?;
    let end = rest.find('/')?;
    Some((rest[..end].parse().ok()?, &rest[end..]))
}

/// Returns the error of a `reports` that is not a list of 1 to 1,000 requests.
fn unusable(reports: Option<&Value>) -> FieldError {
    let (code, message) = match reports {
        None => ("required", format!("reports is required: send 1 to {REQUESTS_MAX} requests")),
        Some(Value::Array(requests)) => {
            let message = format!("reports contains {} requests: send 1 to {REQUESTS_MAX}", requests.len());
            ("count_invalid", message)
        }
        Some(other) => ("wrong_type", format!("reports must be an array, not {}", type_name(other))),
    };
    FieldError::new("/reports", code, message)
}

/// Validates a request of a batch, in which `errors` were already found.
fn batch_item(
    index: usize,
    mut item: Value,
    mut errors: Vec<FieldError>,
    seen: &mut HashSet<String>,
) -> BatchItem {
    let id = item.as_object_mut().and_then(|members| take_text(members, "customId", &mut errors));
    let custom_id = id.filter(|id| {
        (1..=CUSTOM_ID_MAX).contains(&id.chars().count()) && safe_text::refused_in_line(id).is_none()
    });
    let is_told = errors.iter().any(|error| error.pointer == "/customId");
    match &custom_id {
        None if !is_told && item.is_object() => errors.push(FieldError::new(
            "/customId",
            "custom_id_invalid",
            format!(
                "customId must be a string of 1 to {CUSTOM_ID_MAX} characters without control characters"
            ),
        )),
        Some(id) if !seen.insert(id.clone()) => errors.push(FieldError::new(
            "/customId",
            "custom_id_repeated",
            "another request of the batch has the same customId: use a different one for each request",
        )),
        _ => {}
    }
    let in_batch =
        |error: FieldError| FieldError { pointer: format!("/reports/{index}{}", error.pointer), ..error };
    let request =
        validated(item, errors).map_err(|errors| errors.into_iter().map(in_batch).collect::<Vec<_>>());
    BatchItem { custom_id, request }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(errors: &[FieldError]) -> Vec<(&str, &str)> {
        errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect()
    }

    fn batch_of(text: &str) -> Result<Vec<BatchItem>, Vec<FieldError>> {
        items(parse(text.as_bytes(), VALUES_MAX).unwrap())
    }

    #[test]
    fn a_repeated_field_refuses_its_request_only() {
        let valid = r#""companyName": "A", "corporateNumber": "1010401998301", "country": "JP""#;
        let text = format!(
            r#"{{"reports": [{{"customId": "a", {valid}}},
                {{"customId": "b", "country": "GB", {valid}}},
                {{"customId": "c", "customId": "d", {valid}}},
                {{"customId": "e", "more": {{"k": "1", "k": "2"}}, {valid}}}]}}"#
        );
        let items = batch_of(&text).unwrap();
        let errors: Vec<_> = items.iter().map(|item| item.request.as_ref().err()).collect();
        assert!(errors[0].is_none());
        assert_eq!(pointers(errors[1].unwrap()), [("/reports/1/country", "repeated")]);
        assert_eq!(pointers(errors[2].unwrap()), [("/reports/2/customId", "repeated")]);
        let expected = [("/reports/3/more", "unknown_field"), ("/reports/3/more/k", "repeated")];
        assert_eq!(pointers(errors[3].unwrap()), expected);
    }

    #[test]
    fn everything_wrong_with_the_batch_itself_is_told_at_once() {
        for (text, expected) in [
            ("{}", vec![("/reports", "required")]),
            (
                r#"{"b": 1, "a": 2}"#,
                vec![("/a", "unknown_field"), ("/b", "unknown_field"), ("/reports", "required")],
            ),
            (
                r#"{"reports": [], "reports": [{}], "x": 1}"#,
                vec![("/reports", "repeated"), ("/x", "unknown_field")],
            ),
            (
                r#"{"reports": [], "x": {"y": 1, "y": 1}}"#,
                vec![("/reports", "count_invalid"), ("/x", "unknown_field"), ("/x/y", "repeated")],
            ),
        ] {
            assert_eq!(pointers(&batch_of(text).unwrap_err()), expected, "{text}");
        }
    }
}
