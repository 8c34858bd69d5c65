//! The audit log: lines of the log in which each one carries the hash of the line before it.
//!
//! The lines of one process are a *chain*. Whoever changes, removes, inserts or reorders lines has to compute all later
//! hashes of the chain again, and whoever keeps a copy of any later line sees that. A [`Verifier`] recomputes them.
//!
//! # Hash
//! The hash of a line is the SHA-256, in hexadecimal, of the UTF-8 text of a JSON array without spaces. Its elements are
//! texts: the version of this rule (`1`), `chain`, `seq`, `at`, `action`, `subject`, `tenant`, `actor` and `previous`. The
//! first line of a chain has `seq` 0 and 64 zeros as `previous`.

mod documents;
mod verify;

use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use self::verify::{ChainReport, Verifier};

/// The target of the lines of the audit log.
pub const TARGET: &str = "dossier::audit";

/// The version of the rule by which the hash of a line is computed.
const RULE: &str = "1";

/// The action of the last line of a chain, written when the process ends in order.
const END: &str = "audit.end";

/// The chain of this process.
static CHAIN: OnceLock<Mutex<Chain>> = OnceLock::new();

/// An event for the audit log.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// What was done, such as `report.submit`.
    pub action: &'a str,
    /// What it was done to: the id of a report, or the tenant.
    pub subject: &'a dyn fmt::Display,
    /// The tenant whose data it concerns.
    pub tenant: &'a dyn fmt::Display,
    /// Who did it: a key, a hashed subject of a token, `worker`, `command`, or `service` for the end of a chain.
    pub actor: &'a dyn fmt::Display,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
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

/// The lines that one process has written.
#[derive(Debug)]
struct Chain {
    id: Uuid,
    /// The number of the next line.
    next: u64,
    /// The hash of the last line.
    last: String,
}

impl Chain {
    fn new(id: Uuid) -> Self {
        Self { id, next: 0, last: "0".repeat(64) }
    }

    /// Appends a line about `event`, which happened `at` this time.
    fn append(&mut self, event: &Event<'_>, at: String) -> Line {
        let mut line = Line {
            chain: self.id.to_string(),
            seq: self.next,
            at,
            action: event.action.to_owned(),
            subject: event.subject.to_string(),
            tenant: event.tenant.to_string(),
            actor: event.actor.to_string(),
            previous: self.last.clone(),
            hash: String::new(),
        };
        line.hash = line.computed_hash();
        self.next += 1;
        self.last.clone_from(&line.hash);
        line
    }
}

impl Line {
    /// Computes the hash from the other members.
    fn computed_hash(&self) -> String {
        let seq = self.seq.to_string();
        let members = [
            RULE,
            &self.chain,
            &seq,
            &self.at,
            &self.action,
            &self.subject,
            &self.tenant,
            &self.actor,
            &self.previous,
        ];
        let text = serde_json::Value::from(members.to_vec()).to_string();
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn write(&self) {
        let Self { chain, seq, at, action, subject, tenant, actor, previous, hash } = self;
        tracing::info!(
            target: TARGET,
            action, subject, tenant, actor, at, chain, seq, previous, hash,
            "audit"
        );
    }
}

/// Writes `event` to the audit log.
pub fn record(event: &Event<'_>) {
    let chain = CHAIN.get_or_init(|| Mutex::new(Chain::new(Uuid::new_v4())));
    // Written under the lock, so that the lines of the log have the order of the chain.
    let mut chain = chain.lock().unwrap_or_else(PoisonError::into_inner);
    chain.append(event, now()).write();
}

/// Ends the chain of this process, if it has one. A chain without its end was cut off, or its process was killed.
pub fn end() {
    let Some(chain) = CHAIN.get() else { return };
    let mut chain = chain.lock().unwrap_or_else(PoisonError::into_inner);
    let event = Event { action: END, subject: &chain.id.to_string(), tenant: &"", actor: &"service" };
    chain.append(&event, now()).write();
}

fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str) -> Event<'_> {
        Event { action, subject: &"01a2", tenant: &"dev", actor: &"key:8f3a6c0d9be41270" }
    }

    #[test]
    fn each_line_carries_the_hash_of_the_line_before_it() {
        let mut chain = Chain::new(Uuid::nil());
        let first = chain.append(&event("report.submit"), "2026-11-28T00:00:00.000Z".to_owned());
        let second = chain.append(&event("report.cancel"), "2026-11-28T00:00:01.000Z".to_owned());
        assert_eq!((first.seq, first.previous.as_str()), (0, "0".repeat(64).as_str()));
        assert_eq!((second.seq, &second.previous), (1, &first.hash));
        // printf '%s' '["1","00000000-…","0","2026-11-28T00:00:00.000Z","report.submit",…]' | sha256sum
        assert_eq!(first.hash.len(), 64);
        assert_eq!(first.hash, first.computed_hash());
        let changes: [fn(&mut Line); 8] = [
            |line| line.chain.push('0'),
            |line| line.seq += 1,
            |line| line.at.push('0'),
            |line| line.action.push('0'),
            |line| line.subject.push('0'),
            |line| line.tenant.push('0'),
            |line| line.actor.push('0'),
            |line| line.previous.push('0'),
        ];
        for change in changes {
            let mut changed = first.clone();
            change(&mut changed);
            assert_ne!(changed.computed_hash(), first.hash, "{changed:?}");
        }
    }

    #[test]
    fn texts_cannot_be_shifted_between_members() {
        let mut chain = Chain::new(Uuid::nil());
        let line = chain.append(&event("a"), String::new());
        let shifted = Line { action: "a\",\"01a2".to_owned(), subject: String::new(), ..line.clone() };
        assert_ne!(shifted.computed_hash(), line.hash);
    }
}
