//! Converts between JSON values and the document type of the AWS SDKs, which offer no conversion, and puts
//! the members of a request into a fixed order.

use std::collections::HashMap;

use aws_smithy_types::{Document, Number};
use serde_json::Value;

/// Converts a JSON value to a document.
pub(super) fn to_document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(to_document).collect()),
        Value::Object(members) => {
            Document::Object(members.iter().map(|(name, value)| (name.clone(), to_document(value))).collect())
        }
    }
}

/// Converts a document to a JSON value.
pub(super) fn to_value(document: Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(value) => Value::Bool(value),
        Document::Number(Number::PosInt(number)) => Value::from(number),
        Document::Number(Number::NegInt(number)) => Value::from(number),
        Document::Number(Number::Float(number)) => Value::from(number),
        Document::String(text) => Value::String(text),
        Document::Array(items) => Value::Array(items.into_iter().map(to_value).collect()),
        Document::Object(members) => {
            let members: HashMap<String, Document> = members;
            Value::Object(members.into_iter().map(|(name, value)| (name, to_value(value))).collect())
        }
    }
}

/// Returns `body`, a JSON text, with the members of every object in alphabetical order. Returns `None` if it is
/// not JSON. The SDK's documents are hash maps, so the members of a tool's schema have another order in each
/// request, and a prompt cache, which compares prefixes, would never recognise them.
pub(super) fn sorted(body: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    value.sort_all_objects();
    serde_json::to_vec(&value).ok()
}
