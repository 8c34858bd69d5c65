//! Signature Version 4 as the embedded JSON services and the Bedrock stand-in check it: signature, scope and clock.

use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustack_auth::{AuthError, AuthMode, StaticCredentialProvider, hash_payload};
use secrecy::{ExposeSecret as _, SecretString};

/// AWS refuses a request whose time is further from its own than this.
const MAX_CLOCK_SKEW_SECONDS: i64 = 15 * 60;

/// The one pair of keys that the local services honour.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key id, which may be shown.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
}

/// Why a request was not honoured, under the name AWS gives it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Checks requests against one pair of keys and one region.
#[derive(Debug)]
pub(crate) struct Verifier {
    keys: StaticCredentialProvider,
    region: String,
}

impl Verifier {
    pub(crate) fn new(credentials: &Credentials, region: &str) -> Self {
        Self {
            keys: StaticCredentialProvider::new([(
                credentials.access_key_id.clone(),
                credentials.secret_access_key.expose_secret().to_owned(),
            )]),
            region: region.to_owned(),
        }
    }

    /// Verifies a request to a service other than S3, whose signing name is `service`.
    pub(crate) fn verify(&self, parts: &Parts, body: &[u8], service: &str) -> Result<(), Refusal> {
        let signed = AuthMode::Required(&self.keys).verify(&as_signed(parts), &hash_payload(body)).map_err(
            |error| Refusal {
                code: code_of(&error),
                message: format!("{service} refused the request: {error}"),
            },
        )?;
        // The library checks the signature over whatever scope the request names.
        if let Some(signed) = signed
            && (signed.region != self.region || signed.service != service)
        {
            return Err(Refusal {
                code: "SignatureDoesNotMatch",
                message: format!(
                    "the credential is scoped to {}/{}, this is {}/{service}",
                    signed.region, signed.service, self.region
                ),
            });
        }
        within_skew(parts, Timestamp::now())
    }
}

/// Services other than S3 sign the path percent-encoded a second time, and the library decodes a path once before it
/// encodes it: encoding the percent signs here gives it the path that was signed.
fn as_signed(parts: &Parts) -> Parts {
    let mut parts = parts.clone();
    if parts.uri.path().contains('%') {
        let path = parts.uri.path().replace('%', "%25");
        let path = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let mut uri = parts.uri.clone().into_parts();
        // A path stays a path when percent signs become %25; were it ever refused, the signature would not match.
        if let Ok(path) = path.parse::<PathAndQuery>() {
            uri.path_and_query = Some(path);
            if let Ok(uri) = uri.try_into() {
                parts.uri = uri;
            }
        }
    }
    parts
}

fn within_skew(parts: &Parts, now: Timestamp) -> Result<(), Refusal> {
    let date = parts.headers.get("x-amz-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let skewed = |message| Refusal { code: "RequestTimeTooSkewed", message };
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .and_then(|time| TimeZone::UTC.to_timestamp(time))
        .map_err(|error| skewed(format!("x-amz-date {date:?} is not a time: {error}")))?;
    if (now.as_second() - signed_at.as_second()).abs() > MAX_CLOCK_SKEW_SECONDS {
        return Err(skewed(format!(
            "the request was signed at {signed_at}, more than fifteen minutes from {now}"
        )));
    }
    Ok(())
}

fn code_of(error: &AuthError) -> &'static str {
    match error {
        AuthError::MissingAuthHeader => "MissingAuthenticationTokenException",
        AuthError::AccessKeyNotFound(_) => "UnrecognizedClientException",
        AuthError::SignatureDoesNotMatch | AuthError::InvalidPayloadHash => "InvalidSignatureException",
        AuthError::RequestExpired => "RequestExpired",
        _ => "IncompleteSignatureException",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn dated(date: &str) -> Parts {
        Request::builder().header("x-amz-date", date).body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_request_signed_more_than_fifteen_minutes_away_is_refused() {
        let now: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
        assert!(within_skew(&dated("20260105T114500Z"), now).is_ok());
        assert!(within_skew(&dated("20260105T121500Z"), now).is_ok());
        for date in ["20260105T114459Z", "20260105T121501Z", "yesterday", ""] {
            assert_eq!(within_skew(&dated(date), now).unwrap_err().code, "RequestTimeTooSkewed", "{date}");
        }
    }
}
