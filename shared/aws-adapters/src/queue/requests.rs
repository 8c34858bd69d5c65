//! The requests of a queue that several messages share: sends, deletions and changes of visibility. Each joins others
//! of its kind that are made at the same time, up to ten in one request. A request of one message uses the
//! operation for one message.

use aws_sdk_sqs::{
    Client,
    types::{
        BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
        SendMessageBatchRequestEntry,
    },
};
use domain::message::ReportMessage;
use futures::FutureExt as _;
use telemetry::propagation::TRACEPARENT;

use super::{SQS, text_attribute};
use crate::{
    batcher::{Batcher, Lost},
    error::AwsError,
    request::send,
};

/// Maximum number of messages of one request ("Amazon SQS message quotas").
const ENTRIES_MAX: usize = 10;

/// A message to send.
#[derive(Clone, Debug)]
struct Outgoing {
    body: String,
    /// The tenant.
    group: String,
    /// The trace context of the sender.
    traceparent: Option<String>,
}

impl Outgoing {
    fn new(message: &ReportMessage, traceparent: Option<String>) -> Self {
        Self { body: message.to_body(), group: message.tenant.as_str().to_owned(), traceparent }
    }
}

/// A new visibility timeout of a received message.
#[derive(Clone, Debug)]
struct Visibility {
    receipt: String,
    seconds: i32,
}

/// The batchers of a queue, one for each operation.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    sends: Batcher<Outgoing, Result<Option<String>, AwsError>>,
    deletes: Batcher<String, Result<(), AwsError>>,
    visibilities: Batcher<Visibility, Result<(), AwsError>>,
}

impl Requests {
    /// Returns the batchers of the queue at `url`.
    pub(super) fn new(client: &Client, url: &str) -> Self {
        let queue = To { client: client.clone(), url: url.to_owned() };
        let (sends, deletes, visibilities) = (queue.clone(), queue.clone(), queue);
        Self {
            sends: Batcher::new(ENTRIES_MAX, move |messages| sends.clone().send(messages).boxed()),
            deletes: Batcher::new(ENTRIES_MAX, move |receipts| deletes.clone().delete(receipts).boxed()),
            visibilities: Batcher::new(ENTRIES_MAX, move |changes| {
                visibilities.clone().change_visibilities(changes).boxed()
            }),
        }
    }

    /// Sends a message, whose sender has this trace context, and returns its id.
    ///
    /// # Errors
    /// Returns [`AwsError`] if SQS rejected the message or its answer was lost.
    pub(super) async fn send(
        &self,
        message: &ReportMessage,
        traceparent: Option<String>,
    ) -> Result<Option<String>, AwsError> {
        answer("SendMessage", self.sends.call(Outgoing::new(message, traceparent)).await)
    }

    /// Sends messages and returns their ids, or the error of each as [`Self::send`] does.
    pub(super) async fn send_all(
        &self,
        messages: &[ReportMessage],
        traceparent: Option<&str>,
    ) -> Vec<Result<Option<String>, AwsError>> {
        let outgoing = |message| Outgoing::new(message, traceparent.map(str::to_owned));
        let sent = self.sends.call_all(messages.iter().map(outgoing)).await;
        sent.into_iter().map(|sent| answer("SendMessage", sent)).collect()
    }

    /// Deletes a received message.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the message was deleted.
    pub(super) async fn delete(&self, receipt: &str) -> Result<(), AwsError> {
        answer("DeleteMessage", self.deletes.call(receipt.to_owned()).await)
    }

    /// Hides a received message for so many `seconds` from now.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the message is hidden.
    pub(super) async fn change_visibility(&self, receipt: &str, seconds: i32) -> Result<(), AwsError> {
        let changed = self.visibilities.call(Visibility { receipt: receipt.to_owned(), seconds }).await;
        answer("ChangeMessageVisibility", changed)
    }
}

/// Returns the result of a call, which has none if its request was lost.
fn answer<T>(operation: &'static str, result: Result<Result<T, AwsError>, Lost>) -> Result<T, AwsError> {
    result.unwrap_or_else(|Lost| Err(AwsError::without_answer(SQS, operation)))
}

/// Where requests go.
#[derive(Clone, Debug)]
struct To {
    client: Client,
    url: String,
}

impl To {
    async fn send(self, messages: Vec<Outgoing>) -> Vec<Result<Option<String>, AwsError>> {
        let count = messages.len();
        let outcome = match <[Outgoing; 1]>::try_from(messages) {
            Ok([message]) => self.send_one(message).await.map(|id| vec![Ok(id)]),
            Err(messages) => self.send_batch(messages).await,
        };
        outcome.unwrap_or_else(|error| vec![Err(error); count])
    }

    async fn send_one(self, message: Outgoing) -> Result<Option<String>, AwsError> {
        let mut request = self
            .client
            .send_message()
            .queue_url(self.url)
            .message_body(message.body)
            .message_group_id(message.group);
        if let Some(traceparent) = message.traceparent {
            request = request.message_attributes(TRACEPARENT, text_attribute(&traceparent)?);
        }
        Ok(send(SQS, "SendMessage", request.send()).await?.message_id)
    }

