//! What can go wrong with a request to AWS, sorted by what helps.

use std::error::Error as StdError;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use thiserror::Error;

/// What helps against an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Trying again a little later.
    Transient,
    /// Sending less.
    Throttled,
    /// Nothing that a program can do: a person has to change something.
    Permanent,
}

impl Remedy {
    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Permanent => "permanent",
        }
    }
}

/// A request to AWS that was not answered as it should have been.
#[derive(Clone, Debug, Error)]
#[error("{service}.{operation} failed ({code}): {detail}")]
pub struct AwsError {
    /// The service, as AWS names it.
    pub service: &'static str,
    /// The operation, as AWS names it.
    pub operation: &'static str,
    /// AWS's error code, or a name for what stood in the way of an answer.
    pub code: String,
    /// What helps.
    pub remedy: Remedy,
    /// For logs, never for clients.
    pub detail: String,
}

/// The code of a request that was given up before its answer came.
pub const TIMEOUT: &str = "Timeout";

/// Codes that say "too much": "Error retries and exponential backoff in AWS" and the services'
/// lists of common errors.
const THROTTLES: [&str; 10] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "OverLimit",
];

/// Codes of a refusal that another try may not meet, although their HTTP status is in the 4xx.
const PASSING: [&str; 12] = [
    // Credentials of a role are renewed while a request is under way.
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    // Bedrock: the model failed, not the request.
    "ModelErrorException",
    "ModelStreamErrorException",
    // S3: two conditional writes met; the loser may try again.
    "ConditionalRequestConflict",
    "TransactionConflictException",
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestTimeTooSkewed",
    "ModelNotReadyException",
    "ModelTimeoutException",
];

/// What helps against an answer with this error code and HTTP status.
pub fn remedy(code: Option<&str>, status: u16) -> Remedy {
    match code {
        Some(code) if THROTTLES.contains(&code) => Remedy::Throttled,
        Some(code) if PASSING.contains(&code) => Remedy::Transient,
        _ if status == 429 => Remedy::Throttled,
        _ if status >= 500 => Remedy::Transient,
        _ => Remedy::Permanent,
    }
}

/// What an error says and what stands behind it, without the request and the answer that an SDK's
/// debug form would show: they hold data of reports.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl AwsError {
    /// The error of `operation` of `service` behind what the SDK says.
    pub fn from_sdk<E>(
        service: &'static str,
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (code, remedy) = match error {
            // Endpoint, credentials or input are wrong before anything is sent.
            SdkError::ConstructionFailure(_) => ("ConstructionFailure", Remedy::Permanent),
            SdkError::TimeoutError(_) => (TIMEOUT, Remedy::Transient),
            SdkError::DispatchFailure(_) => ("NoConnection", Remedy::Transient),
            SdkError::ResponseError(_) => ("UnreadableAnswer", Remedy::Transient),
            SdkError::ServiceError(answer) => {
                let code = answer.err().code();
                (code.unwrap_or("Unknown"), remedy(code, answer.raw().status().as_u16()))
            }
            _ => ("Unknown", Remedy::Transient),
        };
        let detail = chain(error);
        Self { service, operation, code: code.to_owned(), remedy, detail }
    }

    /// The error of an answer that is well-formed and yet cannot be used.
    pub fn unusable(service: &'static str, operation: &'static str, detail: impl ToString) -> Self {
        let code = "UnusableAnswer".to_owned();
        Self { service, operation, code, remedy: Remedy::Permanent, detail: detail.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_win_over_the_status() {
        assert_eq!(remedy(Some("ThrottlingException"), 400), Remedy::Throttled);
        assert_eq!(remedy(Some("SlowDown"), 503), Remedy::Throttled);
        assert_eq!(remedy(Some("ModelNotReadyException"), 429), Remedy::Transient);
        assert_eq!(remedy(Some("InternalServerError"), 500), Remedy::Transient);
        assert_eq!(remedy(None, 429), Remedy::Throttled);
        assert_eq!(remedy(Some("AccessDeniedException"), 400), Remedy::Permanent);
    }
}
