//! The partition that a query selects.

use std::collections::HashMap;

use rustack_dynamodb_core::expression::ast::{CompareOp, LogicalOp};
use rustack_dynamodb_core::expression::{Expr, Operand, PathElement, parse_condition};
use rustack_dynamodb_model::AttributeValue;
use rustack_dynamodb_model::input::QueryInput;

use super::indexes::KeyValue;

/// Returns the value that the key condition of `query` requires of the partition key `name`, or `None` if the
/// condition is invalid.
pub(super) fn partition(query: &QueryInput, name: &str) -> Option<KeyValue> {
    let condition = parse_condition(query.key_condition_expression.as_deref()?).ok()?;
    required(&condition, name, query)
}

fn required(condition: &Expr, name: &str, query: &QueryInput) -> Option<KeyValue> {
    match condition {
        Expr::Logical { op: LogicalOp::And, left, right } => {
            required(left, name, query).or_else(|| required(right, name, query))
        }
        Expr::Compare { left, op: CompareOp::Eq, right } => {
            let value = match (&**left, &**right) {
                (Operand::Path(path), Operand::Value(value))
                | (Operand::Value(value), Operand::Path(path)) => {
                    let [PathElement::Attribute(attribute)] = path.elements.as_slice() else { return None };
                    let attribute = query.expression_attribute_names.get(attribute).unwrap_or(attribute);
                    (attribute == name).then_some(value)?
                }
                _ => return None,
            };
            KeyValue::of(value_of(value, &query.expression_attribute_values))
        }
        _ => None,
    }
}

/// Returns the value of the placeholder `name`, with or without its colon.
fn value_of<'a>(name: &str, values: &'a HashMap<String, AttributeValue>) -> Option<&'a AttributeValue> {
    values.get(name).or_else(|| values.get(&format!(":{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(condition: &str) -> QueryInput {
        QueryInput {
            key_condition_expression: Some(condition.to_owned()),
            expression_attribute_names: HashMap::from([("#t".to_owned(), "tenant".to_owned())]),
            expression_attribute_values: HashMap::from([
                (":t".to_owned(), AttributeValue::S("dev".to_owned())),
                (":from".to_owned(), AttributeValue::N("5".to_owned())),
            ]),
            ..QueryInput::default()
        }
    }

    #[test]
    fn the_partition_is_the_value_that_the_condition_requires_of_the_partition_key() {
        for condition in
            ["tenant = :t", "#t = :t", "#t = :t AND created > :from", "created <= :from AND (tenant = :t)"]
        {
            let partition = partition(&query(condition), "tenant").map(|value| value.to_string());
            assert_eq!(partition.as_deref(), Some("dev"), "{condition}");
        }
        assert!(partition(&query("created = :from"), "tenant").is_none());
        assert!(partition(&query("not an expression"), "tenant").is_none());
    }
}
