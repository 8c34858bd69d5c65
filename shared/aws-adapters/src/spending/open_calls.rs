//! The numbers of a ledger's open calls as attributes of its item: the smallest one, and a bit for each number
//! from there on. A thousand calls take 125 bytes.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use super::sum;
use crate::dynamodb::{Item, number};

/// Number of calls in one byte.
const BITS: u64 = 8;

/// Names of the two attributes.
pub(super) mod attribute {
    pub(crate) const FIRST: &str = "open_from";
    pub(crate) const BITS: &str = "open";
}

/// Encodes `calls` as the values of both attributes. Returns `None` if there is none.
pub(super) fn encode(calls: &BTreeSet<u64>) -> Option<(AttributeValue, AttributeValue)> {
    let (first, last) = (*calls.first()?, *calls.last()?);
    let mut bits = vec![0_u8; usize::try_from((last - first) / BITS + 1).ok()?];
    for call in calls {
        let offset = call - first;
        if let Some(byte) = usize::try_from(offset / BITS).ok().and_then(|index| bits.get_mut(index)) {
            *byte |= 1 << (offset % BITS);
        }
    }
    Some((number(first), AttributeValue::B(Blob::new(bits))))
}

/// Decodes the calls of `item`, which are none if it lacks the attributes.
pub(super) fn decode(item: &Item) -> BTreeSet<u64> {
    let bits = item.get(attribute::BITS).and_then(|value| value.as_b().ok());
    let (first, bits) = (sum(item, attribute::FIRST), bits.map_or(&[][..], |bits| bits.as_ref()));
    let calls = (first..).step_by(8).zip(bits).flat_map(|(first, byte)| {
        (0..BITS).filter(move |bit| byte & (1_u8 << bit) != 0).map(move |bit| first + bit)
    });
    calls.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(calls: &BTreeSet<u64>) -> Item {
        let Some((first, bits)) = encode(calls) else { return Item::new() };
        Item::from([(attribute::FIRST.to_owned(), first), (attribute::BITS.to_owned(), bits)])
    }

    #[test]
    fn open_calls_are_stored_as_bits() {
        let wide: Vec<u64> = (0..1_000).map(|call| 70_000 + call * 3).collect();
        for calls in [&[][..], &[0], &[7], &[8, 9], &[5, 12, 13, 300], &wide] {
            let calls: BTreeSet<u64> = calls.iter().copied().collect();
            assert_eq!(decode(&stored(&calls)), calls);
        }
        let thousand: BTreeSet<u64> = (40_000..41_000).collect();
        let item = stored(&thousand);
        assert_eq!(item[attribute::BITS].as_b().unwrap().as_ref().len(), 125);
    }
}
