//! What the tests of the whole system share.
pub(crate) mod aws;
pub(crate) mod binaries;
pub(crate) mod command;
pub(crate) mod converse;

use serde_json::{Value, json};

/// A company of the invented world with nothing against it.
pub(crate) fn clean() -> Value {
    json!({"companyName": "星見川精機株式会社", "corporateNumber": "1010401998301", "country": "JP"})
}

/// A company of the invented world that is sanctioned under another name.
pub(crate) fn sanctioned() -> Value {
    json!({"companyName": "Calder Vane Shipping Ltd", "corporateNumber": "99104372", "country": "GB"})
}

/// `value` with the members of `more` over it.
pub(crate) fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut value, more) {
        members.extend(more);
    }
    value
}

/// The text at `pointer`, which must be there.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer}: {value}"))
}
