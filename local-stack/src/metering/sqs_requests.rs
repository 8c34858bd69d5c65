//! Requests to SQS as they are billed ("Amazon SQS pricing", read on 2026-11-28).

/// Size of the part of a payload that is billed as one request, in bytes.
const CHUNK_BYTES: u64 = 64 * 1024;

/// Returns the number of requests that a request with a payload of `bytes` is billed as: one for every 64 KB,
/// and at least one.
pub(crate) fn billed_chunks(bytes: u64) -> u64 {
    bytes.div_ceil(CHUNK_BYTES).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_64_kb_of_a_payload_is_a_request() {
        // The page's example: an action with a payload of 256 KB is billed as four requests.
        for (kilobytes, expected) in [(0, 1), (1, 1), (64, 1), (65, 2), (256, 4), (1024, 16)] {
            assert_eq!(billed_chunks(kilobytes * 1024), expected, "{kilobytes} KB");
        }
    }
}
