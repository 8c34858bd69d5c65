//! Sorted positions by key in as few bytes as possible: each position is stored as its distance from the one before.

/// The positions of one key.
#[derive(Debug, Default)]
struct List {
    /// The distances, in groups of seven bits, the lowest first (LEB128).
    bytes: Vec<u8>,
    count: u32,
    last: u32,
}

/// Positions by keys that are small numbers.
#[derive(Debug, Default)]
pub(super) struct CompressedPostings {
    lists: Vec<List>,
}

impl CompressedPostings {
    /// Makes empty postings for keys below `keys`.
    pub(super) fn new(keys: usize) -> Self {
        Self { lists: std::iter::repeat_with(List::default).take(keys).collect() }
    }

    /// Adds a position to those of a key. It must not be lower than those that the key has.
    pub(super) fn push(&mut self, key: u32, position: u32) {
        let list = &mut self.lists[key as usize];
        let mut distance = position.wrapping_sub(list.last);
        while distance >= 0x80 {
            list.bytes.push(low_byte(distance) | 0x80);
            distance >>= 7;
        }
        list.bytes.push(low_byte(distance));
        list.last = position;
        list.count += 1;
    }

    /// Frees the memory that is reserved for further positions.
    pub(super) fn shrink(&mut self) {
        self.lists.iter_mut().for_each(|list| list.bytes.shrink_to_fit());
    }

    /// Returns the number of positions of a key.
    pub(super) fn count(&self, key: u32) -> usize {
        self.lists.get(key as usize).map_or(0, |list| list.count as usize)
    }

    /// Calls `visit` with each position of a key, in ascending order.
    pub(super) fn for_each(&self, key: u32, mut visit: impl FnMut(u32)) {
        let Some(list) = self.lists.get(key as usize) else { return };
        let (mut position, mut distance, mut shift) = (0_u32, 0_u32, 0);
        for byte in &list.bytes {
            distance |= u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                position = position.wrapping_add(distance);
                visit(position);
                (distance, shift) = (0, 0);
            }
        }
    }
}

fn low_byte(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_in_order() {
        let mut postings = CompressedPostings::new(3);
        let positions = [0, 1, 127, 128, 300, 300_000, u32::MAX];
        for position in positions {
            postings.push(2, position);
        }
        postings.shrink();
        let mut found = Vec::new();
        postings.for_each(2, |position| found.push(position));
        assert_eq!((found.as_slice(), postings.count(2)), (positions.as_slice(), positions.len()));
        assert_eq!((postings.count(0), postings.count(9)), (0, 0));
    }
}
