//! Recorded data of another version: table items, messages and objects, which are put into a stack as they
//! are.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::MessageAttributeValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use local_stack::TestStack;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(crate) struct Recorded {
    pub(crate) version: String,
    /// Report ids by the state in which the report was recorded.
    pub(crate) reports: BTreeMap<String, String>,
    pub(crate) messages: BTreeMap<String, Message>,
    pub(crate) items: BTreeMap<String, Item>,
    pub(crate) others: Vec<Item>,
    /// Items of the access table. Until version 0.2 they are among the others.
    #[serde(default)]
    pub(crate) access: Vec<Item>,
    pub(crate) objects: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// An item in DynamoDB's JSON.
pub(crate) type Item = BTreeMap<String, Value>;

/// Reads the recordings in a folder of `tests`.
pub(crate) fn recordings(folder: &str) -> Result<Vec<Recorded>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry?.path();
        serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())
    };
    fs::read_dir(folder)?.map(read).collect()
}

/// Converts a value in DynamoDB's JSON.
pub(crate) fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) =
        value.as_object().and_then(|members| members.iter().next()).expect("an attribute has one type");
    let text = || value.as_str().expect(kind).to_owned();
    let list = || value.as_array().expect(kind).iter();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "BOOL" => AttributeValue::Bool(value.as_bool().expect(kind)),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(list().map(attribute).collect()),
        "SS" => AttributeValue::Ss(list().map(|one| one.as_str().expect(kind).to_owned()).collect()),
        "M" => {
            let members = value.as_object().expect(kind).iter();
            AttributeValue::M(members.map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
        other => panic!("unknown attribute type: {other}"),
    }
}

impl Recorded {
    /// Puts items and objects into the stack, but sends no message. Everything is as recorded except the times
    /// of submission and expiry, and the date of evidence.
    pub(crate) async fn restore(&self, stack: &TestStack) -> Result<()> {
        let names = stack.infrastructure().names();
        let of_reports = self.items.values().chain(&self.others).map(|item| (&names.table, item));
        for (table, item) in of_reports.chain(self.access.iter().map(|item| (&names.access_table, item))) {
            put(stack, table, item).await?;
        }
        for (key, body) in &self.objects {
            let put = stack.clients().s3.put_object().bucket(&stack.infrastructure().names().bucket).key(key);
            put.body(ByteStream::from(recent(key, STANDARD.decode(body)?)?)).send().await?;
        }
        Ok(())
    }
}

/// Returns a recorded object. Recorded evidence is dated now, because evidence is used for a day only.
fn recent(key: &str, body: Vec<u8>) -> Result<Vec<u8>> {
    if !key.ends_with("/evidence.json") {
        return Ok(body);
    }
    let mut snapshot: Value = serde_json::from_slice(&body)?;
    let now = json!(service_runtime::clock::now());
    for piece in snapshot["evidence"].as_array_mut().into_iter().flatten() {
        piece["retrievedAt"] = now.clone();
    }
    if snapshot.get("storedAt").is_some() {
        snapshot["storedAt"] = now;
    }
    Ok(serde_json::to_vec(&snapshot)?)
}

async fn put(stack: &TestStack, table: &str, item: &Item) -> Result<()> {
    let now = service_runtime::clock::now();
    let tomorrow = AttributeValue::N(now.epoch_seconds().saturating_add(86_400).to_string());
    let is_open = item.contains_key("due_at");
    let attributes = item.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "expires_at" => tomorrow.clone(),
            // An open report is worked on before its deadline.
            "created_at" if is_open => AttributeValue::S(now.to_string()),
            "created_key" if is_open => {
                let id = value["S"].as_str().and_then(|key| key.split_once('#')).map_or("", |(_, id)| id);
                AttributeValue::S(format!("{now}#{id}"))
            }
            _ => attribute(value),
        };
        (name.clone(), value)
    });
    let request = stack.clients().dynamodb.put_item().table_name(table);
    request.set_item(Some(attributes.collect())).send().await?;
    Ok(())
}

/// Sends `message` to the queue at `url`.
pub(crate) async fn send(stack: &TestStack, url: &str, message: &Message) -> Result<()> {
    let mut request = stack.clients().sqs.send_message().queue_url(url).message_body(&message.body);
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
        request = request.message_attributes(name, value);
    }
    request.send().await?;
    Ok(())
}
