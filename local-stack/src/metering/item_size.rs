//! Sizes of DynamoDB items as AWS computes them ("DynamoDB item sizes and formats", Amazon DynamoDB Developer
//! Guide, read on 2026-11-28).

use std::collections::HashMap;

use rustack_dynamodb_model::AttributeValue;

/// An item: attributes by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Overhead of a list or map, in bytes.
const CONTAINER_BYTES: u64 = 3;
/// Overhead of each element of a list or map, in bytes.
const ELEMENT_BYTES: u64 = 1;

/// Returns the size of `item` in bytes: the names and the values of its attributes. The 100 bytes that
/// DynamoDB adds for storage do not count towards request units.
pub(crate) fn item_bytes(item: &Item) -> u64 {
    item.iter().map(|(name, value)| attribute_bytes(name, value)).sum()
}

/// Returns the size of one attribute in bytes.
pub(crate) fn attribute_bytes(name: &str, value: &AttributeValue) -> u64 {
    length(name) + value_bytes(value)
}

fn value_bytes(value: &AttributeValue) -> u64 {
    match value {
        AttributeValue::S(text) => length(text),
        AttributeValue::N(number) => number_bytes(number),
        AttributeValue::B(bytes) => count(bytes.len()),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(texts) => texts.iter().map(|text| length(text)).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_bytes(number)).sum(),
        AttributeValue::Bs(values) => values.iter().map(|bytes| count(bytes.len())).sum(),
        AttributeValue::L(values) => {
            let elements = values.iter().map(|value| ELEMENT_BYTES + value_bytes(value));
            CONTAINER_BYTES + elements.sum::<u64>()
        }
        AttributeValue::M(values) => {
            let elements = values.iter().map(|(name, value)| ELEMENT_BYTES + attribute_bytes(name, value));
            CONTAINER_BYTES + elements.sum::<u64>()
        }
    }
}

/// Returns the size of a number: one byte for every two significant digits, and one byte. Leading and trailing
/// zeros are not significant.
fn number_bytes(number: &str) -> u64 {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    length(digits.trim_matches('0')).div_ceil(2) + 1
}

fn length(text: &str) -> u64 {
    count(text.len())
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn n(number: &str) -> AttributeValue {
        AttributeValue::N(number.to_owned())
    }

    #[test]
    fn each_type_has_its_documented_size() {
        let list = AttributeValue::L(vec![s("ab"), n("1")]);
        let map = AttributeValue::M(Item::from([("key".to_owned(), s("ab"))]));
        for (value, expected) in [
            (s("hello"), 5),
            // Three characters of three UTF-8 bytes each.
            (s("星見川"), 9),
            (AttributeValue::B(vec![0; 7].into()), 7),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::Null(true), 1),
            (AttributeValue::L(Vec::new()), 3),
            (AttributeValue::M(Item::new()), 3),
            // 3 + (1 + 2) + (1 + 2)
            (list, 9),
            // 3 + 1 + 3 + 2
            (map, 9),
            (AttributeValue::Ss(vec!["a".to_owned(), "bcd".to_owned()]), 4),
            (AttributeValue::Ns(vec!["1".to_owned(), "1234".to_owned()]), 5),
        ] {
            assert_eq!(attribute_bytes("attr", &value), 4 + expected, "{value:?}");
        }
    }

    #[test]
    fn the_zeros_around_a_number_take_no_space() {
        for (number, expected) in
            [("0", 1), ("7", 2), ("-7", 2), ("12", 2), ("123", 3), ("1234", 3), ("1000000", 2), ("0.0015", 2)]
        {
            assert_eq!(number_bytes(number), expected, "{number}");
        }
        // Seven significant digits: 1764336.
        assert_eq!(number_bytes("1764336000000"), 5);
    }

    #[test]
    fn an_item_is_the_sum_of_its_names_and_values() {
        // (2 + 3) + (6 + 7) + (7 + 2)
        let item = Item::from([
            ("pk".to_owned(), s("abc")),
            ("status".to_owned(), s("PENDING")),
            ("attempt".to_owned(), n("1")),
        ]);
        assert_eq!(item_bytes(&item), 27);
    }
}
