//! Instrumented requests to AWS: each has a span, a duration metric and a classified error.

use std::{error::Error as StdError, future::Future, time::Instant};

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use telemetry::metrics::metrics;
use tracing::{Instrument, field::Empty, info_span};

use crate::error::AwsError;

/// Sends `request`, an `operation` of `service`, in its own span, and records its duration. The span follows
/// OpenTelemetry's "Semantic conventions for AWS SDK client spans".
///
/// # Errors
/// Returns the error of the SDK after its retries; [`AwsError::from_sdk`] classifies it.
pub(crate) async fn instrumented<T, E>(
    service: &'static str,
    operation: &'static str,
    request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, SdkError<E, HttpResponse>>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let span = info_span!(
        "aws",
        otel.name = format_args!("{service}.{operation}"),
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system = "aws-api",
        rpc.service = service,
        rpc.method = operation,
        error.type = Empty,
    );
    let started = Instant::now();
    // The SDK's futures are tens of kilobytes large; boxing keeps them out of the caller's future.
    let answer = Box::pin(request).instrument(span.clone()).await;
    let mut failure = None;
    if let Err(error) = &answer {
        let code = error.code().unwrap_or("no_answer").to_owned();
        // A conditional write whose condition does not hold is an expected answer, not a failure.
        if code != "ConditionalCheckFailedException" {
            span.record("error.type", code.as_str());
            span.record("otel.status_code", "ERROR");
            failure = Some(code);
        }
    }
    metrics().aws_call(service, operation, failure.as_deref(), started.elapsed());
    answer
}

/// Sends `request` as `instrumented` does, and classifies its error.
///
/// # Errors
/// Returns [`AwsError`] if the request fails after the SDK's retries.
pub async fn send<T, E>(
    service: &'static str,
    operation: &'static str,
    request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, AwsError>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    instrumented(service, operation, request)
        .await
        .map_err(|error| AwsError::from_sdk(service, operation, &error))
}