    async fn send_batch(
        self,
        messages: Vec<Outgoing>,
    ) -> Result<Vec<Result<Option<String>, AwsError>>, AwsError> {
        const OPERATION: &str = "SendMessageBatch";
        let count = messages.len();
        let entry = |(index, message): (usize, Outgoing)| {
            let mut entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(message.body)
                .message_group_id(message.group);
            if let Some(traceparent) = message.traceparent {
                entry = entry.message_attributes(TRACEPARENT, text_attribute(&traceparent)?);
            }
            entry.build().map_err(|error| AwsError::unusable(SQS, OPERATION, error))
        };
        let entries = messages.into_iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let request = self.client.send_message_batch().queue_url(self.url).set_entries(Some(entries));
        let answer = send(SQS, OPERATION, request.send()).await?;
        let successful = answer.successful.into_iter().map(|entry| (entry.id, Some(entry.message_id)));
        Ok(results(OPERATION, count, successful, answer.failed))
    }

    async fn delete(self, receipts: Vec<String>) -> Vec<Result<(), AwsError>> {
        let count = receipts.len();
        let outcome = match <[String; 1]>::try_from(receipts) {
            Ok([receipt]) => {
                let request = self.client.delete_message().queue_url(self.url).receipt_handle(receipt);
                send(SQS, "DeleteMessage", request.send()).await.map(|_| vec![Ok(())])
            }
            Err(receipts) => self.delete_batch(receipts).await,
        };
        outcome.unwrap_or_else(|error| vec![Err(error); count])
    }

    async fn delete_batch(self, receipts: Vec<String>) -> Result<Vec<Result<(), AwsError>>, AwsError> {
        const OPERATION: &str = "DeleteMessageBatch";
        let count = receipts.len();
        let entry = |(index, receipt): (usize, String)| {
            let entry =
                DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(receipt);
            entry.build().map_err(|error| AwsError::unusable(SQS, OPERATION, error))
        };
        let entries = receipts.into_iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let request = self.client.delete_message_batch().queue_url(self.url).set_entries(Some(entries));
        let answer = send(SQS, OPERATION, request.send()).await?;
        let successful = answer.successful.into_iter().map(|entry| (entry.id, ()));
        Ok(results(OPERATION, count, successful, answer.failed))
    }

    async fn change_visibilities(self, changes: Vec<Visibility>) -> Vec<Result<(), AwsError>> {
        let count = changes.len();
        let outcome = match <[Visibility; 1]>::try_from(changes) {
            Ok([Visibility { receipt, seconds }]) => {
                let request = self.client.change_message_visibility().queue_url(self.url);
                let request = request.receipt_handle(receipt).visibility_timeout(seconds);
                send(SQS, "ChangeMessageVisibility", request.send()).await.map(|_| vec![Ok(())])
            }
            Err(changes) => self.change_visibility_batch(changes).await,
        };
        outcome.unwrap_or_else(|error| vec![Err(error); count])
    }

    async fn change_visibility_batch(
        self,
        changes: Vec<Visibility>,
    ) -> Result<Vec<Result<(), AwsError>>, AwsError> {
        const OPERATION: &str = "ChangeMessageVisibilityBatch";
        let count = changes.len();
        let entry = |(index, Visibility { receipt, seconds }): (usize, Visibility)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt)
                .visibility_timeout(seconds);
            entry.build().map_err(|error| AwsError::unusable(SQS, OPERATION, error))
        };
        let entries = changes.into_iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let request =
            self.client.change_message_visibility_batch().queue_url(self.url).set_entries(Some(entries));
        let answer = send(SQS, OPERATION, request.send()).await?;
        let successful = answer.successful.into_iter().map(|entry| (entry.id, ()));
        Ok(results(OPERATION, count, successful, answer.failed))
    }
}

/// Returns the results of the `count` entries of a request, whose ids are their positions. An entry that the answer
/// does not name has an unknown outcome.
fn results<T>(
    operation: &'static str,
    count: usize,
    successful: impl IntoIterator<Item = (String, T)>,
    failed: Vec<BatchResultErrorEntry>,
) -> Vec<Result<T, AwsError>> {
    let unknown = || Err(AwsError::without_answer(SQS, operation));
    let mut results: Vec<Result<T, AwsError>> = (0..count).map(|_| unknown()).collect();
    let successful = successful.into_iter().map(|(id, value)| (id, Ok(value)));
    let failed = failed.into_iter().map(|entry| {
        let detail = entry.message.unwrap_or_default();
        (entry.id, Err(AwsError::of_entry(SQS, operation, &entry.code, entry.sender_fault, detail)))
    });
    for (id, result) in successful.chain(failed) {
        if let Some(place) = id.parse::<usize>().ok().and_then(|index| results.get_mut(index)) {
            *place = result;
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorClass::{Permanent, Throttled, Transient};

    fn failed(id: &str, code: &str, sender_fault: bool) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder().id(id).code(code).sender_fault(sender_fault).build().unwrap()
    }

    #[test]
    fn each_entry_gets_its_own_result() {
        let successful = [("2".to_owned(), 'a'), ("9".to_owned(), 'x'), ("no number".to_owned(), 'y')];
        let failed = vec![
            failed("0", "InvalidParameterValue", true),
            failed("1", "InternalError", false),
            failed("3", "OverLimit", true),
        ];
        let results = results("SendMessageBatch", 5, successful, failed);
        assert_eq!(results.len(), 5);
        assert_eq!(results[2].as_ref().unwrap(), &'a');
        let class = |index: usize| results[index].as_ref().unwrap_err().class;
        assert_eq!([class(0), class(1), class(3)], [Permanent, Transient, Throttled]);
        let unknown = results[4].as_ref().unwrap_err();
        assert_eq!((unknown.class, unknown.code.as_str()), (Transient, "NoAnswer"));
    }
}
