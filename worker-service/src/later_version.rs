//! Messages of a later version, which a worker meets while a deployment rolls.

use std::time::Duration;

use aws_adapters::queue::Delivery;
use domain::{message::UnreadableMessage, time::UtcTime};

/// Age up to which a message of a later version is left in its queue: longer than a deployment takes, and
/// shorter than SQS keeps it. An older one is there because the deployment was rolled back.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Returns whether the message of `delivery`, which this worker cannot read because of `error`, is left in its
/// queue at `now` for a worker of a later version.
pub(crate) fn may_read(error: &UnreadableMessage, delivery: &Delivery, now: UtcTime) -> bool {
    let is_recent = delivery.sent_at.is_none_or(|sent_at| now.since(sent_at) < AGE_MAX);
    error.is_of_later_version() && is_recent
}

#[cfg(test)]
mod tests {
    use domain::message::ReportMessage;

    use super::*;

    #[test]
    fn a_message_of_a_later_version_waits_for_a_day_and_no_other_one_does() {
        let at = |hours: u64| UtcTime::from_epoch_millis(0).plus(Duration::from_secs(hours * 3600));
        let waits = |body: &str, hours: u64| {
            let delivery = Delivery {
                message_id: None,
                body: body.to_owned(),
                receipt: String::new(),
                receive_count: 900,
                sent_at: Some(at(1)),
                traceparent: None,
                reason: None,
            };
            may_read(&ReportMessage::from_body(body).unwrap_err(), &delivery, at(hours))
        };
        let later = r#"{"v":2,"tenant":"dev","report":{"id":"01890a5d-ac96-774b-bcce-b302099a8057"}}"#;
        assert!(waits(later, 1) && waits(later, 24) && !waits(later, 25));
        assert!(!waits(r#"{"v":0}"#, 1) && !waits("{}", 1));
    }
}
