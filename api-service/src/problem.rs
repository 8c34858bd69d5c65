//! Errors as clients see them: `application/problem+json` (RFC 9457), with all kinds in one table.

use std::time::Duration;

use aws_adapters::error::{AwsError, ErrorClass};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::request::FieldError;
use serde::Serialize;
use telemetry::propagation::current_trace_id;
use utoipa::ToSchema;

/// A kind of problem. Its code is part of the API's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the titles below describe each kind")]
pub enum Kind {
    MalformedRequest,
    MalformedJson,
    InvalidParameter,
    Unauthenticated,
    ScopeMissing,
    RouteNotFound,
    ReportNotFound,
    ArtifactNotFound,
    KeyNotFound,
    MethodNotAllowed,
    ReportNotCompleted,
    TransitionNotAllowed,
    LegalHold,
    KeyNotActive,
    BodyTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
    IdempotencyKeyReused,
    TooManyRequests,
    DailyLimit,
    HeadersTooLarge,
    Internal,
    Unavailable,
    Overloaded,
    TimedOut,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 25] = [
        Self::MalformedRequest,
        Self::MalformedJson,
        Self::InvalidParameter,
        Self::Unauthenticated,
        Self::ScopeMissing,
        Self::RouteNotFound,
        Self::ReportNotFound,
        Self::ArtifactNotFound,
        Self::KeyNotFound,
        Self::MethodNotAllowed,
        Self::ReportNotCompleted,
        Self::TransitionNotAllowed,
        Self::LegalHold,
        Self::KeyNotActive,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::IdempotencyKeyReused,
        Self::TooManyRequests,
        Self::DailyLimit,
        Self::HeadersTooLarge,
        Self::Internal,
        Self::Unavailable,
        Self::Overloaded,
        Self::TimedOut,
    ];

    /// Returns the HTTP status, the code, the title, and whether the same request can succeed later.
    pub fn describe(self) -> (StatusCode, &'static str, &'static str, bool) {
        use StatusCode as S;
        match self {
            Self::MalformedRequest => {
                (S::BAD_REQUEST, "malformed_request", "The request is not valid HTTP", false)
            }
            Self::MalformedJson => (S::BAD_REQUEST, "malformed_json", "The body is not JSON", false),
            Self::InvalidParameter => {
                (S::BAD_REQUEST, "invalid_parameter", "A parameter or header is not valid", false)
            }
            Self::Unauthenticated => {
                (S::UNAUTHORIZED, "unauthenticated", "A valid API key or token is required", false)
            }
            Self::ScopeMissing => {
                (S::FORBIDDEN, "scope_missing", "The API key or token lacks the scope", false)
            }
            Self::RouteNotFound => (S::NOT_FOUND, "route_not_found", "Nothing exists at this address", false),
            Self::ReportNotFound => (S::NOT_FOUND, "report_not_found", "There is no such report", false),
            Self::ArtifactNotFound => {
                (S::NOT_FOUND, "artifact_not_found", "The report has no such file", false)
            }
            Self::KeyNotFound => (S::NOT_FOUND, "key_not_found", "There is no such key", false),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This address does not allow this method",
                false,
            ),
            Self::ReportNotCompleted => {
                (S::CONFLICT, "report_not_completed", "The report is not completed", true)
            }
            Self::TransitionNotAllowed => {
                (S::CONFLICT, "transition_not_allowed", "The status of the report does not allow this", false)
            }
            Self::LegalHold => (S::CONFLICT, "legal_hold", "The report is under legal hold", false),
            Self::KeyNotActive => (S::CONFLICT, "key_not_active", "The key is revoked or expired", false),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large", false),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The media type of the body is not supported",
                false,
            ),
            Self::ValidationFailed => {
                (S::UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid", false)
            }
            Self::IdempotencyKeyReused => (
                S::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The Idempotency-Key was used for another request",
                false,
            ),
            Self::TooManyRequests => (S::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests", true),
            Self::DailyLimit => {
                (S::TOO_MANY_REQUESTS, "daily_limit_reached", "The daily quota of reports is used up", true)
            }
            Self::HeadersTooLarge => {
                (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The headers are too large", false)
            }
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "The service failed", true),
            Self::Unavailable => {
                (S::SERVICE_UNAVAILABLE, "unavailable", "The service is temporarily unavailable", true)
            }
            Self::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "The service is overloaded", true),
            Self::TimedOut => (S::SERVICE_UNAVAILABLE, "timed_out", "The request took too long", true),
        }
    }
}

