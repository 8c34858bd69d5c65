//! Reads and validates the bodies of requests: their size, media type and contents. The errors of a report
//! request are reported all at once.

use std::{collections::HashSet, fmt};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use domain::request::{FieldError, ReportRequest, ReportRequestDraft};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::problem::{Kind, Problem};

/// Maximum size of the body of a request, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// Maximum size of the body of a batch, in bytes: enough for a thousand requests with fields of maximum
/// length.
const BATCH_BODY_MAX: usize = 4 * 1024 * 1024;

/// Maximum number of requests in a batch.
const BATCH_MAX: usize = 1_000;

/// Maximum number of characters in a `customId`.
pub(crate) const CUSTOM_ID_MAX: usize = 100;

/// Maximum number of unknown fields that are listed one by one.
const UNKNOWN_MAX: usize = 50;

/// Reads the report request in the body.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a valid request.
pub(crate) async fn report_request(request: Request) -> Result<ReportRequest, Problem> {
    require_json(request.headers())?;
    let bytes = read(request.into_body(), BODY_MAX).await?;
    validated(parse(&bytes)?).map_err(Problem::invalid)
}

/// Validates the report request in `value`.
///
/// # Errors
/// Returns everything that is wrong with it.
fn validated(value: Value) -> Result<ReportRequest, Vec<FieldError>> {
    let (draft, mut errors) = draft(value)?;
    let wrong_types: Vec<String> = errors.iter().map(|error| error.pointer.clone()).collect();
    match draft.check() {
        Ok(request) if errors.is_empty() => Ok(request),
        checked => {
            // A field of the wrong type is absent from the draft. It must not be reported as missing as well.
            let more = checked.err().unwrap_or_default();
            errors.extend(more.into_iter().filter(|error| !wrong_types.contains(&error.pointer)));
            errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
            Err(errors)
        }
    }
}

/// One request of a batch.
#[derive(Debug)]
pub(crate) struct BatchItem {
    /// The client's own id for the request; `None` if it is missing or invalid.
    pub(crate) custom_id: Option<String>,
    /// The request, or everything that is wrong with it.
    pub(crate) request: Result<ReportRequest, Vec<FieldError>>,
}

/// Reads the requests of the batch in the body. An invalid request does not affect the others.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a batch at all.
pub(crate) async fn batch(request: Request) -> Result<Vec<BatchItem>, Problem> {
    require_json(request.headers())?;
    let bytes = read(request.into_body(), BATCH_BODY_MAX).await?;
    let invalid = |pointer: &str, code: &str, message: String| {
        Problem::invalid(vec![FieldError::new(pointer, code, message)])
    };
    let mut object = match parse(&bytes)? {
        Value::Object(object) => object,
        other => {
            let message = format!("the body must be a JSON object, not {}", type_name(&other));
            return Err(invalid("", "wrong_type", message));
        }
    };
    let items = match object.remove("reports") {
        Some(Value::Array(items)) => items,
        None => {
            return Err(invalid(
                "/reports",
                "required",
                "reports is required: send 1 to 1000 requests".to_owned(),
            ));
        }
        Some(other) => {
            let message = format!("reports must be an array, not {}", type_name(&other));
            return Err(invalid("/reports", "wrong_type", message));
        }
    };
    if let Some(name) = object.keys().next() {
        let message = unknown_field(name);
        return Err(invalid(&pointer(name), "unknown_field", message));
    }
    if !(1..=BATCH_MAX).contains(&items.len()) {
        let message = format!("reports contains {} requests: send 1 to {BATCH_MAX}", items.len());
        return Err(invalid("/reports", "count_invalid", message));
    }
    let mut seen = HashSet::new();
    Ok(items.into_iter().enumerate().map(|(index, item)| batch_item(index, item, &mut seen)).collect())
}

