//! Errors of requests to AWS, classified by how to respond to them.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use thiserror::Error;

/// AWS's name of DynamoDB, for spans, metrics and errors.
pub(super) const DYNAMODB: &str = "DynamoDB";

/// The class of an error, which says how to respond to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Retry after a short delay.
    Transient,
    /// Send fewer requests.
    Throttled,
    /// Do not retry: a person has to change something.
    Permanent,
}

impl ErrorClass {
    /// Returns the name used in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Permanent => "permanent",
        }
    }
}

/// How far a failed request got. A request that may have been carried out may also have been billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The request was not sent: it could not be built, or no connection was established.
    NotSent,
    /// The request was sent, at least in part, and no complete answer arrived.
    Unanswered,
    /// The service answered with this HTTP status. A status of success means that the answer cannot be used.
    Answered(u16),
}

/// A failed request to AWS.
#[derive(Clone, Debug, Error)]
#[error("{service}.{operation} failed ({code}): {detail}")]
pub struct AwsError {
    /// AWS's name of the service.
    pub service: &'static str,
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// The error code of AWS, or one of this module's codes if there was no usable answer.
    pub code: String,
    /// How to respond to the error.
    pub class: ErrorClass,
    /// How far the request got.
    pub delivery: Delivery,
    /// Details for logs, never for API clients.
    pub detail: String,
}

/// Error code of a request that timed out.
pub const TIMEOUT: &str = "Timeout";
/// Error code of a request that could not be sent, or whose connection broke.
pub const NO_CONNECTION: &str = "NoConnection";
/// Error code of a call about which the answer to its request says nothing.
pub const NO_ANSWER: &str = "NoAnswer";
/// Error code of an entry that a service did not process although it was asked several times.
pub const UNPROCESSED: &str = "Unprocessed";
/// Error code of an answer that cannot be parsed.
pub const UNREADABLE: &str = "UnreadableAnswer";
/// Error code of an answer that is well-formed but cannot be used.
pub const UNUSABLE: &str = "UnusableAnswer";
/// Error code of an item that this version cannot read, because a later version wrote it.
pub const UNREADABLE_ITEM: &str = "UnreadableItem";

/// The error codes that are classified by their name, each with the reason. All others are classified by
/// their HTTP status. Sources: "Error retries and exponential backoff in AWS" and the error lists of the
/// services.
const CLASSES_BY_CODE: [(&str, ErrorClass, &str); 25] = {
    use ErrorClass::{Permanent, Throttled, Transient};
    [
        ("ThrottlingException", Throttled, "more requests than the service or the model accepts"),
        ("Throttling", Throttled, "more requests than the service accepts"),
        ("ThrottledException", Throttled, "more requests than the service accepts"),
        ("RequestThrottled", Throttled, "more requests than the service accepts"),
        ("RequestThrottledException", Throttled, "more requests than the service accepts"),
        ("RequestLimitExceeded", Throttled, "more requests than the account may send"),
        ("TooManyRequestsException", Throttled, "more requests than the account may send"),
        (
            "ProvisionedThroughputExceededException",
            Throttled,
            "more than the table or one of its partitions accepts",
        ),
        ("SlowDown", Throttled, "more requests than a prefix of the bucket accepts"),
        ("OverLimit", Throttled, "more messages in flight than the queue allows"),
        ("ServiceQuotaExceededException", Throttled, "more than the account's quota of the model"),
        ("ExpiredToken", Transient, "the credentials of a role were renewed during the request"),
        ("ExpiredTokenException", Transient, "the credentials of a role were renewed during the request"),
        ("RequestExpired", Transient, "the request took too long to arrive"),
        ("RequestTimeTooSkewed", Transient, "the SDK corrects its clock from the answer"),
        ("RequestTimeout", Transient, "the request arrived too slowly"),
        ("RequestTimeoutException", Transient, "the request arrived too slowly"),
        ("ConditionalRequestConflict", Transient, "two conditional writes of one object conflicted"),
        ("TransactionConflictException", Transient, "two writes of one item conflicted"),
        ("TransactionCanceledException", Transient, "another write of one of its items was under way"),
        ("ModelNotReadyException", Transient, "the model is still being loaded"),
        ("ModelTimeoutException", Transient, "the model took longer than Bedrock waits"),
        ("ModelErrorException", Transient, "the model failed, not the request"),
        ("KMSThrottlingException", Throttled, "more requests than the key accepts"),
        // S3 passes it on from KMS with status 500, but a retry does not help.
        ("KMSDisabledException", Permanent, "the key was disabled"),
    ]
};

/// Classifies an answer by its error code and HTTP status.
fn class(code: Option<&str>, status: u16) -> ErrorClass {
    let by_name = code.and_then(|code| CLASSES_BY_CODE.iter().find(|(known, ..)| *known == code));
    match (by_name, status) {
        (Some((_, class, _)), _) => *class,
        (None, 429) => ErrorClass::Throttled,
        // Request Timeout, Failed Dependency (a model failed), Too Early, and every server error.
        (None, 408 | 424 | 425 | 500..) => ErrorClass::Transient,
        (None, _) => ErrorClass::Permanent,
    }
}

