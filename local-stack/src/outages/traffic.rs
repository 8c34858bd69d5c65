//! Follows the messages of a queue on the wire: how many were sent for each report, and which of them while an
//! earlier message of the same report was still in the queue.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::message::ReportMessage;
use serde_json::Value;

use crate::fault_proxy::Exchange;

/// The messages of one report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ReportMessages {
    /// Number of messages that were sent.
    pub(super) sent: u64,
    /// Number of messages that were sent although the report had another message in the queue and its sender
    /// could know that.
    pub(super) sent_twice: u64,
    /// Number of messages in the queue.
    in_queue: u64,
    /// Number of messages whose sender learned nothing of the success, so that it may send another one.
    unconfirmed: u64,
}

impl ReportMessages {
    fn sent(&mut self, confirmed: bool) {
        self.sent += 1;
        if self.in_queue > 0 {
            match self.unconfirmed.checked_sub(1) {
                Some(left) => self.unconfirmed = left,
                None => self.sent_twice += 1,
            }
        }
        self.in_queue += 1;
        self.unconfirmed += u64::from(!confirmed);
    }
}

/// The traffic of every queue.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By queue URL and report id.
    reports: HashMap<(String, String), ReportMessages>,
    /// The report of each received message, by receipt handle.
    received: HashMap<String, (String, String)>,
}

impl Traffic {
    /// Records an exchange if it concerns messages.
    pub(super) fn record(&self, exchange: &Exchange<'_>) {
        let Some(operation) = exchange.operation.strip_prefix("Sqs.") else { return };
        if !exchange.status.is_success() {
            return;
        }
        let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let request = parse(exchange.request);
        let queue = text(&request["QueueUrl"]);
        let mut state = self.lock();
        match operation {
            "SendMessage" => state.sent(&queue, &request["MessageBody"], !exchange.lost),
            "SendMessageBatch" => {
                let answer = parse(exchange.answer);
                let successful: Vec<&str> =
                    entries(&answer, "Successful").filter_map(|entry| entry["Id"].as_str()).collect();
                for entry in entries(&request, "Entries") {
                    if entry["Id"].as_str().is_some_and(|id| successful.contains(&id)) {
                        state.sent(&queue, &entry["MessageBody"], !exchange.lost);
                    }
                }
            }
            "ReceiveMessage" => {
                for message in entries(&parse(exchange.answer), "Messages") {
                    if let Some(report) = report_of(&message["Body"]) {
                        let handle = text(&message["ReceiptHandle"]);
                        state.received.insert(handle, (queue.clone(), report));
                    }
                }
            }
            "DeleteMessage" => state.deleted(&request["ReceiptHandle"]),
            "DeleteMessageBatch" => {
                for entry in entries(&request, "Entries") {
                    state.deleted(&entry["ReceiptHandle"]);
                }
            }
            _ => {}
        }
    }

    /// Returns the messages of every report in `queue`, by report id.
    pub(super) fn of_queue(&self, queue: &str) -> HashMap<String, ReportMessages> {
        let state = self.lock();
        let reports = state.reports.iter().filter(|((url, _), _)| url == queue);
        reports.map(|((_, report), messages)| (report.clone(), *messages)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sent(&mut self, queue: &str, body: &Value, confirmed: bool) {
        if let Some(report) = report_of(body) {
            self.reports.entry((queue.to_owned(), report)).or_default().sent(confirmed);
        }
    }

    fn deleted(&mut self, receipt_handle: &Value) {
        // A second deletion of a message finds no entry: each receipt handle counts once.
        let report = receipt_handle.as_str().and_then(|handle| self.received.remove(handle));
        if let Some(messages) = report.and_then(|report| self.reports.get_mut(&report)) {
            messages.in_queue = messages.in_queue.saturating_sub(1);
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn report_of(body: &Value) -> Option<String> {
    let message = ReportMessage::from_body(body.as_str()?).ok()?;
    Some(message.report_id.to_string())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;

    const REPORT: &str = "0190b0c4-7e8a-7000-8000-000000000001";

    struct Queue(Traffic);

    impl Queue {
        fn exchange(&self, operation: &str, lost: bool, request: Value, answer: Value) {
            let mut request = request;
            request["QueueUrl"] = json!("q");
            self.0.record(&Exchange {
                operation,
                request: request.to_string().as_bytes(),
                answer: answer.to_string().as_bytes(),
                status: StatusCode::OK,
                lost,
            });
        }

        fn send(&self, lost: bool) {
            self.exchange("Sqs.SendMessage", lost, json!({"MessageBody": body()}), json!({}));
        }

        fn receive(&self, handle: &str) {
            let answer = json!({"Messages": [{"Body": body(), "ReceiptHandle": handle}]});
            self.exchange("Sqs.ReceiveMessage", false, json!({}), answer);
        }

        fn delete(&self, handle: &str) {
            self.exchange("Sqs.DeleteMessage", false, json!({"ReceiptHandle": handle}), json!({}));
        }

        fn counts(&self) -> (u64, u64) {
            let messages = self.0.of_queue("q")[REPORT];
            (messages.sent, messages.sent_twice)
        }
    }

    fn body() -> String {
        json!({"v": 1, "tenant": "dev", "reportId": REPORT}).to_string()
    }

    #[test]
    fn a_message_after_the_deletion_of_the_earlier_one_is_not_sent_twice() {
        let queue = Queue(Traffic::default());
        queue.send(false);
        queue.receive("h1");
        queue.delete("h1");
        queue.send(false);
        assert_eq!(queue.counts(), (2, 0));
    }

    #[test]
    fn a_message_beside_another_one_is_sent_twice_unless_its_sender_could_not_know() {
        let queue = Queue(Traffic::default());
        queue.send(false);
        queue.receive("h1");
        queue.send(false);
        assert_eq!(queue.counts(), (2, 1));

        let queue = Queue(Traffic::default());
        queue.send(true);
        queue.send(false);
        assert_eq!(queue.counts(), (2, 0));
        queue.send(false);
        assert_eq!(queue.counts(), (3, 1));
    }

    #[test]
    fn one_message_is_deleted_once() {
        let queue = Queue(Traffic::default());
        queue.send(true);
        queue.send(false);
        queue.receive("h1");
        queue.delete("h1");
        queue.delete("h1");
        queue.send(false);
        assert_eq!(queue.counts(), (3, 1));
    }

    #[test]
    fn only_successful_entries_of_a_batch_are_sent() {
        let queue = Queue(Traffic::default());
        let entries =
            json!({"Entries": [{"Id": "a", "MessageBody": body()}, {"Id": "b", "MessageBody": body()}]});
        queue.exchange("Sqs.SendMessageBatch", false, entries, json!({"Successful": [{"Id": "b"}]}));
        assert_eq!(queue.counts(), (1, 0));
    }
}
