//! The media type and the content coding that a body must have.

use axum::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

use crate::problem::{Kind, Problem};

/// Checks that the body is JSON in UTF-8 without a content coding.
///
/// # Errors
/// Returns the [`Problem`] to answer with if it is not.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let coded = codings
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .any(|coding| !matches!(coding.trim().to_ascii_lowercase().as_str(), "" | "identity"));
    if coded {
        let detail = "the body is compressed, which is not supported: send it without Content-Encoding";
        // Tells clients which coding to use instead (RFC 9110, section 12.5.3).
        return Err(Problem::new(Kind::UnsupportedMediaType, detail).accept_encoding("identity"));
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let other_charset = parts.filter_map(|part| part.split_once('=')).any(|(name, value)| {
        name.eq_ignore_ascii_case("charset") && !value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json && !other_charset {
        return Ok(());
    }
    let detail = "the body must be JSON in UTF-8: send it with the header Content-Type: application/json";
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_without_a_content_coding_is_accepted() {
        let with = |name, value: &str| {
            let json = (CONTENT_TYPE, "application/json".parse().unwrap());
            let mut headers = HeaderMap::from_iter([json]);
            headers.insert(name, value.parse().unwrap());
            require_json(&headers).is_ok()
        };
        for (value, accepted) in [("identity", true), ("", true), ("gzip", false), ("identity, br", false)] {
            assert_eq!(with(CONTENT_ENCODING, value), accepted, "{value}");
        }
        for (value, accepted) in [
            ("application/problem+json", true),
            ("Application/JSON; charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("text/json", false),
        ] {
            assert_eq!(with(CONTENT_TYPE, value), accepted, "{value}");
        }
    }
}
