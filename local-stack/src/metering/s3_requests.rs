//! Requests to S3 by price ("Amazon S3 pricing", Requests & data retrievals, read on 2026-11-28).

use super::S3Counts;

/// A request to S3 and its answer.
#[derive(Debug)]
pub(crate) struct S3Exchange<'a> {
    /// Name of the operation in the API of S3.
    pub(crate) operation: &'a str,
    /// Status of the answer.
    pub(crate) status: u16,
    /// Size of the request's body, in bytes.
    pub(crate) bytes_in: u64,
    /// Size of the answer's body, in bytes.
    pub(crate) bytes_out: u64,
}

/// Price class of a request.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    /// PUT, COPY, POST and LIST requests.
    Write,
    /// GET and all other requests.
    Read,
    /// DELETE and cancel requests.
    Free,
}

impl S3Exchange<'_> {
    /// Adds the request to `counts`. S3 does not bill its own errors.
    pub(super) fn count(&self, counts: &mut S3Counts) {
        if self.status >= 500 {
            return;
        }
        match class(self.operation) {
            Class::Write => counts.write_requests += 1,
            Class::Read => counts.read_requests += 1,
            Class::Free => counts.free_requests += 1,
        }
        counts.bytes_in += self.bytes_in;
        counts.bytes_out += self.bytes_out;
    }
}

fn class(operation: &str) -> Class {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| operation.starts_with(prefix));
    if begins(&["Delete", "Abort"]) {
        Class::Free
    } else if begins(&["Put", "Copy", "Upload", "Create", "Complete", "List"]) {
        Class::Write
    } else {
        Class::Read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_billed_by_class() {
        for (operation, expected) in [
            ("PutObject", Class::Write),
            ("CopyObject", Class::Write),
            ("UploadPart", Class::Write),
            ("CompleteMultipartUpload", Class::Write),
            ("ListObjectsV2", Class::Write),
            ("GetObject", Class::Read),
            ("HeadObject", Class::Read),
            ("GetBucketLocation", Class::Read),
            ("DeleteObject", Class::Free),
            ("DeleteObjects", Class::Free),
            ("AbortMultipartUpload", Class::Free),
        ] {
            assert_eq!(class(operation), expected, "{operation}");
        }
    }

    #[test]
    fn refusals_of_s3_itself_cost_nothing() {
        let mut counts = S3Counts::default();
        for status in [200, 304, 404, 503] {
            S3Exchange { operation: "GetObject", status, bytes_in: 0, bytes_out: 10 }.count(&mut counts);
        }
        assert_eq!((counts.read_requests, counts.bytes_out), (3, 30));
    }
}
