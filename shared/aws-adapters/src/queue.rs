//! The queue of reports to work on.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    types::{
        Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
        SendMessageBatchRequestEntry,
    },
};
use futures::{StreamExt, stream};
use tracing::{Instrument, Span, field::Empty, info_span};

use super::{SdkConfig, error::AwsError, request::send};
use domain::{message::ReportMessage, time::UtcTime};
use telemetry::propagation::TRACEPARENT;
use telemetry::propagation::{continue_trace, current_traceparent};

const SQS: &str = "SQS";

/// The message attribute that holds why a message was put into the dead-letter queue.
const REASON: &str = "dossier.reason";

/// The most messages that one receive can bring: "Amazon SQS message quotas".
pub const RECEIVE_MAX: usize = 10;

/// The most messages that one request can send: "Amazon SQS message quotas".
const SEND_MAX: usize = 10;

/// Requests of one batch that are under way together.
const BATCHES_AT_A_TIME: usize = 8;

/// The queue of report messages.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// How many messages a queue holds, as SQS counts them: approximately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting to be received.
    pub visible: u64,
    /// Received, and neither deleted nor given back.
    pub in_flight: u64,
    /// Sent, and not to be received yet.
    pub delayed: u64,
}

/// A message that was received and is hidden from others until its visibility runs out.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message's id, as SQS gave it when it was sent.
    pub message_id: Option<String>,
    /// The body as it was sent.
    pub body: String,
    /// The handle by which this delivery is deleted or kept hidden.
    pub receipt: String,
    /// How often the message was received, this time included.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Option<UtcTime>,
    /// The W3C Trace Context of who sent it.
    pub traceparent: Option<String>,
    /// Why it was given up, in the dead-letter queue; none where SQS itself moved it there.
    pub reason: Option<String>,
}

impl Queue {
    /// The queue at `url`.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Its name: the last part of its URL.
    pub fn name(&self) -> &str {
        self.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// A span for sending so many messages to it, OpenTelemetry's "Semantic conventions for messaging spans": the span of a single message is
    /// the context that travels with it, that of a batch is not.
    fn sending(&self, messages: usize) -> Span {
        info_span!(
            "send",
            otel.name = format_args!("send {}", self.name()),
            otel.kind = if messages == 1 { "producer" } else { "client" },
            otel.status_code = Empty,
            error.type = Empty,
            messaging.system = "aws_sqs",
            messaging.operation.type = "send",
            messaging.operation.name = "send",
            messaging.destination.name = self.name(),
            messaging.message.id = Empty,
            messaging.batch.message_count = (messages > 1).then_some(count(messages)),
        )
    }

    /// The queue at `url`, reached as `sdk` says.
    pub fn at(sdk: &SdkConfig, url: String) -> Self {
        Self::new(Client::new(sdk), url)
    }

    /// How many messages the queue holds: a read, which also tells that the queue answers.
    ///
    /// # Errors
    /// [`AwsError`] when it does not.
    pub async fn depth(&self) -> Result<Depth, AwsError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let request = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .set_attribute_names(Some(vec![Visible, InFlight, Delayed]));
        let answer = send(SQS, "GetQueueAttributes", request.send()).await?;
        let count = |name| {
            let text = answer.attributes.as_ref().and_then(|all| all.get(&name));
            text.and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        Ok(Depth { visible: count(Visible), in_flight: count(InFlight), delayed: count(Delayed) })
    }

    /// Sends `body` as it is, with the `reason` why it was given up and the trace it belongs to.
    ///
    /// # Errors
    /// [`AwsError`] when SQS did not take it, or its answer was lost.
    pub async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), AwsError> {
        let mut request = self
            .client
            .send_message()
            .queue_url(&self.url)
            // SQS takes no empty body.
            .message_body(if delivery.body.is_empty() { " " } else { &delivery.body })
            .message_group_id("unreadable")
            .message_attributes(REASON, text_attribute(reason)?);
        if let Some(traceparent) = &delivery.traceparent {
            request = request.message_attributes(TRACEPARENT, text_attribute(traceparent)?);
        }
        send(SQS, "SendMessage", request.send()).await.map(|_| ())
    }

    /// Sends `message`; tenants share the queue fairly by its message group.
    ///
    /// # Errors
    /// [`AwsError`] when SQS did not take it, or its answer was lost.
    pub async fn send(&self, message: &ReportMessage, traceparent: Option<String>) -> Result<(), AwsError> {
        let span = self.sending(1);
        continue_trace(&span, traceparent.as_deref());
        let traceparent = span.in_scope(current_traceparent).or(traceparent);
        let mut request = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(message.to_body())
            .message_group_id(message.tenant.as_str());
        if let Some(traceparent) = traceparent {
            let value =
                MessageAttributeValue::builder().data_type("String").string_value(traceparent).build();
            let value = value.map_err(|error| AwsError::unusable(SQS, "SendMessage", error))?;
            request = request.message_attributes(TRACEPARENT, value);
        }
        let sent = send(SQS, "SendMessage", request.send()).instrument(span.clone()).await;
        let sent = sent.inspect_err(|error| failed(&span, error))?;
        span.record("messaging.message.id", sent.message_id);
        Ok(())
    }

