//! The bodies of requests for API keys.

use std::ops::RangeInclusive;

use axum::extract::Request;
use domain::{
    access::{self, LIFETIME_DAYS_MAX, OVERLAP_HOURS_MAX, Scope, Scopes},
    request::FieldError,
};
use serde_json::{Map, Value};

use super::{
    json::{Parsed, parse, segment},
    media_type::require_json,
    memory::BodyMemory,
    report::{object, repeated_errors, take_text, take_texts, type_name, unknown_fields},
};
use crate::problem::Problem;

/// Maximum size of the body, in bytes.
const BODY_MAX: usize = 4 * 1024;

/// Maximum number of JSON values in the body.
const VALUES_MAX: usize = 100;

/// A request for a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewKey {
    /// What the key permits: at least one scope.
    pub(crate) scopes: Scopes,
    /// A name for people.
    pub(crate) label: Option<String>,
    /// The number of days after which it expires; `None` for a key that does not expire.
    pub(crate) expires_in_days: Option<u32>,
}

/// Reads the request for a key in the body.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a valid request.
pub(crate) async fn new_key(memory: &BodyMemory, request: Request) -> Result<NewKey, Problem> {
    require_json(request.headers())?;
    let (bytes, _held) = memory.read(request.into_body(), BODY_MAX).await?;
    checked(parse(&bytes, VALUES_MAX)?, key).map_err(Problem::invalid)
}

/// Reads the number of hours for which a replaced key stays active. Returns `None` if there is no body, or if it
/// does not say.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not valid.
pub(crate) async fn rotation(memory: &BodyMemory, request: Request) -> Result<Option<u32>, Problem> {
    let (parts, body) = request.into_parts();
    let (bytes, _held) = memory.read(body, BODY_MAX).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    require_json(&parts.headers)?;
    let hours = |object: &mut Map<String, Value>, errors: &mut Vec<FieldError>| {
        Some(take_number(object, "overlapHours", 0..=OVERLAP_HOURS_MAX, errors))
    };
    checked(parse(&bytes, VALUES_MAX)?, hours).map_err(Problem::invalid)
}

/// Returns what `take` takes from the object in `parsed`.
///
/// # Errors
/// Returns everything that is wrong with the object, sorted by pointer.
pub(super) fn checked<T>(
    Parsed { value, repeated }: Parsed,
    take: impl FnOnce(&mut Map<String, Value>, &mut Vec<FieldError>) -> Option<T>,
) -> Result<T, Vec<FieldError>> {
    let mut errors = repeated_errors(repeated);
    let taken = match object(value) {
        Ok(mut object) => {
            let taken = take(&mut object, &mut errors);
            errors.extend(unknown_fields(&object));
            taken
        }
        Err(error) => {
            errors.push(error);
            None
        }
    };
    match taken {
        Some(taken) if errors.is_empty() => Ok(taken),
        _ => {
            errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
            Err(errors)
        }
    }
}

/// Takes the fields of a request for a key. Returns `None` if it added an error.
fn key(object: &mut Map<String, Value>, errors: &mut Vec<FieldError>) -> Option<NewKey> {
    let scopes = take_texts(object, "scopes", errors);
    let scopes = self::scopes(scopes, errors);
    let label = take_text(object, "label", errors);
    if let Some(Err(error)) = label.as_deref().map(access::check_label) {
        errors.push(FieldError::new("/label", "label_invalid", error.to_string()));
    }
    let expires_in_days = take_number(object, "expiresInDays", 1..=LIFETIME_DAYS_MAX, errors);
    Some(NewKey { scopes: scopes?, label, expires_in_days })
}

/// Returns the scopes with these names, or adds to `errors` what is wrong with each of them.
fn scopes(names: Option<Vec<String>>, errors: &mut Vec<FieldError>) -> Option<Scopes> {
    const POINTER: &str = "/scopes";
    let all = Scope::ALL.map(Scope::as_str).join(", ");
    let Some(names) = names else {
        // A value of the wrong type, or one that is repeated, was told already.
        if errors.iter().all(|error| error.pointer != POINTER) {
            let message = format!("scopes is required: send at least one of {all}");
            errors.push(FieldError::new(POINTER, "required", message));
        }
        return None;
    };
    if names.is_empty() {
        let message = format!("scopes is empty: send at least one of {all}");
        errors.push(FieldError::new(POINTER, "empty", message));
    }
    let mut scopes = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let pointer = format!("{POINTER}/{index}");
        // A name of the wrong type was told already.
        if errors.iter().any(|error| error.pointer == pointer) {
            continue;
        }
        match name.parse::<Scope>() {
            Ok(scope) => scopes.push(scope),
            Err(error) => errors.push(FieldError::new(pointer, "scope_unknown", error.to_string())),
        }
    }
    Some(scopes.into_iter().collect())
}