/// Returns the messages of an error and its causes. Unlike the debug form of an SDK error, it does not
/// contain the request and the answer, which may hold report data.
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
    /// Converts and classifies the SDK's error of an `operation` of a `service`.
    pub fn from_sdk<E>(
        service: &'static str,
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (code, class, delivery) = match error {
            // The endpoint, the credentials or the input is invalid.
            SdkError::ConstructionFailure(_) => {
                ("ConstructionFailure", ErrorClass::Permanent, Delivery::NotSent)
            }
            SdkError::TimeoutError(_) => (TIMEOUT, ErrorClass::Transient, Delivery::Unanswered),
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().and_then(StdError::source);
                (NO_CONNECTION, ErrorClass::Transient, delivery_before(cause))
            }
            SdkError::ResponseError(answer) => {
                (UNREADABLE, ErrorClass::Transient, Delivery::Answered(answer.raw().status().as_u16()))
            }
            SdkError::ServiceError(answer) => {
                let (code, status) = (answer.err().code(), answer.raw().status());
                // The SDK reports an answer that it cannot parse as an error of the service.
                let (code, class) = if status.is_success() {
                    (UNREADABLE, ErrorClass::Transient)
                } else {
                    (code.unwrap_or("Unknown"), class(code, status.as_u16()))
                };
                (code, class, Delivery::Answered(status.as_u16()))
            }
            _ => ("Unknown", ErrorClass::Transient, Delivery::Unanswered),
        };
        let detail = chain(error);
        Self { service, operation, code: code.to_owned(), class, delivery, detail }
    }

    /// Returns whether the table did not do what it was asked.
    pub fn is_of_table(&self) -> bool {
        self.service == DYNAMODB
    }

    /// Returns the error of an answer that is well-formed but cannot be used.
    pub fn unusable(service: &'static str, operation: &'static str, detail: impl ToString) -> Self {
        let (code, delivery) = (UNUSABLE.to_owned(), Delivery::Answered(200));
        Self { service, operation, code, class: ErrorClass::Permanent, delivery, detail: detail.to_string() }
    }

    /// Returns the error of work at `service` that was given up because it took too long.
    pub fn timed_out(service: &'static str, operation: &'static str) -> Self {
        let detail = "it took too long and was given up".to_owned();
        Self { detail, ..Self::without_answer(service, operation) }
    }

    /// Returns the error of an entry of a request with several entries. `is_fault_of_sender` says that the entry was
    /// wrong, not the service.
    pub(crate) fn of_entry(
        service: &'static str,
        operation: &'static str,
        code: &str,
        is_fault_of_sender: bool,
        detail: String,
    ) -> Self {
        let status = if is_fault_of_sender { 400 } else { 500 };
        let (class, delivery) = (class(Some(code), status), Delivery::Answered(status));
        Self { service, operation, code: code.to_owned(), class, delivery, detail }
    }

    /// Returns the error of an entry that the service left unprocessed each time, because it was too busy.
    pub(crate) fn unprocessed(service: &'static str, operation: &'static str) -> Self {
        let (class, delivery) = (ErrorClass::Throttled, Delivery::Answered(200));
        let detail = "the service left it unprocessed each time".to_owned();
        Self { service, operation, code: UNPROCESSED.to_owned(), class, delivery, detail }
    }

    /// Returns the error of a call whose outcome is unknown, because nothing says what became of it.
    pub(crate) fn without_answer(service: &'static str, operation: &'static str) -> Self {
        let (class, delivery) = (ErrorClass::Transient, Delivery::Unanswered);
        let detail = "the request ended without an answer for this call".to_owned();
        Self { service, operation, code: NO_ANSWER.to_owned(), class, delivery, detail }
    }

    /// Returns the error of an item that this version cannot read. A retry can reach a process of the version
    /// that wrote it.
    pub fn unreadable_item(service: &'static str, operation: &'static str, detail: impl ToString) -> Self {
        let code = UNREADABLE_ITEM.to_owned();
        Self { code, class: ErrorClass::Transient, ..Self::unusable(service, operation, detail) }
    }
}

/// Returns how far a request got that failed because of `cause`. Nothing was sent for certain if there were no
/// credentials to sign it with, or if no connection was established, which includes a name that does not
/// resolve and a connect timeout.
fn delivery_before(mut cause: Option<&(dyn StdError + 'static)>) -> Delivery {
    while let Some(error) = cause {
        let http = error.downcast_ref::<hyper_util::client::legacy::Error>();
        let is_unconnected = http.is_some_and(hyper_util::client::legacy::Error::is_connect);
        if is_unconnected || error.is::<CredentialsError>() {
            return Delivery::NotSent;
        }
        cause = error.source();
    }
    Delivery::Unanswered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_takes_precedence_over_the_status() {
        assert_eq!(class(Some("ThrottlingException"), 400), ErrorClass::Throttled);
        assert_eq!(class(Some("SlowDown"), 503), ErrorClass::Throttled);
        assert_eq!(class(Some("ModelNotReadyException"), 429), ErrorClass::Transient);
        assert_eq!(class(Some("InternalServerError"), 500), ErrorClass::Transient);
        assert_eq!(class(Some("KMSDisabledException"), 500), ErrorClass::Permanent);
        assert_eq!(class(None, 429), ErrorClass::Throttled);
        assert_eq!(class(Some("AccessDeniedException"), 400), ErrorClass::Permanent);
    }

    #[test]
    fn a_status_without_a_known_code_is_transient_if_a_retry_can_succeed() {
        for status in [408, 424, 425, 500, 502, 503, 504, 529] {
            assert_eq!(class(Some("Other"), status), ErrorClass::Transient, "{status}");
        }
        for status in [400, 401, 403, 404, 409, 413, 422] {
            assert_eq!(class(None, status), ErrorClass::Permanent, "{status}");
        }
    }
}
