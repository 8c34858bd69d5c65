//! Counts the model's answers to each report as they pass the fault proxy. The corporate number in the
//! conversation identifies the report, because it is different for every report of a run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;

use crate::fault_proxy::{Exchange, Observer};

const FIELD: &str = "corporateNumber";
const DIGITS: usize = 8;

/// Number of the model's answers for one report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AnswerCount {
    /// Number of answers that the model gave, including lost ones.
    pub(crate) answered: u64,
    /// Number of answers that were lost on the wire, so that no worker received them.
    pub(crate) lost: u64,
}

/// Counts of the model's answers, by corporate number. Answers to a conversation without a number are counted
/// under the empty string.
pub(crate) type AnswerCounts = HashMap<String, AnswerCount>;

/// A counter of the model's answers.
#[derive(Debug, Default)]
pub(crate) struct AnswerCounter(Mutex<AnswerCounts>);

/// Returns an observer for the fault proxy that counts in `answers`.
pub(crate) fn observer(answers: Arc<AnswerCounter>) -> Observer {
    Observer::new(move |exchange| answers.record(exchange))
}

impl AnswerCounter {
    /// Counts the answer of `exchange` if the model gave one.
    pub(crate) fn record(&self, exchange: &Exchange<'_>) {
        if exchange.operation != "Bedrock.Converse" || exchange.status != StatusCode::OK {
            return;
        }
        let number = corporate_number(&String::from_utf8_lossy(exchange.request)).unwrap_or_default();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(number).or_default();
        count.answered += 1;
        count.lost += u64::from(exchange.lost);
    }

    /// Returns the counts so far.
    pub(crate) fn snapshot(&self) -> AnswerCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the first corporate number in a conversation. It is in JSON within JSON, so only quotes, escapes,
/// a colon and spaces lie between the name of the field and the digits.
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
    fn answers_are_counted_by_the_corporate_number_in_the_conversation() {
        let answers = AnswerCounter::default();
        let exchange = |request, status, lost| Exchange {
            operation: "Bedrock.Converse",
            request,
            answer: b"",
            status,
            lost,
        };
        let one =
            br#"{"text":"the corporateNumber of: {\"corporateNumber\":\"90000001\",\"country\":\"GB\"}"}"#;
        let two = br#"{"text":"{\"corporateNumber\": \"90000002\"}"}"#;
        answers.record(&exchange(one, StatusCode::OK, false));
        answers.record(&exchange(one, StatusCode::OK, true));
        answers.record(&exchange(two, StatusCode::TOO_MANY_REQUESTS, false));
        answers.record(&exchange(two, StatusCode::OK, false));
        let expected = [
            ("90000001".to_owned(), AnswerCount { answered: 2, lost: 1 }),
            ("90000002".to_owned(), AnswerCount { answered: 1, lost: 0 }),
        ];
        assert_eq!(answers.snapshot(), expected.into());
    }
}
