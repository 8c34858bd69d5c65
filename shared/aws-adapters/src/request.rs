//! Instrumented requests to AWS: each has a span, a duration metric and a classified error.

use std::{error::Error as StdError, future::Future, time::Instant};

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use futures::TryFutureExt as _;
use telemetry::metrics::metrics;
use tracing::{Instrument, field::Empty, info_span};

use crate::error::AwsError;

/// Sends `request`, an `operation` of `service`, in its own span, and records its duration. The span follows
/// OpenTelemetry's "Semantic conventions for AWS SDK client spans".
///
/// # Errors
/// Returns the error of the SDK after its retries; [`AwsError::from_sdk`] classifies it.
pub(crate) fn instrumented<'a, T, E>(
    service: &'static str,
    operation: &'static str,
    request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
) -> impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a
where
    T: 'a,
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    // The SDK's futures are eight kilobytes large, and a report in progress keeps the futures of all its callers. So
    // they are boxed, before they become part of an async function: its arguments are a part of its future.
    timed(service, operation, Box::pin(request))
}

async fn timed<T, E>(
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
    let answer = request.instrument(span.clone()).await;
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
pub fn send<'a, T, E>(
    service: &'static str,
    operation: &'static str,
    request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
) -> impl Future<Output = Result<T, AwsError>> + Send + 'a
where
    T: Send + 'a,
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    instrumented(service, operation, request)
        .map_err(move |error| AwsError::from_sdk(service, operation, &error))
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};

    use super::*;

    #[test]
    fn a_request_takes_little_of_the_future_of_its_caller() {
        let request = async {
            let kept_while_it_waits = [0_u8; 16 << 10];
            ready(()).await;
            assert_eq!(kept_while_it_waits[0], 0);
            Ok::<_, SdkError<GetItemError, HttpResponse>>(GetItemOutput::builder().build())
        };
        assert!(size_of_val(&request) >= 16 << 10);
        assert!(size_of_val(&send("DynamoDB", "GetItem", request)) <= 1 << 10);
    }
}
