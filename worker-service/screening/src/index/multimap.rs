//! Maps from keys to sorted positions, in a few allocations however many keys there are.

/// Positions by the hash of a key. Positions of keys with one hash are returned together: the caller compares.
#[derive(Debug, Default)]
pub(crate) struct HashMultimap {
    /// Pairs of a hash and a position, sorted.
    entries: Vec<(u32, u32)>,
}

impl HashMultimap {
    /// Builds a map of pairs of a hash and a position.
    pub(crate) fn new(mut entries: Vec<(u32, u32)>) -> Self {
        entries.sort_unstable();
        entries.dedup();
        entries.shrink_to_fit();
        Self { entries }
    }

    /// Returns the positions of `hash`, in ascending order.
    pub(crate) fn get(&self, hash: u32) -> impl Iterator<Item = u32> {
        let start = self.entries.partition_point(|(other, _)| *other < hash);
        self.entries[start..]
            .iter()
            .take_while(move |(other, _)| *other == hash)
            .map(|(_, position)| *position)
    }
}

/// Positions by keys that are small numbers: the positions of key `k` are `values[starts[k]..starts[k + 1]]`.
#[derive(Debug, Default)]
pub(super) struct Postings {
    starts: Vec<u32>,
    values: Vec<u32>,
}

impl Postings {
    /// Builds postings for keys below `keys`. `visit` calls its argument with each pair of a key and a position,
    /// positions ascending, and does the same whenever it is called.
    pub(super) fn new(keys: usize, visit: impl Fn(&mut dyn FnMut(u32, u32))) -> Self {
        let mut starts = vec![0_u32; keys + 2];
        visit(&mut |key, _| starts[key as usize + 2] += 1);
        for at in 2..starts.len() {
            starts[at] += starts[at - 1];
        }
        // During the second visit, `starts[key + 1]` is where the next position of `key` goes.
        let mut values = vec![0_u32; starts.last().map_or(0, |total| *total as usize)];
        visit(&mut |key, position| {
            let next = &mut starts[key as usize + 1];
            values[*next as usize] = position;
            *next += 1;
        });
        starts.pop();
        Self { starts, values }
    }

    /// Returns the positions of `key`, in ascending order.
    pub(super) fn get(&self, key: u32) -> &[u32] {
        let at = key as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(start), Some(end)) => &self.values[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_keep_the_order_of_each_key() {
        let pairs = [(2, 0), (0, 1), (2, 1), (2, 5), (4, 7)];
        let postings = Postings::new(5, |add| pairs.iter().for_each(|(key, position)| add(*key, *position)));
        let all: Vec<&[u32]> = (0..6).map(|key| postings.get(key)).collect();
        assert_eq!(all, [&[1][..], &[], &[0, 1, 5], &[], &[7], &[]]);
    }

    #[test]
    fn equal_hashes_are_returned_together() {
        let map = HashMultimap::new(vec![(7, 3), (1, 9), (7, 1), (7, 3)]);
        assert_eq!(map.get(7).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(map.get(2).count(), 0);
    }
}
