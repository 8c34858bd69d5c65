//! Word that is sent to a client when its report has ended, and what became of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{report::Report, time::UtcTime};

/// How long after the end of a report, or after an attempt was due, nobody needs to look after its call-back.
pub const WEBHOOK_GRACE: Duration = Duration::from_secs(300);

/// Pauses before the second and each further attempt: after the example of the Standard Webhooks specification, each no
/// longer than SQS can hide a message (12 hours, "Amazon SQS visibility timeout"). A day and a half in all.
const PAUSES: [Duration; 8] = {
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

/// Where a call-back stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum WebhookState {
    /// It is to be sent, or sent again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// The receiver refused it for good, or too often.
    Failed,
}

impl WebhookState {
    /// Its name in the API and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// One attempt to deliver a call-back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Attempt))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    /// When it began.
    pub at: UtcTime,
    /// Which sending it belongs to, counted from 1: a resend begins a new one.
    pub round: u32,
    /// The HTTP status of the answer; null where there was none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Why it was no success; null where it was one.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<String>,
}

/// The call-back of a report that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it stands.
    pub state: WebhookState,
    /// Which sending this is, counted from 1.
    pub round: u32,
    /// Every attempt, the oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When the sweeper is to look after it.
    pub due_at: Option<UtcTime>,
}

impl Webhook {
    /// Attempts of this sending.
    pub fn tried(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.round == self.round).count()
    }

    /// The pause before the next attempt of this sending; none when it was the last one.
    pub fn pause(&self) -> Option<Duration> {
        match self.tried() {
            0 => Some(Duration::ZERO),
            tried => PAUSES.get(tried - 1).copied(),
        }
    }

    /// When the next attempt is due; none when there is none to come.
    pub fn next_at(&self) -> Option<UtcTime> {
        let last = self.attempts.last().filter(|attempt| attempt.round == self.round);
        let pause = self.pause()?;
        Some(last.map_or(UtcTime::from_epoch_millis(0), |last| last.at.plus(pause)))
    }
}

/// The id of the event that `report` has ended: the same however often it is sent, so that receivers can tell that they know
/// it. None before the end.
pub fn event_id(report: &Report) -> Option<String> {
    Some(format!("evt_{}_{}", report.id.simple(), report.ended_at?.epoch_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_there_is_no_further_attempt_and_a_resend_begins_anew() {
        let mut callback =
            Webhook { state: WebhookState::Pending, round: 1, attempts: Vec::new(), due_at: None };
        let mut waited = Duration::ZERO;
        let mut last = Duration::ZERO;
        while let Some(pause) = callback.pause() {
            assert!(pause >= last && pause <= Duration::from_secs(12 * 3600));
            (waited, last) = (waited + pause, pause);
            let at = UtcTime::from_epoch_millis(1000);
            callback.attempts.push(DeliveryAttempt {
                at,
                round: 1,
                status: Some(500),
                milliseconds: 3,
                error: None,
            });
        }
        assert_eq!(callback.tried(), 9);
        assert!(
            waited > Duration::from_secs(24 * 3600) && waited < Duration::from_secs(4 * 24 * 3600),
            "{waited:?}"
        );
        assert_eq!(callback.next_at(), None);
        callback.round = 2;
        assert_eq!((callback.tried(), callback.pause()), (0, Some(Duration::ZERO)));
    }
}
