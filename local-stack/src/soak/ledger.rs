//! Whose the model's answers were: counted where they pass the rig, by the corporate number in the conversation, which
//! is another one for every report of a soak.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;

use crate::fault_proxy::{Exchange, Observer};

const FIELD: &str = "corporateNumber";
const DIGITS: usize = 8;

/// The model's answers for one report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Given by the model, the lost ones included.
    pub(super) answered: u64,
    /// Lost on the wire: no worker ever had them.
    pub(super) lost: u64,
}

/// The model's answers by corporate number; those of a conversation without one under an empty text.
pub(super) type Tallies = HashMap<String, Tally>;

/// Counts the model's answers.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Tallies>);

/// Has `ledger` see what passes the rig.
pub(super) fn observer(ledger: Arc<Ledger>) -> Observer {
    Observer::new(move |exchange| ledger.see(exchange))
}

impl Ledger {
    fn see(&self, exchange: &Exchange<'_>) {
        if exchange.operation != "Bedrock.Converse" || exchange.status != StatusCode::OK {
            return;
        }
        let number = corporate_number(&String::from_utf8_lossy(exchange.request)).unwrap_or_default();
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(number).or_default();
        tally.answered += 1;
        tally.lost += u64::from(exchange.lost);
    }

    /// The counts so far.
    pub(super) fn snapshot(&self) -> Tallies {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The first corporate number in a conversation. It stands in JSON within JSON: what lies between name and digits is
/// quotes and escapes.
fn corporate_number(conversation: &str) -> Option<String> {
    conversation.match_indices(FIELD).find_map(|(at, _)| {
        let rest = conversation[at + FIELD.len()..].trim_start_matches(['\\', '"', ':', ' ']);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (digits.len() == DIGITS).then_some(digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_the_number_in_the_conversation() {
        let ledger = Ledger::default();
        let exchange = |request, status, lost| Exchange {
            operation: "Bedrock.Converse",
            path: "/model/m/converse",
            request,
            status,
            lost,
        };
        let one =
            br#"{"text":"the corporateNumber of: {\"corporateNumber\":\"90000001\",\"country\":\"GB\"}"}"#;
        let two = br#"{"text":"{\"corporateNumber\": \"90000002\"}"}"#;
        ledger.see(&exchange(one, StatusCode::OK, false));
        ledger.see(&exchange(one, StatusCode::OK, true));
        ledger.see(&exchange(two, StatusCode::TOO_MANY_REQUESTS, false));
        ledger.see(&exchange(two, StatusCode::OK, false));
        let expected = [
            ("90000001".to_owned(), Tally { answered: 2, lost: 1 }),
            ("90000002".to_owned(), Tally { answered: 1, lost: 0 }),
        ];
        assert_eq!(ledger.snapshot(), expected.into());
    }
}
