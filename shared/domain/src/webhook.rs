//! The webhook that notifies a client when its report has ended, and its delivery attempts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    time::UtcTime,
    unknown::{UnknownName, serialized_by_name},
};

/// Time after the end of a report, or after a delivery was due, before the sweeper queues its webhook again.
pub const WEBHOOK_GRACE: Duration = Duration::from_secs(300);

/// Back-off before the second and each further attempt. It follows the example of the Standard Webhooks
/// specification; no pause is longer than the maximum visibility timeout of SQS (12 hours, "Amazon SQS
/// visibility timeout"). The attempts span about a day and a half.
const BACK_OFF: [Duration; 8] = {
    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }
    [
        Duration::from_secs(5),
        minutes(5),
        minutes(30),
        minutes(2 * 60),
        minutes(5 * 60),
        minutes(10 * 60),
        minutes(10 * 60),
        minutes(10 * 60),
    ]
};

/// The delivery state of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// It waits for its first or next delivery attempt.
    Pending,
    /// The receiver accepted it.
    Delivered,
    /// The receiver rejected it permanently, or every attempt failed.
    Failed,
    /// A state that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(WebhookState, "The delivery state of a webhook.");

impl WebhookState {
    /// Every state of this version.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// Returns the name used in the API and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown(name) => name.as_str(),
        }
    }
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Attempt))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    /// When the attempt began.
    pub at: UtcTime,
    /// The delivery round of the attempt, counted from 1. A resend begins a new round.
    pub round: u32,
    /// The HTTP status of the response; null if there was none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub status: Option<u16>,
    /// The duration of the attempt, in milliseconds.
    pub milliseconds: u64,
    /// Why the attempt failed; null if it succeeded.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<String>,
}

/// The webhook of a report that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The delivery state.
    pub state: WebhookState,
    /// The current delivery round, counted from 1.
    pub round: u32,
    /// Every attempt, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When the sweeper queues it again if it is still pending.
    pub due_at: Option<UtcTime>,
}

impl Webhook {
    /// Returns the number of attempts in the current round.
    pub fn tried(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.round == self.round).count()
    }

    /// Returns the back-off before the next attempt of the current round, or `None` after the last attempt.
    pub fn pause(&self) -> Option<Duration> {
        match self.tried() {
            0 => Some(Duration::ZERO),
            tried => BACK_OFF.get(tried - 1).copied(),
        }
    }

    /// Returns when the next attempt of the current round is due, or `None` after the last attempt.
    pub fn next_at(&self) -> Option<UtcTime> {
        let last = self.attempts.last().filter(|attempt| attempt.round == self.round);
        let pause = self.pause()?;
        Some(last.map_or(UtcTime::from_epoch_millis(0), |last| last.at.plus(pause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_grows_until_the_last_attempt_and_a_resend_starts_over() {
        let mut webhook =
            Webhook { state: WebhookState::Pending, round: 1, attempts: Vec::new(), due_at: None };
        let mut waited = Duration::ZERO;
        let mut previous = Duration::ZERO;
        while let Some(pause) = webhook.pause() {
            assert!(pause >= previous && pause <= Duration::from_secs(12 * 3600));
            (waited, previous) = (waited + pause, pause);
            let at = UtcTime::from_epoch_millis(1000);
            webhook.attempts.push(DeliveryAttempt {
                at,
                round: 1,
                status: Some(500),
                milliseconds: 3,
                error: None,
            });
        }
        assert_eq!(webhook.tried(), 9);
        assert!(
            waited > Duration::from_secs(24 * 3600) && waited < Duration::from_secs(4 * 24 * 3600),
            "{waited:?}"
        );
        assert_eq!(webhook.next_at(), None);
        webhook.round = 2;
        assert_eq!((webhook.tried(), webhook.pause()), (0, Some(Duration::ZERO)));
    }
}