/// Removes the whole number `name` from `object`. Returns `None` if there is none, and adds to `errors` if its value
/// is not a whole number in `range`.
fn take_number(
    object: &mut Map<String, Value>,
    name: &str,
    range: RangeInclusive<u32>,
    errors: &mut Vec<FieldError>,
) -> Option<u32> {
    let value = object.remove(name).filter(|value| !value.is_null())?;
    // 30.0 is a whole number, too ("integer" in JSON Schema Validation).
    let number = range.clone().find(|number| value.as_f64() == Some(f64::from(*number)));
    if number.is_none() {
        let (least, most) = range.into_inner();
        let expected = format!("{name} must be a whole number from {least} to {most}");
        let (code, message) = match &value {
            Value::Number(given) => ("out_of_range", format!("{expected}, not {given}")),
            other => ("wrong_type", format!("{expected}, not {}", type_name(other))),
        };
        errors.push(FieldError::new(segment(name), code, message));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<NewKey, Vec<(String, String)>> {
        let errors = |errors: Vec<FieldError>| {
            errors.into_iter().map(|error| (error.pointer, error.code)).collect::<Vec<_>>()
        };
        checked(parse(text.as_bytes(), VALUES_MAX).unwrap(), key).map_err(errors)
    }

    fn errors(text: &str) -> Vec<(String, String)> {
        read(text).unwrap_err()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn a_request_needs_scopes_only() {
        let scopes: Scopes = [Scope::ReportsRead, Scope::Admin].into_iter().collect();
        let least = read(r#"{"scopes": ["reports:read", "admin"], "label": null}"#).unwrap();
        assert_eq!(least, NewKey { scopes: scopes.clone(), label: None, expires_in_days: None });
        let text =
            r#"{"scopes": ["admin", "reports:read", "admin"], "label": "front end", "expiresInDays": 3650}"#;
        let label = Some("front end".to_owned());
        assert_eq!(read(text).unwrap(), NewKey { scopes, label, expires_in_days: Some(3650) });
        let days = |days: &str| read(&format!(r#"{{"scopes": ["admin"], "expiresInDays": {days}}}"#));
        assert_eq!(days("30.0").unwrap().expires_in_days, Some(30));
        for wrong in ["30.5", "-1", "3651", "1e9", "18446744073709551617"] {
            assert_eq!(days(wrong), Err(pairs(&[("/expiresInDays", "out_of_range")])), "{wrong}");
        }
    }

    #[test]
    fn everything_wrong_with_a_request_is_told_at_once() {
        let text = r#"{"scopes": ["reports:delete", "admin", 7, "root"], "label": "a\nb", "expiresInDays": 0,
            "tenant": "acme", "x": {"y": 1, "y": 2}}"#;
        let expected = [
            ("/expiresInDays", "out_of_range"),
            ("/label", "label_invalid"),
            ("/scopes/0", "scope_unknown"),
            ("/scopes/2", "wrong_type"),
            ("/scopes/3", "scope_unknown"),
            ("/tenant", "unknown_field"),
            ("/x", "unknown_field"),
            ("/x/y", "repeated"),
        ];
        assert_eq!(errors(text), pairs(&expected));
    }

    #[test]
    fn a_missing_empty_wrong_or_repeated_list_of_scopes_is_one_error() {
        for (text, code) in [
            ("{}", "required"),
            (r#"{"scopes": null}"#, "required"),
            (r#"{"scopes": []}"#, "empty"),
            (r#"{"scopes": "admin"}"#, "wrong_type"),
            (r#"{"scopes": ["admin"], "scopes": ["admin"]}"#, "repeated"),
        ] {
            assert_eq!(errors(text), pairs(&[("/scopes", code)]), "{text}");
        }
        assert_eq!(errors("[]"), pairs(&[("", "wrong_type")]));
    }

    #[test]
    fn a_number_is_whole_and_in_its_range() {
        for (given, code) in [
            ("3651", "out_of_range"),
            ("-1", "out_of_range"),
            ("1.5", "out_of_range"),
            ("18446744073709551616", "out_of_range"),
            (r#""30""#, "wrong_type"),
        ] {
            let text = format!(r#"{{"scopes": ["admin"], "expiresInDays": {given}}}"#);
            let parsed = parse(text.as_bytes(), VALUES_MAX).unwrap();
            let found = checked(parsed, key).unwrap_err();
            assert_eq!(
                (found[0].pointer.as_str(), found[0].code.as_str()),
                ("/expiresInDays", code),
                "{given}"
            );
        }
    }
}