fn batch_item(index: usize, mut item: Value, seen: &mut HashSet<String>) -> BatchItem {
    let mut errors = Vec::new();
    let id = item.as_object_mut().and_then(|members| take_text(members, "customId", &mut errors));
    let custom_id = id.filter(|id| {
        (1..=CUSTOM_ID_MAX).contains(&id.chars().count()) && safe_text::refused_in_line(id).is_none()
    });
    match &custom_id {
        None if errors.is_empty() && item.is_object() => errors.push(FieldError::new(
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
    let request = match (validated(item), errors.is_empty()) {
        (Ok(request), true) => Ok(request),
        (validated, _) => {
            errors.extend(validated.err().unwrap_or_default());
            Err(errors)
        }
    };
    let in_batch =
        |error: FieldError| FieldError { pointer: format!("/reports/{index}{}", error.pointer), ..error };
    BatchItem { custom_id, request: request.map_err(|errors| errors.into_iter().map(in_batch).collect()) }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let other_charset = parts.filter_map(|part| part.split_once('=')).any(|(name, value)| {
        name.eq_ignore_ascii_case("charset") && !value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || (essence.to_ascii_lowercase().starts_with("application/")
            && essence.to_ascii_lowercase().ends_with("+json"));
    if is_json && !other_charset {
        return Ok(());
    }
    let detail = "the body must be JSON in UTF-8: send it with the header Content-Type: application/json";
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

async fn read(body: Body, max: usize) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Problem::new(
            Kind::BodyTooLarge,
            format!("the body has more than the allowed {max} bytes: send a smaller one"),
        )),
        Err(_) => Err(Problem::new(
            Kind::MalformedJson,
            "the connection ended before the body was complete: send the request again",
        )),
    }
}

/// A JSON object without duplicate names. The meaning of duplicates is undefined (RFC 8259, section 4).
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    let shown: String = name.chars().take(60).collect();
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom(format!("the field {shown:?} occurs twice")));
                    }
                }
                Ok(Value::Object(members))
            }
        }

        deserializer.deserialize_map(Members).map(Self)
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let parsed = if is_object {
        serde_json::from_slice(bytes).map(|Unambiguous(value)| value)
    } else {
        serde_json::from_slice(bytes)
    };
    parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        // The message of serde_json ends with the position, which the detail already states at its start.
        let reason = message.split(" at line ").next().unwrap_or_default();
        Problem::new(
            Kind::MalformedJson,
            format!("the body is not valid JSON at line {line}, column {column}: {reason}"),
        )
    })
}

/// Takes the fields of a report request from `value`. Returns them with an error for each field of the wrong
/// type and each unknown field.
///
/// # Errors
/// Returns one error if `value` is not an object.
fn draft(value: Value) -> Result<(ReportRequestDraft, Vec<FieldError>), Vec<FieldError>> {
    let Value::Object(mut object) = value else {
        let message = format!("the body must be a JSON object, not {}", type_name(&value));
        return Err(vec![FieldError::new("", "wrong_type", message)]);
    };
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
    let unlisted = object.len().saturating_sub(UNKNOWN_MAX);
    for name in object.keys().take(UNKNOWN_MAX) {
        errors.push(FieldError::new(pointer(name), "unknown_field", unknown_field(name)));
    }
    if unlisted > 0 {
        errors.push(FieldError::new(
            "",
            "unknown_field",
            format!("there are {unlisted} more unknown fields: remove them"),
        ));
    }
    Ok((draft, errors))
}

fn take_text(object: &mut Map<String, Value>, name: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    match object.remove(name) {
        Some(Value::String(text)) => Some(text),
        None | Some(Value::Null) => None,
        Some(other) => {
            let message = format!("{name} must be a string, not {}", type_name(&other));
            errors.push(FieldError::new(pointer(name), "wrong_type", message));
            None
        }
    }
}

/// Returns the message for a field that does not exist.
fn unknown_field(name: &str) -> String {
    let shown: String = name.chars().take(60).collect();
    format!("there is no field named {shown:?}: remove it, or check its spelling")
}

/// Returns a JSON pointer to a member of the body (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
