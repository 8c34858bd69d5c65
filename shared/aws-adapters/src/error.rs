//! What can go wrong with a request to AWS, sorted by what helps.

use std::error::Error as StdError;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use thiserror::Error;

/// What helps against an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Trying again a little later.
    Transient,
    /// Sending less.
    Throttled,
    /// Nothing that a program can do: a person has to change something.
    Permanent,
}

impl ErrorClass {
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
    pub class: ErrorClass,
    /// For logs, never for clients.
    pub detail: String,
}

/// The code of a request that was given up before its answer came.
pub const TIMEOUT: &str = "Timeout";
/// The code of a request that could not be sent, or whose connection broke.
pub const NO_CONNECTION: &str = "NoConnection";
/// The code of an answer that cannot be read.
pub const UNREADABLE: &str = "UnreadableAnswer";
/// The code of an answer that is well-formed and yet cannot be used.
pub const UNUSABLE: &str = "UnusableAnswer";

/// Every code that is sorted by its name, with the reason; the others are sorted by their HTTP
/// status. After "Error retries and exponential backoff in AWS" and the services' lists of errors.
pub const SORTED: [(&str, ErrorClass, &str); 24] = {
    use ErrorClass::{Permanent, Throttled, Transient};
    [
        ("ThrottlingException", Throttled, "more requests than the service or the model takes"),
        ("Throttling", Throttled, "more requests than the service takes"),
        ("ThrottledException", Throttled, "more requests than the service takes"),
        ("RequestThrottled", Throttled, "more requests than the service takes"),
        ("RequestThrottledException", Throttled, "more requests than the service takes"),
        ("RequestLimitExceeded", Throttled, "more requests than the account may send"),
        ("TooManyRequestsException", Throttled, "more requests than the account may send"),
        (
            "ProvisionedThroughputExceededException",
            Throttled,
            "more than the table or a partition of it takes",
        ),
        ("SlowDown", Throttled, "more requests than a prefix of the bucket takes"),
        ("OverLimit", Throttled, "more messages in flight than the queue takes"),
        ("ServiceQuotaExceededException", Throttled, "more than the account's quota of the model"),
        ("ExpiredToken", Transient, "a role's credentials are renewed while a request is under way"),
        ("ExpiredTokenException", Transient, "a role's credentials are renewed while a request is under way"),
        ("RequestExpired", Transient, "the request was under way for too long"),
        ("RequestTimeTooSkewed", Transient, "the SDK corrects the clock by the answer"),
        ("RequestTimeout", Transient, "the request came too slowly"),
        ("RequestTimeoutException", Transient, "the request came too slowly"),
        ("ConditionalRequestConflict", Transient, "two conditional writes of one object met"),
        ("TransactionConflictException", Transient, "two writes of one item met"),
        ("ModelNotReadyException", Transient, "the model is being loaded"),
        ("ModelTimeoutException", Transient, "the model took longer than Bedrock waits"),
        ("ModelErrorException", Transient, "the model failed, not the request"),
        ("KMSThrottlingException", Throttled, "more requests than the key takes"),
        // Answered with 500 by KMS through S3, and yet no retry mends it.
        ("KMSDisabledException", Permanent, "somebody disabled the key"),
    ]
};

/// What helps against an answer with this error code and HTTP status.
pub fn class(code: Option<&str>, status: u16) -> ErrorClass {
    let by_name = code.and_then(|code| SORTED.iter().find(|(known, ..)| *known == code));
    match (by_name, status) {
        (Some((_, class, _)), _) => *class,
        (None, 429) => ErrorClass::Throttled,
        (None, 500..) => ErrorClass::Transient,
        (None, _) => ErrorClass::Permanent,
    }
}

/// What an error says and what stands behind it, without the request and the answer that an SDK's
/// debug form would show: they hold data of reports.
pub fn chain(error: &dyn StdError) -> String {
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
        let (code, class) = match error {
            // Endpoint, credentials or input are wrong before anything is sent.
            SdkError::ConstructionFailure(_) => ("ConstructionFailure", ErrorClass::Permanent),
            SdkError::TimeoutError(_) => (TIMEOUT, ErrorClass::Transient),
            SdkError::DispatchFailure(_) => (NO_CONNECTION, ErrorClass::Transient),
            SdkError::ResponseError(_) => (UNREADABLE, ErrorClass::Transient),
            SdkError::ServiceError(answer) => {
                let code = answer.err().code();
                (code.unwrap_or("Unknown"), class(code, answer.raw().status().as_u16()))
            }
            _ => ("Unknown", ErrorClass::Transient),
        };
        let detail = chain(error);
        Self { service, operation, code: code.to_owned(), class, detail }
    }

    /// The error of an answer that is well-formed and yet cannot be used.
    pub fn unusable(service: &'static str, operation: &'static str, detail: impl ToString) -> Self {
        let code = UNUSABLE.to_owned();
        Self { service, operation, code, class: ErrorClass::Permanent, detail: detail.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_win_over_the_status() {
        assert_eq!(class(Some("ThrottlingException"), 400), ErrorClass::Throttled);
        assert_eq!(class(Some("SlowDown"), 503), ErrorClass::Throttled);
        assert_eq!(class(Some("ModelNotReadyException"), 429), ErrorClass::Transient);
        assert_eq!(class(Some("InternalServerError"), 500), ErrorClass::Transient);
        assert_eq!(class(Some("KMSDisabledException"), 500), ErrorClass::Permanent);
        assert_eq!(class(None, 429), ErrorClass::Throttled);
        assert_eq!(class(Some("AccessDeniedException"), 400), ErrorClass::Permanent);
    }
}
