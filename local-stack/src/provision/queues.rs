//! The queues and their dead-letter queues.

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

/// A message that was received is hidden this long; the worker's heartbeat renews it. Seconds.
pub(super) const VISIBILITY_TIMEOUT_SECONDS: u32 = 60;
/// Long polling by default, the longest that SQS knows. Seconds.
pub(super) const RECEIVE_WAIT_SECONDS: u32 = 20;
/// A backstop above the attempts counted in the table.
pub(super) const MAX_RECEIVE_COUNT: u32 = 1000;
/// Four days: a longer outage is repaired by the sweeper, which sends again. Seconds.
pub(super) const RETENTION_SECONDS: u32 = 4 * 24 * 60 * 60;
/// Fourteen days, the longest that SQS knows: time to look and redrive. Seconds.
pub(super) const DLQ_RETENTION_SECONDS: u32 = 14 * 24 * 60 * 60;

/// Makes a queue and its dead-letter queue: their URLs.
pub(super) async fn provision(client: &Client, queue: &str, dlq: &str) -> anyhow::Result<(String, String)> {
    let dlq_url = create(client, dlq).await?;
    set(client, &dlq_url, [(QueueAttributeName::MessageRetentionPeriod, DLQ_RETENTION_SECONDS.to_string())])
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
    set(
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

/// Without attributes CreateQueue gives back a queue that exists, whatever its settings; they are set afterwards.
async fn create(client: &Client, name: &str) -> anyhow::Result<String> {
    client
        .create_queue()
        .queue_name(name)
        .send()
        .await
        .with_context(|| format!("CreateQueue of {name}"))?
        .queue_url
        .with_context(|| format!("CreateQueue of {name} gave no URL"))
}

async fn set(
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
