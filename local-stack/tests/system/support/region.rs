//! What the copies in another Region do: tables at a moment, and the objects of a bucket. And a receiver of webhooks
//! outside all Regions.
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use local_stack::provision::AwsClients;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

type Item = HashMap<String, AttributeValue>;

/// Attributes with the times, in milliseconds since 1970, until which something waits.
const WAITS: [&str; 3] = ["due_at", "lease_expires_at", "not_before"];

/// A table at one moment, as a backup holds it.
pub(crate) struct TableCopy(Vec<Item>);

impl TableCopy {
    pub(crate) async fn of(clients: &AwsClients, table: &str) -> Result<Self> {
        let scan = clients.dynamodb.scan().table_name(table).consistent_read(true);
        let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
        Ok(Self(items))
    }

    /// Writes the items to `table`, which exists with its indexes, as if `elapsed` had passed since the copy.
    pub(crate) async fn restore(&self, clients: &AwsClients, table: &str, elapsed: Duration) -> Result<()> {
        for item in &self.0 {
            let mut item = item.clone();
            for name in WAITS {
                if let Some(AttributeValue::N(millis)) = item.get_mut(name) {
                    *millis = (millis.parse::<i64>()? - i64::try_from(elapsed.as_millis())?).to_string();
                }
            }
            clients.dynamodb.put_item().table_name(table).set_item(Some(item)).send().await?;
        }
        Ok(())
    }
}

/// Copies the objects whose keys `is_copied` selects from one bucket to another. Returns their number.
pub(crate) async fn copy_objects(
    (from, bucket): (&AwsClients, &str),
    (to, other): (&AwsClients, &str),
    is_copied: impl Fn(&str) -> bool,
) -> Result<usize> {
    let mut copied = 0;
    let mut pages = from.s3.list_objects_v2().bucket(bucket).into_paginator().send();
    while let Some(page) = pages.next().await {
        for key in page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
            if !is_copied(&key) {
                continue;
            }
            let object = from.s3.get_object().bucket(bucket).key(&key).send().await?;
            let bytes = object.body.collect().await?.into_bytes();
            to.s3.put_object().bucket(other).key(&key).body(ByteStream::from(bytes)).send().await?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// A webhook that the receiver accepted.
#[derive(Clone)]
pub(crate) struct Accepted {
    case: usize,
    pub(crate) id: String,
    /// Whether its signature was valid on arrival. A signature is valid for minutes only.
    pub(crate) is_signed: bool,
}

/// A receiver of webhooks outside both Regions, with a path for each case.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) secret: Arc<OnceLock<Webhook>>,
    accepted: Arc<Mutex<Vec<Accepted>>>,
    pub(crate) refuses: Arc<Mutex<BTreeSet<usize>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Result<(Self, String)> {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().route("/{case}", post(Self::take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((receiver, url))
    }

    async fn take(
        State(receiver): State<Self>,
        Path(case): Path<usize>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        if receiver.refuses.lock().unwrap().contains(&case) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let is_signed = receiver.secret.get().is_some_and(|secret| secret.verify(&body, &headers).is_ok());
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        receiver.accepted.lock().unwrap().push(Accepted { case, id, is_signed });
        StatusCode::OK
    }

    pub(crate) fn accepted(&self, case: usize) -> Vec<Accepted> {
        let accepted = self.accepted.lock().unwrap();
        accepted.iter().filter(|accepted| accepted.case == case).cloned().collect()
    }
}
