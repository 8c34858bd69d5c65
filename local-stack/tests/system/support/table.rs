//! Items of the provisioned table, for tests of units and limits.

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::aws::ProvisionedAws;

/// Number of bytes of an item of [`put`] besides its filler: `pk`, `filler`, and a key of one character.
const OTHER_BYTES: usize = 2 + 1 + 6;

/// Returns a string attribute.
pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Returns a number attribute.
pub(crate) fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Returns a put of an item of `bytes`, whose key has one character. No index contains it.
pub(crate) fn put(stack: &ProvisionedAws, pk: char, bytes: usize) -> PutItemFluentBuilder {
    let filler = Blob::new(vec![0; bytes - OTHER_BYTES]);
    stack
        .clients
        .dynamodb
        .put_item()
        .table_name(&stack.names.table)
        .item("pk", s(&pk.to_string()))
        .item("filler", AttributeValue::B(filler))
}

/// Returns a put of the same size whose attributes are all in the index `by_age`, plus the keys of this index, which
/// add 27 bytes and the name of the tenant.
pub(crate) fn put_of_tenant(
    stack: &ProvisionedAws,
    tenant: &str,
    pk: char,
    bytes: usize,
) -> PutItemFluentBuilder {
    let filler = Blob::new(vec![0; bytes - OTHER_BYTES - ("name_key".len() - "filler".len())]);
    stack
        .clients
        .dynamodb
        .put_item()
        .table_name(&stack.names.table)
        .item("pk", s(&pk.to_string()))
        .item("name_key", AttributeValue::B(filler))
        .item("tenant", s(tenant))
        .item("created_key", s("2026-01-05"))
}
