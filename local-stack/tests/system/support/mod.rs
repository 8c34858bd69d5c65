//! Helpers of the system tests.
pub(crate) mod aws;
pub(crate) mod command;
pub(crate) mod converse;
pub(crate) mod raw_http;
pub(crate) mod recorded;
pub(crate) mod region;
pub(crate) mod service_process;
pub(crate) mod table;

use serde_json::{Value, json};

/// Returns a request for a company of the invented world without adverse evidence.
pub(crate) fn clean_company() -> Value {
    json!({"companyName": "星見川精機株式会社", "corporateNumber": "1010401998301", "country": "JP"})
}

/// Returns a request for a company of the invented world that is sanctioned under another name.
pub(crate) fn sanctioned_company() -> Value {
    json!({"companyName": "Calder Vane Shipping Ltd", "corporateNumber": "99104372", "country": "GB"})
}

/// Returns `value` with the fields of `more`, which replace existing ones.
pub(crate) fn with_fields(mut value: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut value, more) {
        members.extend(more);
    }
    value
}

/// Returns the string at `pointer`; panics if there is none.
pub(crate) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer}: {value}"))
}
