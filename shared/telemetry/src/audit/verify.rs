//! Verifies the chains of an audit log.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufRead},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    END, Line, TARGET,
    documents::{Part, split},
};

/// Maximum number of problems of a chain that are described. All are counted.
const PROBLEMS_SHOWN: usize = 20;

/// A SHA-256.
type Hash = [u8; 32];

/// Reads the lines of a log in any order, and then verifies the chains in it. It keeps less than a hundred bytes of each
/// line.
#[derive(Debug, Default)]
pub struct Verifier {
    chains: BTreeMap<String, ReadChain>,
    /// What is wrong with lines of the audit log that belong to no chain.
    unreadable: Vec<String>,
}

/// What was read of one chain.
#[derive(Debug, Default)]
struct ReadChain {
    lines: Vec<ReadLine>,
    /// The first line in the order of numbers, with its time.
    first: Option<(ReadLine, String)>,
    /// The last line in the order of numbers, with its time.
    last: Option<(ReadLine, String)>,
}

/// What matters of a line. The order is that of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ReadLine {
    seq: u64,
    /// The hash that it states; zeros if that is no hash.
    hash: Hash,
    /// The hash of the line before that it states; zeros if that is no hash.
    previous: Hash,
    /// The beginning of the hash of its content, which tells lines with the same stated hash apart.
    content: u64,
    /// Whether the stated hash is that of its content.
    fits: bool,
    is_end: bool,
}

/// What is known of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainReport {
    /// The id of the chain; null for lines that belong to none.
    pub chain: Option<String>,
    /// The number of different lines.
    pub lines: usize,
    /// The number of the first line. It is 0 unless the beginning is missing.
    pub first: u64,
    /// The number of the last line.
    pub last: u64,
    /// The time of the first line.
    pub from: String,
    /// The time of the last line.
    pub until: String,
    /// Whether the process ended in order. Without it, later lines may be missing: the process may still run, may
    /// have been killed, or its log may be cut off.
    pub ended: bool,
    /// The hash of the last line. Keep it somewhere else to prove later that nothing before it has changed.
    pub hash: String,
    /// The number of problems.
    pub problem_count: usize,
    /// The first problems.
    pub problems: Vec<String>,
}

/// The members of a line of the log, as far as they matter here.
#[derive(Deserialize)]
struct Members {
    chain: String,
    seq: u64,
    at: String,
    action: String,
    subject: String,
    tenant: String,
    actor: String,
    previous: String,
    hash: String,
}

impl Verifier {
    /// Reads the log `name`: lines as the services write them, with a time in front, as an export of CloudWatch Logs has
    /// it, or documents with `logEvents`, as a subscription delivers them, one after the other. What is not of the audit
    /// log is ignored.
    ///
    /// # Errors
    /// Returns the error of `input`. What was read before it counts.
    pub fn read(&mut self, name: &str, mut input: impl BufRead) -> io::Result<()> {
        let mut line = 1;
        split(&mut input, |part| match part {
            Part::Document(text) => self.document(text, &format_args!("line {line} of {name}")),
            Part::Rest(text) if text.contains(TARGET) => self.damaged(&format_args!("line {line} of {name}")),
            Part::Rest(_) => {}
            Part::LineEnd => line += 1,
        })
    }

    /// Reads a line of the log, or the envelope of several.
    fn document(&mut self, text: &str, place: &impl fmt::Display) {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            if text.contains(TARGET) {
                self.damaged(place);
            }
            return;
        };
        match value.get("logEvents").and_then(Value::as_array) {
            Some(events) => {
                for message in events.iter().filter_map(|event| event["message"].as_str()) {
                    if let Ok(value) = serde_json::from_str(message) {
                        self.line(value, place);
                    } else if message.contains(TARGET) {
                        self.unreadable.push(format!("an event in {place} is not JSON"));
                    }
                }
            }
            None => self.line(value, place),
        }
    }

    fn damaged(&mut self, place: &impl fmt::Display) {
        self.unreadable.push(format!("{place} is not JSON: it is cut off or damaged"));
    }

    /// Records that a part of the log could not be read, and why.
    pub fn could_not_read(&mut self, problem: String) {
        self.unreadable.push(problem);
    }

    fn line(&mut self, value: Value, place: &impl fmt::Display) {
        if value["target"] != TARGET {
            return;
        }
        match serde_json::from_value::<Members>(value) {
            Ok(Members { chain, seq, at, action, subject, tenant, actor, previous, hash }) => {
                let line =
                    Line { chain: chain.clone(), seq, at, action, subject, tenant, actor, previous, hash };
                self.chains.entry(chain).or_default().add(line);
            }
            Err(error) => self.unreadable.push(format!(
                "{place} lacks a member of the chain ({error}): version 0.2 and earlier wrote none"
            )),
        }
    }

    /// Returns a report for each chain, and one for the lines that belong to none, if there are any.
    pub fn reports(self) -> Vec<ChainReport> {
        let mut reports: Vec<ChainReport> =
            self.chains.into_iter().filter_map(|(id, chain)| chain.report(id)).collect();
        if !self.unreadable.is_empty() {
            reports.push(ChainReport {
                chain: None,
                lines: self.unreadable.len(),
                first: 0,
                last: 0,
                from: String::new(),
                until: String::new(),
                ended: false,
                hash: String::new(),
                problem_count: self.unreadable.len(),
                problems: self.unreadable.into_iter().take(PROBLEMS_SHOWN).collect(),
            });
        }
        reports
    }
}

