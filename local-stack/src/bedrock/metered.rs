//! A Converse call against the model's quota, and its tokens in the meter.

use serde_json::Value;

use super::wire::{ConverseError, ConverseRequest, ErrorKind, estimated_tokens};
use crate::account::Account;
use crate::limits::bedrock::Reservation;
use crate::metering::ModelTokens;

/// Name of the service in the meter.
pub(super) const BEDROCK: &str = "Bedrock";

/// A call that holds its reservation of the model's quota. Dropping it settles the reservation with what the
/// call used.
#[derive(Debug)]
pub(super) struct MeteredCall<'a> {
    account: &'a Account,
    model: &'a str,
    reservation: Option<Reservation>,
    input: u64,
    used: ModelTokens,
}

impl<'a> MeteredCall<'a> {
    /// Reserves the quota of a call.
    ///
    /// # Errors
    /// Returns a throttling error if the call exceeds a quota of the model.
    pub(super) fn begin(
        account: &'a Account,
        model: &'a str,
        body: &[u8],
        request: &ConverseRequest,
    ) -> Result<Self, ConverseError> {
        let input = estimated_tokens(body.len());
        let max_output = request.inference_config.as_ref().and_then(|config| config.max_tokens);
        let reservation = account.limits().map(|limits| limits.bedrock.reserve(model, input, max_output));
        let reservation = reservation.transpose().map_err(|exceeded| {
            account.meter().throttled(BEDROCK, exceeded.reason(), model);
            ConverseError::new(ErrorKind::Throttling, exceeded.message())
        })?;
        Ok(Self { account, model, reservation, input, used: ModelTokens::default() })
    }

    /// Counts the tokens that `answer` states.
    pub(super) fn end(&mut self, answer: &Value) {
        let count = |name: &str| answer["usage"][name].as_u64().unwrap_or_default();
        self.used = ModelTokens {
            requests: 1,
            input: count("inputTokens"),
            output: count("outputTokens"),
            cache_read: count("cacheReadInputTokens"),
            cache_write: count("cacheWriteInputTokens"),
        };
        self.account.meter().bedrock(self.model, self.used);
    }

    /// Counts the input tokens of a call whose answer does not state any.
    pub(super) fn end_unread(&mut self) {
        self.used = ModelTokens { requests: 1, input: self.input, ..ModelTokens::default() };
        self.account.meter().bedrock(self.model, self.used);
    }
}

impl Drop for MeteredCall<'_> {
    fn drop(&mut self) {
        if let (Some(limits), Some(reservation)) = (self.account.limits(), &self.reservation) {
            limits.bedrock.settle(reservation, self.used);
        }
    }
}

/// Counts the text units of the contextual grounding check in `answer`.
pub(super) fn grounding(account: &Account, answer: &Value) {
    let units = answer["usage"]["contextualGroundingPolicyUnits"].as_u64();
    account.meter().grounding(units.unwrap_or_default());
}
