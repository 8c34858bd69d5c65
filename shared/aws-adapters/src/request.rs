//! One request to AWS: a span after the semantic conventions, a measurement, a sorted error.

use std::{error::Error as StdError, future::Future, time::Instant};

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use tracing::{Instrument, field::Empty, info_span};

use super::error::AwsError;
use telemetry::metrics::metrics;

/// Sends `request`, which is `operation` of `service`, in a span of its own.
///
/// The span follows OpenTelemetry's "Semantic conventions for AWS SDK client spans".
///
/// # Errors
/// What the SDK says after its own retries; sort it with [`AwsError::from_sdk`].
pub async fn instrumented<T, E>(
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
    // The SDK's futures take tens of kilobytes: on the heap they do not add up in ours.
    let answer = Box::pin(request).instrument(span.clone()).await;
    let mut failure = None;
    if let Err(error) = &answer {
        let code = error.code().unwrap_or("no_answer").to_owned();
        // The guard of a conditional write that does not hold is an answer, not a failure.
        if code != "ConditionalCheckFailedException" {
            span.record("error.type", code.as_str());
            span.record("otel.status_code", "ERROR");
            failure = Some(code);
        }
    }
    metrics().aws_call(service, operation, failure.as_deref(), started.elapsed());
    answer
}

/// [`instrumented`], with the error sorted.
///
/// # Errors
/// What went wrong, after the SDK's own retries.
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
