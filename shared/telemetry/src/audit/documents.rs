//! Splits a log into its JSON documents. A delivery stream writes the documents of hours into one line, so a line is not
//! read as a whole.

use std::{
    io::{self, BufRead},
    mem,
};

/// Maximum number of bytes of one document: sixteen times what CloudWatch Logs and Firehose take as one record. What is
/// longer is no log.
const DOCUMENT_MAX: usize = 16 << 20;

/// A part of a log, in the order in which they stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// From a `{` to the `}` that ends it, or to the end of the line if none does.
    Document(&'a str),
    /// What follows a document in its line, up to the next one.
    Rest(&'a str),
    /// The end of a line.
    LineEnd,
}

/// The state of the split.
#[derive(Debug, Default)]
struct Split {
    /// The bytes of the part that is read.
    part: Vec<u8>,
    /// Number of braces that are open.
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// Whether the line has had a document.
    has_document: bool,
}

/// Reads `input` to its end and hands over its parts.
///
/// # Errors
/// Returns the error of `input`.
pub(super) fn split(input: &mut impl BufRead, mut found: impl FnMut(Part<'_>)) -> io::Result<()> {
    let mut state = Split::default();
    loop {
        let bytes = match input.fill_buf() {
            Ok([]) => break,
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                state.end(&mut found);
                return Err(error);
            }
        };
        for byte in bytes {
            state.read(*byte, &mut found);
        }
        let count = bytes.len();
        input.consume(count);
    }
    state.end(&mut found);
    Ok(())
}

impl Split {
    fn read(&mut self, byte: u8, found: &mut impl FnMut(Part<'_>)) {
        match byte {
            // Documents have no line breaks: the services write each as one line, and a text contains none unescaped. So a
            // document that is cut off does not hide those of the next line.
            b'\n' => {
                self.end(found);
                return found(Part::LineEnd);
            }
            b'{' if self.depth == 0 => self.end_part(found),
            _ => {}
        }
        if self.part.len() < DOCUMENT_MAX {
            self.part.push(byte);
        }
        match byte {
            _ if mem::take(&mut self.is_escaped) => {}
            b'\\' if self.in_string => self.is_escaped = true,
            b'"' if self.depth > 0 => self.in_string = !self.in_string,
            b'{' if !self.in_string => self.depth += 1,
            b'}' if !self.in_string && self.depth > 0 => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.end_part(found);
                }
            }
            _ => {}
        }
    }

    /// Ends the part before a document, or the document.
    fn end_part(&mut self, found: &mut impl FnMut(Part<'_>)) {
        let text = String::from_utf8_lossy(&self.part);
        match text.starts_with('{') {
            true => {
                found(Part::Document(&text));
                self.has_document = true;
            }
            false if self.has_document && !text.is_empty() => found(Part::Rest(&text)),
            false => {}
        }
        self.part.clear();
    }

    /// Ends the line.
    fn end(&mut self, found: &mut impl FnMut(Part<'_>)) {
        self.end_part(found);
        *self = Self { part: mem::take(&mut self.part), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        let mut parts = Vec::new();
        // Two bytes at a time, so that no part is in one buffer.
        let mut input = io::BufReader::with_capacity(2, text.as_bytes());
        split(&mut input, |part| {
            parts.push(match part {
                Part::Document(text) => format!("document {text}"),
                Part::Rest(text) => format!("rest {text}"),
                Part::LineEnd => "end".to_owned(),
            });
        })
        .unwrap();
        parts
    }

    #[test]
    fn documents_are_found_wherever_they_stand_in_a_line() {
        let nested = r#"{"a":{"b":"}{\"\\"}}"#;
        assert_eq!(
            parts(&format!("time {nested}{{}} rest {{\"c\":1}}\n")),
            [&format!("document {nested}"), "document {}", "rest  rest ", "document {\"c\":1}", "end"]
        );
        assert_eq!(parts("plain } \"text\n\n"), ["end", "end"]);
    }

    #[test]
    fn a_document_that_is_cut_off_ends_with_its_line() {
        assert_eq!(parts("{\"a\":\"b\n{}"), ["document {\"a\":\"b", "end", "document {}"]);
    }

    #[test]
    fn memory_is_bounded() {
        let long = format!("{{{}", "a".repeat(DOCUMENT_MAX + 10));
        let mut longest = 0;
        split(&mut long.as_bytes(), |part| {
            let Part::Document(text) = part else { return };
            longest = text.len();
        })
        .unwrap();
        assert_eq!(longest, DOCUMENT_MAX);
    }
}
