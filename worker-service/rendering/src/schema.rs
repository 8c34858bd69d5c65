//! The JSON Schema of the JSON artifact, derived from the Rust types and published as
//! `docs/report.schema.json`.

use domain::document::Document;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

/// Returns the schema of the JSON artifact (JSON Schema 2020-12).
pub fn schema() -> Value {
    let mut components = Vec::new();
    Document::schemas(&mut components);
    let definitions: serde_json::Map<String, Value> =
        components.into_iter().map(|(name, component)| (name, json!(component))).collect();
    let mut schema = json!(Document::schema());
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A risk report by Dossier");
    schema["$defs"] = Value::Object(definitions);
    relocate_references(&mut schema);
    schema
}

/// Changes references to the components of an OpenAPI document into references to the schema's own
/// definitions.
fn relocate_references(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                *reference = reference.replace("#/components/schemas/", "#/$defs/");
            }
            members.values_mut().for_each(relocate_references);
        }
        Value::Array(items) => items.iter_mut().for_each(relocate_references),
        _ => {}
    }
}
