//! The JSON Schema of the JSON artifact, from the Rust types: published as `docs/report.schema.json`.

use domain::document::Document;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

/// The schema (JSON Schema 2020-12).
pub fn schema() -> Value {
    let mut parts = Vec::new();
    Document::schemas(&mut parts);
    let definitions: serde_json::Map<String, Value> =
        parts.into_iter().map(|(name, part)| (name, json!(part))).collect();
    let mut schema = json!(Document::schema());
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A risk report by Dossier");
    schema["$defs"] = Value::Object(definitions);
    relocate(&mut schema);
    schema
}

/// References are to the components of an OpenAPI document; here they are to the schema's own definitions.
fn relocate(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                *reference = reference.replace("#/components/schemas/", "#/$defs/");
            }
            members.values_mut().for_each(relocate);
        }
        Value::Array(items) => items.iter_mut().for_each(relocate),
        _ => {}
    }
}
