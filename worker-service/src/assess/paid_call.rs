//! Pays for calls: each call is reserved before it is made, retried while that can help and costs nothing, and
//! stored and settled when it is answered.

use std::time::Duration;

use aws_adapters::error::ErrorClass;
use futures::future::BoxFuture;
use service_runtime::retry::full_jitter;
use tokio::time::sleep;

use super::{
    answer::ModelAnswer,
    ledger::{AnswerLedger, PlannedCall},
};
use crate::{
    concurrency_limit::ConcurrencyLimit,
    failure::{AttemptError, Failure},
};

/// Maximum number of calls for one answer within an attempt. Most throttles and faults end within seconds.
pub(super) const TRIES: u32 = 4;
/// Back-off between these calls, with full jitter.
const RETRY_BASE: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(8);

/// The outcome of one call: the answer, and the quota tokens that it used.
pub(super) type CallResult = Result<(ModelAnswer, u64), Failure>;

/// Makes the call `planned` with `send`, and returns the stored answer. Throttles and faults are retried, up to
/// [`TRIES`] calls; a call that may have been billed is not.
///
/// # Errors
/// Returns an [`AttemptError`] if there is no answer, or if the `ledger` fails.
pub(super) async fn pay<'a, L: AnswerLedger>(
    ledger: &mut L,
    concurrency: &ConcurrencyLimit,
    planned: PlannedCall<'_>,
    send: impl Fn() -> BoxFuture<'a, CallResult> + Send + Sync,
) -> Result<ModelAnswer, AttemptError> {
    let mut tries = 0;
    loop {
        let reservation = ledger.reserve(planned).await?;
        let failure = match send().await {
            Ok((answer, quota_used)) => {
                concurrency.record_success();
                return ledger.settle(planned, reservation, quota_used, answer).await;
            }
            Err(failure) => failure,
        };
        if failure.class == ErrorClass::Throttled {
            concurrency.record_throttle();
        }
        ledger.release(reservation, &failure).await?;
        if !costs_nothing_to_retry(&failure) || tries + 1 >= TRIES {
            return Err(AttemptError::Failed(failure));
        }
        tracing::info!(code = failure.code, detail = %failure.detail, "the model did not answer; retrying");
        sleep(backoff(tries)).await;
        tries += 1;
    }
}

/// Returns whether the failed call may succeed if it is repeated, and was certainly not billed.
pub(super) fn costs_nothing_to_retry(failure: &Failure) -> bool {
    failure.class != ErrorClass::Permanent && !failure.may_be_billed()
}

/// Returns how long to wait after `tries` failed calls.
pub(super) fn backoff(tries: u32) -> Duration {
    full_jitter(tries, RETRY_BASE, RETRY_MAX)
}
