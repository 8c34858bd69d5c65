//! The body of a request for a legal hold.

use axum::extract::Request;
use domain::{legal_hold, request::FieldError};
use serde_json::{Map, Value};

use super::{json::parse, key::checked, media_type::require_json, memory::BodyMemory, report::take_text};
use crate::problem::Problem;

/// Maximum size of the body, in bytes.
const BODY_MAX: usize = 4 * 1024;

/// Maximum number of JSON values in the body.
const VALUES_MAX: usize = 100;

/// Reads the reason of a legal hold in the body.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the body is not a valid request.
pub(crate) async fn hold_reason(memory: &BodyMemory, request: Request) -> Result<String, Problem> {
    require_json(request.headers())?;
    let (bytes, _held) = memory.read(request.into_body(), BODY_MAX).await?;
    checked(parse(&bytes, VALUES_MAX)?, reason).map_err(Problem::invalid)
}

/// Takes the reason. Returns `None` if it added an error.
fn reason(object: &mut Map<String, Value>, errors: &mut Vec<FieldError>) -> Option<String> {
    const POINTER: &str = "/reason";
    let Some(reason) = take_text(object, "reason", errors) else {
        // A value of the wrong type, or one that is repeated, was told already.
        if errors.iter().all(|error| error.pointer != POINTER) {
            let message = "reason is required: say why the report must be kept";
            errors.push(FieldError::new(POINTER, "required", message.to_owned()));
        }
        return None;
    };
    match legal_hold::check_reason(&reason) {
        Ok(()) => Some(reason),
        Err(error) => {
            errors.push(FieldError::new(POINTER, "reason_invalid", error.to_string()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, Vec<(String, String)>> {
        let errors = |errors: Vec<FieldError>| errors.into_iter().map(|e| (e.pointer, e.code)).collect();
        checked(parse(body.as_bytes(), VALUES_MAX).unwrap(), reason).map_err(errors)
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        assert_eq!(read(r#"{"reason": "case 2026/17"}"#), Ok("case 2026/17".to_owned()));
        for (body, pointer, code) in [
            ("{}", "/reason", "required"),
            (r#"{"reason": ""}"#, "/reason", "reason_invalid"),
            (r#"{"reason": "a\nb"}"#, "/reason", "reason_invalid"),
            (r#"{"reason": 5}"#, "/reason", "wrong_type"),
            (r#"{"reason": "a", "until": 5}"#, "/until", "unknown_field"),
            ("[]", "", "wrong_type"),
        ] {
            assert_eq!(read(body).unwrap_err(), [(pointer.to_owned(), code.to_owned())], "{body}");
        }
    }
}
