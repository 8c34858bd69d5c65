//! The queues and their dead-letter queues.

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

/// Visibility timeout, in seconds. The worker's heartbeat extends it.
pub(super) const VISIBILITY_TIMEOUT_SECONDS: u32 = 60;
/// Default wait of a long poll, in seconds; the maximum of SQS.
pub(super) const RECEIVE_WAIT_SECONDS: u32 = 20;
/// Number of receives after which SQS moves a message to the dead-letter queue. This is only a backstop far
/// above the number of attempts, which the table counts.
pub(super) const MAX_RECEIVE_COUNT: u32 = 1000;
/// Retention of messages, in seconds: four days. After a longer outage the sweeper sends the messages again.
pub(super) const RETENTION_SECONDS: u32 = 4 * 24 * 60 * 60;
/// Retention of dead letters, in seconds: fourteen days, the maximum of SQS, to leave time to investigate and
/// redrive.
pub(super) const DLQ_RETENTION_SECONDS: u32 = 14 * 24 * 60 * 60;

/// Creates a queue and its dead-letter queue, and returns their URLs.
pub(super) async fn provision(client: &Client, queue: &str, dlq: &str) -> anyhow::Result<(String, String)> {
    let dlq_url = create(client, dlq).await?;
    set_attributes(
        client,
        &dlq_url,
        [(QueueAttributeName::MessageRetentionPeriod, DLQ_RETENTION_SECONDS.to_string())],
    )
    .await?;
    let dlq_arn = client
        .get_queue_attributes()
        .queue_url(&dlq_url)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await
        .with_context(|| format!("GetQueueAttributes of {dlq_url}"))?
        .attributes
        .and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn))
        .with_context(|| format!("{dlq_url} has no ARN"))?;

    let queue_url = create(client, queue).await?;
    let redrive = serde_json::json!({ "deadLetterTargetArn": dlq_arn, "maxReceiveCount": MAX_RECEIVE_COUNT });
    set_attributes(
        client,
        &queue_url,
        [
            (QueueAttributeName::VisibilityTimeout, VISIBILITY_TIMEOUT_SECONDS.to_string()),
            (QueueAttributeName::ReceiveMessageWaitTimeSeconds, RECEIVE_WAIT_SECONDS.to_string()),
            (QueueAttributeName::MessageRetentionPeriod, RETENTION_SECONDS.to_string()),
            (QueueAttributeName::RedrivePolicy, redrive.to_string()),
        ],
    )
    .await?;
    Ok((queue_url, dlq_url))
}

/// Creates the queue if it does not exist, and returns its URL. CreateQueue without attributes accepts an
/// existing queue whatever its attributes are; the caller sets them afterwards.
async fn create(client: &Client, name: &str) -> anyhow::Result<String> {
    client
        .create_queue()
        .queue_name(name)
        .send()
        .await
        .with_context(|| format!("CreateQueue of {name}"))?
        .queue_url
        .with_context(|| format!("CreateQueue of {name} returned no URL"))
}

async fn set_attributes(
    client: &Client,
    url: &str,
    attributes: impl IntoIterator<Item = (QueueAttributeName, String)>,
) -> anyhow::Result<()> {
    client
        .set_queue_attributes()
        .queue_url(url)
        .set_attributes(Some(attributes.into_iter().collect()))
        .send()
        .await
        .with_context(|| format!("SetQueueAttributes of {url}"))?;
    Ok(())
}
