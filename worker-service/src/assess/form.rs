//! The forms of answers: the JSON Schema that an answer must follow, with the name and the purpose that the
//! model reads.

use domain::artifact::sha256_hex;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The form of an answer.
#[derive(Debug)]
pub(crate) struct AnswerForm {
    /// Name of the schema, and of the tool that carries the answer.
    pub(super) name: &'static str,
    /// Purpose of the schema and of the tool.
    pub(super) purpose: &'static str,
    /// The JSON Schema.
    pub(super) schema: Value,
    /// The JSON Schema as text, with its members in alphabetical order. The same schema always has the same
    /// text, so that the prompt cache and Bedrock's cache of compiled grammars recognise it.
    pub(super) text: String,
    /// The name with the beginning of the SHA-256 of the schema: another schema has another version.
    pub(super) version: String,
}

impl AnswerForm {
    /// Returns the form whose schema is generated from `T`. The schema contains no references, because not
    /// every model follows them.
    pub(super) fn of<T: JsonSchema>(name: &'static str, purpose: &'static str) -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
        schema.sort_all_objects();
        let text = schema.to_string();
        let version = format!("{name}#{}", &sha256_hex(text.as_bytes())[..16]);
        Self { name, purpose, schema, text, version }
    }
}
