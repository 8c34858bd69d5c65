//! Reads a request's body: bounded, of the right type, with every error of its shape at once.

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

/// Longest body of a request, in bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// Longest body of a batch, in bytes: a thousand requests, each as long as its fields may be.
pub const BATCH_BODY_MAX: usize = 4 * 1024 * 1024;

/// Requests of a batch, at most.
pub const BATCH_MAX: usize = 1_000;

/// Characters of a `customId`, at most.
pub const CUSTOM_ID_MAX: usize = 100;

/// Unknown fields that are named one by one.
const UNKNOWN_MAX: usize = 50;

/// The report request in the body.
///
/// # Errors
/// The [`Problem`] to answer with.
pub async fn report_request(request: Request) -> Result<ReportRequest, Problem> {
    require_json(request.headers())?;
    let bytes = read(request.into_body(), BODY_MAX).await?;
    checked(parse(&bytes)?).map_err(Problem::invalid)
}

/// The request of a report in `value`.
fn checked(value: Value) -> Result<ReportRequest, Vec<FieldError>> {
    let (draft, mut errors) = draft(value)?;
    let misshapen: Vec<String> = errors.iter().map(|error| error.pointer.clone()).collect();
    match draft.check() {
        Ok(request) if errors.is_empty() => Ok(request),
        checked => {
            // A field of the wrong type was left out of the draft: that it is "required" is no news.
            let more = checked.err().unwrap_or_default();
            errors.extend(more.into_iter().filter(|error| !misshapen.contains(&error.pointer)));
            errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
            Err(errors)
        }
    }
}

/// One request of a batch.
#[derive(Debug)]
pub struct BatchItem {
    /// What the client calls it; none where it said nothing that can be used.
    pub custom_id: Option<String>,
    /// The request, or everything that is wrong with it.
    pub request: Result<ReportRequest, Vec<FieldError>>,
}

/// The requests of a batch in the body: what is wrong with one does not refuse the others.
///
/// # Errors
/// The [`Problem`] to answer with, where the whole of it is no batch.
pub async fn batch(request: Request) -> Result<Vec<BatchItem>, Problem> {
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
        let shown: String = name.chars().take(60).collect();
        let message = format!("there is no field named {shown:?}: remove it, or check its spelling");
        return Err(invalid(&pointer(name), "unknown_field", message));
    }
    if !(1..=BATCH_MAX).contains(&items.len()) {
        let message = format!("reports has {} requests: send 1 to {BATCH_MAX}", items.len());
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
            format!("customId must be a text of 1 to {CUSTOM_ID_MAX} characters without control characters"),
        )),
        Some(id) if !seen.insert(id.clone()) => errors.push(FieldError::new(
            "/customId",
            "custom_id_repeated",
            "another request of the batch has this customId: give each one of its own",
        )),
        _ => {}
    }
    let request = match (checked(item), errors.is_empty()) {
        (Ok(request), true) => Ok(request),
        (checked, _) => {
            errors.extend(checked.err().unwrap_or_default());
            Err(errors)
        }
    };
    let of_item =
        |error: FieldError| FieldError { pointer: format!("/reports/{index}{}", error.pointer), ..error };
    BatchItem { custom_id, request: request.map_err(|errors| errors.into_iter().map(of_item).collect()) }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = sent.split(';').map(str::trim);
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
    let detail = "send the body as JSON in UTF-8, with the header Content-Type: application/json";
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

async fn read(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::new(Kind::BodyTooLarge, format!("the body has more than {most} bytes: send fewer")))
        }
        Err(_) => {
            Err(Problem::new(Kind::MalformedJson, "the body ended before it was complete: send it again"))
        }
    }
}

/// JSON whose objects name no member twice: which of two counts is anybody's guess (RFC 8259).
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
                        return Err(A::Error::custom(format!("the field {shown:?} is there twice")));
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
        let what = error.to_string();
        // serde_json says where at the end of its message; the detail says it once, in front.
        let what = what.split(" at line ").next().unwrap_or_default();
        Problem::new(
            Kind::MalformedJson,
            format!("the body is not valid JSON at line {line}, column {column}: {what}"),
        )
    })
}

/// The fields of a report request, and what is wrong with their types and names.
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
    let more = object.len().saturating_sub(UNKNOWN_MAX);
    for name in object.keys().take(UNKNOWN_MAX) {
        let shown: String = name.chars().take(60).collect();
        let message = format!("there is no field named {shown:?}: remove it, or check its spelling");
        errors.push(FieldError::new(pointer(name), "unknown_field", message));
    }
    if more > 0 {
        errors.push(FieldError::new(
            "",
            "unknown_field",
            format!("{more} more fields are not known: remove them"),
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

/// A JSON pointer to a member of the body (RFC 6901).
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
