//! The requests of a queue that several messages share: sends, deletions and changes of visibility. Each joins others
//! of its kind that are made at the same time, up to ten in one request. A request of one message uses the
//! operation for one message. The SDK repeats a request that failed; an entry that SQS refuses in an answer of
//! success is sent again here.

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
    error::{AwsError, ErrorClass},
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

/// Why a call failed.
#[derive(Clone, Debug)]
enum CallError {
    /// The whole request failed, after the retries of the SDK.
    Request(AwsError),
    /// SQS refused the entry.
    Entry(AwsError),
}

/// The result of a call.
type CallResult<T> = Result<T, CallError>;

/// The batchers of a queue, one for each operation.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    sends: Batcher<Outgoing, CallResult<Option<String>>>,
    deletes: Batcher<String, CallResult<()>>,
    visibilities: Batcher<Visibility, CallResult<()>>,
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
        let message = Outgoing::new(message, traceparent);
        answer("SendMessage", self.sends.call(message, is_refused).await)
    }

    /// Sends messages and returns their ids, or the error of each as [`Self::send`] does.
    pub(super) async fn send_all(
        &self,
        messages: &[ReportMessage],
        traceparent: Option<&str>,
    ) -> Vec<Result<Option<String>, AwsError>> {
        let outgoing = |message| Outgoing::new(message, traceparent.map(str::to_owned));
        let sent = self.sends.call_all(messages.iter().map(outgoing), is_refused).await;
        sent.into_iter().map(|sent| answer("SendMessage", sent)).collect()
    }

    /// Deletes a received message.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the message was deleted.
    pub(super) async fn delete(&self, receipt: &str) -> Result<(), AwsError> {
        answer("DeleteMessage", self.deletes.call(receipt.to_owned(), is_refused).await)
    }

    /// Hides a received message for so many `seconds` from the arrival of the request.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the message is hidden.
    pub(super) async fn change_visibility(&self, receipt: &str, seconds: i32) -> Result<(), AwsError> {
        let change = Visibility { receipt: receipt.to_owned(), seconds };
        answer("ChangeMessageVisibility", self.visibilities.call(change, is_refused).await)
    }
}

/// Returns the result of a call, which has none if its request was lost.
fn answer<T>(operation: &'static str, result: Result<CallResult<T>, Lost>) -> Result<T, AwsError> {
    match result {
        Ok(result) => result.map_err(|(CallError::Request(error) | CallError::Entry(error))| error),
        Err(Lost) => Err(AwsError::without_answer(SQS, operation)),
    }
}

/// Returns whether SQS refused the entry, and may accept it later.
fn is_refused<T>(result: &CallResult<T>) -> bool {
    matches!(result, Err(CallError::Entry(error)) if error.class != ErrorClass::Permanent)
}

/// Returns the result of each entry of a request, which all have the error of a request that failed.
fn of_each<T>(outcome: Result<Vec<CallResult<T>>, AwsError>, count: usize) -> Vec<CallResult<T>> {
    let failed = |error: AwsError| (0..count).map(|_| Err(CallError::Request(error.clone()))).collect();
    outcome.unwrap_or_else(failed)
}

/// Where requests go.
#[derive(Clone, Debug)]
struct To {
    client: Client,
    url: String,
}

impl To {
    async fn send(self, messages: Vec<Outgoing>) -> Vec<CallResult<Option<String>>> {
        let count = messages.len();
        let outcome = match <[Outgoing; 1]>::try_from(messages) {
            Ok([message]) => self.send_one(message).await.map(|id| vec![Ok(id)]),
            Err(messages) => self.send_batch(messages).await,
        };
        of_each(outcome, count)
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

    async fn send_batch(self, messages: Vec<Outgoing>) -> Result<Vec<CallResult<Option<String>>>, AwsError> {
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

    async fn delete(self, receipts: Vec<String>) -> Vec<CallResult<()>> {
        let count = receipts.len();
        let outcome = match <[String; 1]>::try_from(receipts) {
            Ok([receipt]) => {
                let request = self.client.delete_message().queue_url(self.url).receipt_handle(receipt);
                send(SQS, "DeleteMessage", request.send()).await.map(|_| vec![Ok(())])
            }
            Err(receipts) => self.delete_batch(receipts).await,
        };
        of_each(outcome, count)
    }

    async fn delete_batch(self, receipts: Vec<String>) -> Result<Vec<CallResult<()>>, AwsError> {
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

    async fn change_visibilities(self, changes: Vec<Visibility>) -> Vec<CallResult<()>> {
        let count = changes.len();
        let outcome = match <[Visibility; 1]>::try_from(changes) {
            Ok([Visibility { receipt, seconds }]) => {
                let request = self.client.change_message_visibility().queue_url(self.url);
                let request = request.receipt_handle(receipt).visibility_timeout(seconds);
                send(SQS, "ChangeMessageVisibility", request.send()).await.map(|_| vec![Ok(())])
            }
            Err(changes) => self.change_visibility_batch(changes).await,
        };
        of_each(outcome, count)
    }

    async fn change_visibility_batch(
        self,
        changes: Vec<Visibility>,
    ) -> Result<Vec<CallResult<()>>, AwsError> {
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
) -> Vec<CallResult<T>> {
    let unknown = || Err(CallError::Entry(AwsError::without_answer(SQS, operation)));
    let mut results: Vec<CallResult<T>> = (0..count).map(|_| unknown()).collect();
    let successful = successful.into_iter().map(|(id, value)| (id, Ok(value)));
    let failed = failed.into_iter().map(|entry| {
        let detail = entry.message.unwrap_or_default();
        let error = AwsError::of_entry(SQS, operation, &entry.code, entry.sender_fault, detail);
        (entry.id, Err(CallError::Entry(error)))
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
        let error = |index: usize| match &results[index] {
            Err(CallError::Entry(error)) => error.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!([0, 1, 3].map(|index| error(index).class), [Permanent, Transient, Throttled]);
        assert_eq!((error(4).class, error(4).code.as_str()), (Transient, "NoAnswer"));
        assert_eq!(
            [0, 1, 2, 3, 4].map(|index| is_refused(&results[index])),
            [false, true, false, true, true]
        );
        let whole: Vec<CallResult<char>> = of_each(Err(error(1)), 2);
        assert!(whole.iter().all(|result| result.is_err() && !is_refused(result)));
    }
}
