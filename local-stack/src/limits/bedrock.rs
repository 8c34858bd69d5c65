//! Quotas of Bedrock's models. A request reserves its input tokens and its maximum of output tokens when it
//! begins; when it ends, what it used takes their place ("How tokens are counted in Amazon Bedrock", Amazon
//! Bedrock User Guide, read on 2026-11-28).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use service_runtime::clock::Clock;
use worker_service::assess::list_price;

use super::Limits;
use super::bucket::{Rate, TokenBucket};
use super::values::BEDROCK_OUTPUT_TOKENS;
use crate::metering::ModelTokens;

/// Region in which the catalogue of models is looked up. Burndown rates do not depend on it.
const REGION: &str = "us-east-1";

/// The quotas of all models.
#[derive(Debug)]
pub(crate) struct BedrockQuotas {
    clock: Clock,
    requests: Option<Rate>,
    tokens: Rate,
    models: Mutex<HashMap<String, Model>>,
}

#[derive(Debug)]
struct Model {
    requests: Option<TokenBucket>,
    tokens: TokenBucket,
}

/// The tokens that a request reserved of a model's quota.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a reservation is settled when the request ends"]
pub(crate) struct Reservation {
    model: String,
    tokens: f64,
}

/// The quota that a request exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuotaExceeded {
    /// Requests per minute.
    Requests,
    /// Tokens per minute.
    Tokens,
}

impl QuotaExceeded {
    /// Returns the reason in the meter.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Requests => "RequestsPerMinute",
            Self::Tokens => "TokensPerMinute",
        }
    }

    /// Returns the message of Bedrock's ThrottlingException.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Requests => "Too many requests, please wait before trying again.",
            Self::Tokens => "Too many tokens, please wait before trying again.",
        }
    }
}

impl BedrockQuotas {
    /// Returns the quotas of `limits`. They take the time from `clock`.
    pub(crate) fn new(limits: &Limits, clock: Clock) -> Self {
        let requests = limits.bedrock_requests.map(|requests| Rate::per_minute(number(requests)));
        let tokens = Rate::per_minute(number(limits.bedrock_tokens));
        Self { clock, requests, tokens, models: Mutex::default() }
    }

    /// Reserves the quota of a request with `input` tokens and at most `max_output` output tokens.
    ///
    /// # Errors
    /// Returns the exceeded quota. The request then counts towards none.
    pub(crate) fn reserve(
        &self,
        model: &str,
        input: u64,
        max_output: Option<u64>,
    ) -> Result<Reservation, QuotaExceeded> {
        let now = self.clock.now().epoch_millis();
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = models.entry(model.to_owned()).or_insert_with(|| Model {
            requests: self.requests.map(|rate| TokenBucket::full(rate, now)),
            tokens: TokenBucket::full(self.tokens, now),
        });
        let tokens = number(input) + number(max_output.unwrap_or(BEDROCK_OUTPUT_TOKENS));
        quota.tokens.refill(self.tokens, now);
        if let (Some(requests), Some(rate)) = (&mut quota.requests, self.requests) {
            requests.refill(rate, now);
            if !requests.has(1.0, rate) {
                return Err(QuotaExceeded::Requests);
            }
        }
        if !quota.tokens.has(tokens, self.tokens) {
            return Err(QuotaExceeded::Tokens);
        }
        if let Some(requests) = &mut quota.requests {
            requests.take(1.0);
        }
        quota.tokens.take(tokens);
        Ok(Reservation { model: model.to_owned(), tokens })
    }

    /// Replaces a reservation by the tokens that the request used. Tokens read from the prompt cache do not
    /// count, and an output token counts as many times as the model's burndown rate says.
    pub(crate) fn settle(&self, reservation: &Reservation, used: ModelTokens) {
        let burndown = list_price(&reservation.model, REGION).map_or(1, |price| price.burndown);
        let used = number(used.input) + number(used.cache_write) + number(used.output) * number(burndown);
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = models.get_mut(&reservation.model) {
            model.tokens.take(used - reservation.tokens);
        }
    }
}

/// Converts a count, exactly up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no number of tokens comes near 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

    fn clock() -> Clock {
        Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap())
    }

    fn used(input: u64, output: u64, cache_read: u64) -> ModelTokens {
        ModelTokens { requests: 1, input, output, cache_read, cache_write: 0 }
    }

    #[test]
    fn a_request_reserves_its_maximum_and_settles_to_what_it_used() {
        let limits = Limits { bedrock_tokens: 10_000, ..Limits::default() };
        let quotas = BedrockQuotas::new(&limits, clock());
        let first = quotas.reserve("amazon.nova-pro-v1:0", 2_000, Some(5_000)).unwrap();
        assert_eq!(quotas.reserve("amazon.nova-pro-v1:0", 1, Some(3_000)), Err(QuotaExceeded::Tokens));
        quotas.settle(&first, used(2_000, 500, 0));
        // 7,500 tokens are left.
        assert_eq!(quotas.reserve("amazon.nova-pro-v1:0", 1, Some(7_500)), Err(QuotaExceeded::Tokens));
        let _ = quotas.reserve("amazon.nova-pro-v1:0", 500, Some(7_000)).unwrap();
        // Another model has its own quota.
        assert!(quotas.reserve("amazon.nova-lite-v1:0", 500, Some(7_000)).is_ok());
    }

    #[test]
    fn an_output_token_of_claude_uses_up_five_and_a_cached_token_none() {
        // The example of the page: 1,000 input tokens and 100 output tokens use up 1,500.
        let limits = Limits { bedrock_tokens: 10_000, ..Limits::default() };
        let quotas = BedrockQuotas::new(&limits, clock());
        let request = quotas.reserve(CLAUDE, 1_000, Some(4_096)).unwrap();
        quotas.settle(&request, used(1_000, 100, 50_000));
        assert_eq!(quotas.reserve(CLAUDE, 8_501, Some(0)), Err(QuotaExceeded::Tokens));
        assert!(quotas.reserve(CLAUDE, 8_500, Some(0)).is_ok());
    }

    #[test]
    fn a_minute_restores_the_quota() {
        let clock = clock();
        let limits = Limits { bedrock_requests: Some(2), bedrock_tokens: 128_000, ..Limits::default() };
        let quotas = BedrockQuotas::new(&limits, clock.clone());
        for _ in 0..2 {
            // Without a maximum the longest answer of the model is reserved.
            let _ = quotas.reserve(CLAUDE, 0, None).unwrap();
        }
        assert_eq!(quotas.reserve(CLAUDE, 0, None), Err(QuotaExceeded::Requests));
        clock.set(clock.now().plus(Duration::from_secs(29)));
        assert_eq!(quotas.reserve(CLAUDE, 0, None), Err(QuotaExceeded::Requests));
        clock.set(clock.now().plus(Duration::from_secs(1)));
        assert!(quotas.reserve(CLAUDE, 0, None).is_ok());
    }
}