    /// Sends `messages`, ten with each request, and gives those that SQS did not take.
    pub async fn send_all(
        &self,
        messages: Vec<ReportMessage>,
        traceparent: Option<&str>,
    ) -> Vec<ReportMessage> {
        let batches: Vec<_> =
            messages.chunks(SEND_MAX).map(|batch| self.send_or_give_back(batch, traceparent)).collect();
        stream::iter(batches).buffer_unordered(BATCHES_AT_A_TIME).concat().await
    }

    async fn send_or_give_back(
        &self,
        batch: &[ReportMessage],
        traceparent: Option<&str>,
    ) -> Vec<ReportMessage> {
        self.send_batch(batch, traceparent).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, messages = batch.len(), "messages were not sent");
            batch.to_vec()
        })
    }

    async fn send_batch(
        &self,
        messages: &[ReportMessage],
        traceparent: Option<&str>,
    ) -> Result<Vec<ReportMessage>, AwsError> {
        const OPERATION: &str = "SendMessageBatch";
        let entry = |(index, message): (usize, &ReportMessage)| {
            let mut entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(message.to_body())
                .message_group_id(message.tenant.as_str());
            if let Some(traceparent) = traceparent {
                entry = entry.message_attributes(TRACEPARENT, text_attribute(traceparent)?);
            }
            entry.build().map_err(|error| AwsError::unusable(SQS, OPERATION, error))
        };
        let entries = messages.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let span = self.sending(messages.len());
        let answer = send(SQS, OPERATION, request.send()).instrument(span.clone()).await;
        let answer = answer.inspect_err(|error| failed(&span, error))?;
        let refused = answer.failed.iter().filter_map(|failed| failed.id.parse::<usize>().ok());
        Ok(refused.filter_map(|index| messages.get(index).cloned()).collect())
    }

    /// Waits up to `wait` for messages, `most` (10 at most) of them, each hidden for `visibility`.
    ///
    /// # Errors
    /// [`AwsError`] when SQS did not answer.
    pub async fn receive(
        &self,
        most: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, AwsError> {
        // A long poll is slow by design; the other time-outs still hold.
        let patience = TimeoutConfig::builder()
            .operation_attempt_timeout(wait + Duration::from_secs(5))
            .operation_timeout(wait * 2 + Duration::from_secs(10))
            .build();
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(most.min(RECEIVE_MAX)).unwrap_or(1))
            .wait_time_seconds(whole_seconds(wait))
            .visibility_timeout(whole_seconds(visibility))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_attribute_names(TRACEPARENT)
            .message_attribute_names(REASON)
            .customize()
            // The consumer asks again by itself.
            .config_override(
                aws_sdk_sqs::config::Builder::new()
                    .timeout_config(patience)
                    .retry_config(RetryConfig::disabled()),
            );
        let answer = send(SQS, "ReceiveMessage", request.send()).await?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(delivery).collect())
    }

    /// Deletes a delivered message for good.
    ///
    /// # Errors
    /// [`AwsError`]: the message will come again.
    pub async fn delete(&self, receipt: &str) -> Result<(), AwsError> {
        let request = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt);
        send(SQS, "DeleteMessage", request.send()).await.map(|_| ())
    }

    /// Keeps a delivered message hidden for `visibility` from now (12 hours at most); zero gives it
    /// back at once.
    ///
    /// # Errors
    /// [`AwsError`]: the message may come again earlier.
    pub async fn change_visibility(&self, receipt: &str, visibility: Duration) -> Result<(), AwsError> {
        let request = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(whole_seconds(visibility.min(Duration::from_secs(12 * 3600))));
        send(SQS, "ChangeMessageVisibility", request.send()).await.map(|_| ())
    }
}

/// As attributes of spans hold numbers.
fn count(messages: usize) -> i64 {
    i64::try_from(messages).unwrap_or(i64::MAX)
}

fn failed(span: &Span, error: &AwsError) {
    span.record("error.type", error.code.as_str());
    span.record("otel.status_code", "ERROR");
}

fn text_attribute(text: &str) -> Result<MessageAttributeValue, AwsError> {
    let value = MessageAttributeValue::builder().data_type("String").string_value(text).build();
    value.map_err(|error| AwsError::unusable(SQS, "SendMessage", error))
}

/// SQS counts in whole seconds; part of one is rounded up, so that nothing comes too early.
fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

fn delivery(message: Message) -> Option<Delivery> {
    let system = |name| message.attributes.as_ref().and_then(|all| all.get(&name));
    let number = |name| system(name).and_then(|text| text.parse::<i64>().ok());
    let receive_count = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let sent_at = number(MessageSystemAttributeName::SentTimestamp).map(UtcTime::from_epoch_millis);
    let text = |name| {
        let value = message.message_attributes.as_ref().and_then(|all| all.get(name));
        value.and_then(|value| value.string_value.clone())
    };
    Some(Delivery {
        message_id: message.message_id.clone(),
        receive_count: receive_count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
        sent_at,
        traceparent: text(TRACEPARENT),
        reason: text(REASON),
        body: message.body.unwrap_or_default(),
        // Without a handle nothing could be done with it; SQS always gives one.
        receipt: message.receipt_handle?,
    })
}
