//! An entity as bytes: numbers of variable length (LEB128), and texts after their length.

use crate::entity::{EntityKind, Topic};

/// The topics by the number that stands for each: its place in the declaration.
const TOPICS: [Topic; 10] = [
    Topic::Sanction,
    Topic::SanctionLinked,
    Topic::ExportControl,
    Topic::Debarment,
    Topic::Wanted,
    Topic::Crime,
    Topic::Regulatory,
    Topic::PoliticallyExposed,
    Topic::RelatedToPoliticallyExposed,
    Topic::Other,
];
const _: () = assert!(TOPICS.len() == Topic::Other as usize + 1, "a topic is missing");

/// Writes a record.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    /// Writes the count of `numbers`, then each of them.
    pub(super) fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.number(super::position(numbers.len()));
        numbers.for_each(|number| self.number(number));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(super::position(text.len()));
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn texts(&mut self, texts: &[String]) {
        self.number(super::position(texts.len()));
        texts.iter().for_each(|text| self.text(text));
    }

    pub(super) fn kind(&mut self, kind: EntityKind) {
        self.number(u32::from(kind == EntityKind::Person));
    }

    pub(super) fn topics(&mut self, topics: &[Topic]) {
        self.numbers(topics.iter().map(|topic| *topic as u32));
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads a record, part by part in the order in which they were written.
pub(super) struct Record<'a> {
    rest: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the record at the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn number(&mut self) -> u32 {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let Some((byte, rest)) = self.rest.split_first() else { break };
            self.rest = rest;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    /// Reads a count and as many numbers. All of them must be read before the next part.
    pub(super) fn numbers(&mut self) -> impl Iterator<Item = u32> {
        (0..self.number()).map(|_| self.number())
    }

    pub(super) fn text(&mut self) -> &'a str {
        let length = self.number() as usize;
        let (text, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Reads a count and as many texts. All of them must be read before the next part.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &'a str> {
        (0..self.number()).map(|_| self.text())
    }

    pub(super) fn kind(&mut self) -> EntityKind {
        if self.number() == 0 { EntityKind::Organization } else { EntityKind::Person }
    }

    pub(super) fn topics(&mut self) -> Vec<Topic> {
        self.numbers().map(|number| TOPICS.get(number as usize).copied().unwrap_or(Topic::Other)).collect()
    }
}