impl ReadLine {
    fn of(line: &Line) -> Self {
        let computed = line.computed_hash();
        let [a, b, c, d, e, f, g, h, ..] = parse(&computed);
        Self {
            seq: line.seq,
            hash: parse(&line.hash),
            previous: parse(&line.previous),
            content: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            fits: line.hash == computed,
            is_end: line.action == END,
        }
    }
}

/// Parses a hash in hexadecimal. Returns zeros if it is none: no line has that hash, and no line follows one that has.
fn parse(text: &str) -> Hash {
    let mut hash = Hash::default();
    match hex::decode_to_slice(text, &mut hash) {
        Ok(()) => hash,
        Err(_) => Hash::default(),
    }
}

impl ReadChain {
    fn add(&mut self, line: Line) {
        let read = ReadLine::of(&line);
        self.lines.push(read);
        if self.first.as_ref().is_none_or(|(first, _)| read < *first) {
            self.first = Some((read, line.at.clone()));
        }
        if self.last.as_ref().is_none_or(|(last, _)| read > *last) {
            self.last = Some((read, line.at));
        }
    }

    /// Verifies the lines. The same line may come several times: logs are delivered at least once.
    fn report(self, id: String) -> Option<ChainReport> {
        let ((first, from), (last, until), mut lines) = (self.first?, self.last?, self.lines);
        lines.sort_unstable();
        lines.dedup();
        let mut problems = Vec::new();
        if first.seq > 0 {
            problems.push(format!("lines 0 to {} are missing", first.seq - 1));
        }
        for line in lines.iter().filter(|line| !line.fits) {
            problems.push(format!("line {} was changed: its hash does not fit its content", line.seq));
        }
        for pair in lines.windows(2) {
            let [before, line] = pair else { continue };
            if line.seq == before.seq {
                problems.push(format!("there are different lines with the number {}", line.seq));
            } else if line.seq > before.seq + 1 {
                problems.push(format!("lines {} to {} are missing", before.seq + 1, line.seq - 1));
            } else if line.previous != before.hash {
                problems.push(format!(
                    "line {} does not follow line {}: one of them was replaced",
                    line.seq, before.seq
                ));
            }
            if before.is_end {
                problems.push(format!("line {} follows the end of the chain", line.seq));
            }
        }
        Some(ChainReport {
            chain: Some(id),
            lines: lines.len(),
            first: first.seq,
            last: last.seq,
            from,
            until,
            ended: last.is_end,
            hash: hex::encode(last.hash),
            problem_count: problems.len(),
            problems: problems.into_iter().take(PROBLEMS_SHOWN).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::audit::{Chain, Event};

    /// Returns the log of a process that wrote `count` lines and ended.
    fn log(count: u64) -> Vec<Value> {
        let mut chain = Chain::new(Uuid::from_u128(7));
        let actions = (0..count).map(|_| "report.submit").chain([END]);
        actions
            .map(|action| {
                let event = Event { action, subject: &"01a2", tenant: &"dev", actor: &"key:8f3a6c0d9be41270" };
                let line = chain.append(&event, "2026-11-28T00:00:00.000Z".to_owned());
                json!({
                    "timestamp": "2026-11-28T00:00:00.001Z", "level": "INFO", "target": TARGET, "message": "audit",
                    "action": line.action, "subject": line.subject, "tenant": line.tenant, "actor": line.actor,
                    "at": line.at, "chain": line.chain, "seq": line.seq, "previous": line.previous, "hash": line.hash,
                })
            })
            .collect()
    }

    fn reports(lines: impl IntoIterator<Item = String>) -> Vec<ChainReport> {
        let mut verifier = Verifier::default();
        for line in lines {
            verifier.read("log", line.as_bytes()).unwrap();
        }
        verifier.reports()
    }

    fn problems(lines: &[Value]) -> Vec<String> {
        let reports = reports(lines.iter().map(Value::to_string));
        reports.into_iter().flat_map(|report| report.problems).collect()
    }

    #[test]
    fn a_complete_log_has_no_problem_in_any_order_and_form() {
        let mut lines = log(5);
        lines.reverse();
        // Delivered twice, with other lines in between, with a time in front, and in the envelope of a subscription.
        lines.push(lines[2].clone());
        lines.push(json!({"target": "api_service", "message": "ready"}));
        let mut text: Vec<String> = lines.iter().map(Value::to_string).collect();
        text[0] = format!("2026-11-28T00:00:00.001Z {}", text[0]);
        text[1] = json!({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": text[1]}]})
            .to_string();
        text.push("plain text".to_owned());
        let reports = reports(text);
        assert_eq!(reports.len(), 1);
        let report = &reports[0];
        assert_eq!((report.lines, report.first, report.last, report.ended), (6, 0, 5, true));
        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!(Value::from(report.hash.as_str()), log(5)[5]["hash"]);
    }

    #[test]
    fn every_change_of_a_line_is_found() {
        for member in ["action", "subject", "tenant", "actor", "at", "previous", "hash"] {
            let mut lines = log(5);
            lines[2][member] = "changed".into();
            assert!(!problems(&lines).is_empty(), "{member}");
        }
        let mut lines = log(5);
        lines[2]["seq"] = 9.into();
        assert!(!problems(&lines).is_empty());
    }

    #[test]
    fn removed_inserted_and_replaced_lines_are_found() {
        let mut lines = log(5);
        lines.remove(2);
        assert_eq!(problems(&lines), ["lines 2 to 2 are missing"]);
        let mut lines = log(5);
        lines.drain(..2);
        assert_eq!(problems(&lines), ["lines 0 to 1 are missing"]);
        let mut lines = log(5);
        lines.pop();
        let reports = reports(lines.iter().map(Value::to_string));
        assert!(!reports[0].ended && reports[0].problems.is_empty(), "a missing end is no proof of a change");

        // A line with a hash that fits its new content no longer fits the next line.
        let mut lines = log(5);
        let mut chain = Chain::new(Uuid::from_u128(7));
        (chain.next, chain.last) = (2, lines[1]["hash"].as_str().unwrap().to_owned());
        let event = Event { action: "report.submit", subject: &"other", tenant: &"dev", actor: &"key:0" };
        let forged = chain.append(&event, "2026-11-28T00:00:00.000Z".to_owned());
        lines[2]["subject"] = "other".into();
        lines[2]["actor"] = "key:0".into();
        lines[2]["hash"] = forged.hash.into();
        assert_eq!(problems(&lines), ["line 3 does not follow line 2: one of them was replaced"]);
        // Both the forged line and the true one.
        lines.push(log(5)[2].clone());
        assert!(problems(&lines).contains(&"there are different lines with the number 2".to_owned()));
    }

    #[test]
    fn a_changed_line_that_is_delivered_twice_is_one_problem() {
        let mut lines = log(3);
        lines[1]["subject"] = "changed".into();
        lines.push(lines[1].clone());
        assert_eq!(problems(&lines), ["line 1 was changed: its hash does not fit its content"]);
        // The true line has the same hash, and is another one.
        lines.push(log(3)[1].clone());
        assert!(problems(&lines).contains(&"there are different lines with the number 1".to_owned()));
    }

    #[test]
    fn little_is_kept_of_each_line() {
        assert!(size_of::<ReadLine>() < 100);
    }

    #[test]
    fn lines_that_cannot_be_read_are_problems() {
        let cut = log(1)[0].to_string();
        let old = json!({"target": TARGET, "action": "report.submit", "subject": "1"}).to_string();
        let reports = reports([cut[..cut.len() - 9].to_owned(), old]);
        assert_eq!((reports[0].chain.as_ref(), reports[0].problem_count), (None, 2));
        assert_eq!(reports[0].problems[0], "line 1 of log is not JSON: it is cut off or damaged");
        assert!(reports[0].problems[1].contains("version 0.2 and earlier wrote none"));
    }
}
