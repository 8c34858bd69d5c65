//! Verification of Signature Version 4 for the embedded JSON services and the Bedrock stand-in: signature,
//! scope and time.

use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustack_auth::{AuthError, AuthMode, StaticCredentialProvider, hash_payload};
use secrecy::{ExposeSecret as _, SecretString};

/// Maximum difference between the time of a request and the time of the server, as in AWS.
const MAX_CLOCK_SKEW_SECONDS: i64 = 15 * 60;

/// The one key pair that the local services accept.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key id, which is not secret.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
}

/// The reason why a request was rejected, with the error code of AWS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignatureError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Verifies requests for one key pair and one region.
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

    /// Verifies a request to a service other than S3. `service` is its signing name.
    pub(crate) fn verify(&self, parts: &Parts, body: &[u8], service: &str) -> Result<(), SignatureError> {
        let signed = AuthMode::Required(&self.keys)
            .verify(&with_signed_path(parts), &hash_payload(body))
            .map_err(|error| SignatureError {
                code: code_of(&error),
                message: format!("{service} rejected the request: {error}"),
            })?;
        // The library accepts a signature for any region and service, so they are compared here.
        if let Some(signed) = signed
            && (signed.region != self.region || signed.service != service)
        {
            return Err(SignatureError {
                code: "SignatureDoesNotMatch",
                message: format!(
                    "the credential is scoped to {}/{}, but this is {}/{service}",
                    signed.region, signed.service, self.region
                ),
            });
        }
        check_time(parts, Timestamp::now())
    }
}

/// Encodes the percent signs of the path once more. Services other than S3 sign a path that is
/// percent-encoded twice, but the library decodes the path once before it encodes it. With this additional
/// encoding, the library verifies the path that was signed.
fn with_signed_path(parts: &Parts) -> Parts {
    let mut parts = parts.clone();
    if parts.uri.path().contains('%') {
        let path = parts.uri.path().replace('%', "%25");
        let path = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let mut uri = parts.uri.clone().into_parts();
        // A path stays valid when percent signs become %25. If parsing failed, the signature would not match.
        if let Ok(path) = path.parse::<PathAndQuery>() {
            uri.path_and_query = Some(path);
            if let Ok(uri) = uri.try_into() {
                parts.uri = uri;
            }
        }
    }
    parts
}

fn check_time(parts: &Parts, now: Timestamp) -> Result<(), SignatureError> {
    let date = parts.headers.get("x-amz-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let skewed = |message| SignatureError { code: "RequestTimeTooSkewed", message };
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .and_then(|time| TimeZone::UTC.to_timestamp(time))
        .map_err(|error| skewed(format!("x-amz-date {date:?} is not a time: {error}")))?;
    if (now.as_second() - signed_at.as_second()).abs() > MAX_CLOCK_SKEW_SECONDS {
        return Err(skewed(format!(
            "the request was signed at {signed_at}, which is more than fifteen minutes from {now}"
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
    fn a_request_signed_more_than_fifteen_minutes_away_is_rejected() {
        let now: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
        assert!(check_time(&dated("20260105T114500Z"), now).is_ok());
        assert!(check_time(&dated("20260105T121500Z"), now).is_ok());
        for date in ["20260105T114459Z", "20260105T121501Z", "yesterday", ""] {
            assert_eq!(check_time(&dated(date), now).unwrap_err().code, "RequestTimeTooSkewed", "{date}");
        }
    }
}