/// An error (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A URI that identifies the kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "urn:dossier:problem:validation_failed")]
    kind: String,
    /// A short description of the kind of problem.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong with this request, and what to do.
    detail: String,
    /// The trace of the request, for your operator; absent if the request was not traced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", example = "urn:dossier:trace:4bf92f3577b34da6a3ce929d0e0e4736")]
    instance: Option<String>,
    /// The kind of problem, for programs.
    #[schema(example = "validation_failed")]
    code: String,
    /// Whether the same request can succeed later.
    retryable: bool,
    /// Everything that is wrong with the request.
    errors: Vec<FieldError>,
}

/// An error that will be sent to the client. Details that only the operator may know are logged where the
/// error occurs.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    accept_encoding: Option<&'static str>,
}

impl Problem {
    /// Creates a problem whose `detail` says what happened and what to do.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after: None, accept_encoding: None }
    }

    /// Creates the problem of a caller without a valid key or token.
    pub(crate) fn unauthenticated(why: &str) -> Self {
        Self::new(Kind::Unauthenticated, format!("{why}: send a valid key as Authorization: Bearer KEY"))
    }

    /// Creates the problem of a request with invalid values in its body.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Self::with_errors(Kind::ValidationFailed, errors)
    }

    /// Creates the problem of a request with invalid parameters or headers.
    pub(crate) fn parameter(errors: Vec<FieldError>) -> Self {
        Self::with_errors(Kind::InvalidParameter, errors)
    }

    /// Creates a problem that lists `errors`.
    pub(crate) fn with_errors(kind: Kind, errors: Vec<FieldError>) -> Self {
        let detail = match (kind, errors.len()) {
            (Kind::InvalidParameter, _) => {
                errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
            }
            (_, 1) => "the request has one error: see errors".to_owned(),
            (_, count) => format!("the request has {count} errors: see errors"),
        };
        Self { errors, ..Self::new(kind, detail) }
    }

    /// Creates the problem of a failure that is not the client's fault; `what` says what failed.
    pub(crate) fn internal(what: &str) -> Self {
        Self::new(Kind::Internal, format!("{what}: report the instance of this problem to your operator"))
    }

    /// Creates the problem of a report that does not exist for the caller. It is the same for a report of
    /// another tenant and for an unknown id, so that clients cannot tell them apart.
    pub(crate) fn report_not_found() -> Self {
        Self::new(
            Kind::ReportNotFound,
            "your tenant has no report with this id: check the id, and that the key belongs to the right tenant",
        )
    }

    /// Sets the time after which the client should retry.
    #[must_use]
    pub(crate) fn retry_after(mut self, duration: Duration) -> Self {
        self.retry_after = Some(duration);
        self
    }

    /// Names the content coding that the client should use.
    #[must_use]
    pub(crate) fn accept_encoding(mut self, coding: &'static str) -> Self {
        self.accept_encoding = Some(coding);
        self
    }

    /// Returns the body of the response.
    pub fn body(self) -> ProblemBody {
        let (status, code, title, retryable) = self.kind.describe();
        ProblemBody {
            kind: format!("urn:dossier:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            instance: current_trace_id().map(|trace| format!("urn:dossier:trace:{trace}")),
            code: code.to_owned(),
            retryable,
            errors: self.errors,
        }
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Self {
        tracing::error!(
            aws.service = error.service,
            aws.operation = error.operation,
            code = %error.code,
            class = error.class.as_str(),
            detail = %error.detail,
            "a request to AWS failed"
        );
        match error.class {
            ErrorClass::Transient | ErrorClass::Throttled => Self::new(
                Kind::Unavailable,
                "a service that this request needs does not answer: send the request again",
            )
            .retry_after(Duration::from_secs(2)),
            ErrorClass::Permanent => {
                Self::internal("the service could not process the request, although the request is valid")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (kind, retry_after, accept_encoding) = (self.kind, self.retry_after, self.accept_encoding);
        let mut response = (kind.describe().0, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if kind == Kind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dossier\""));
        }
        if let Some(coding) = accept_encoding {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
        }
        if let Some(after) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds(after));
        }
        response
    }
}

/// Returns `duration` as the value of a header: whole seconds, rounded up, at least one.
pub(crate) fn seconds(duration: Duration) -> HeaderValue {
    HeaderValue::from(u64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1))
}
