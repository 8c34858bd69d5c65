//! Compiles guards and changes of the lifecycle into DynamoDB expressions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{attribute, due_shard};
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::{Allowance, Change, Command, Field, Guard, Status},
    time::UtcTime,
    webhook,
};

/// A conditional update under construction. Every name and value goes through a placeholder, so
/// reserved words and strange values cannot change its meaning.
#[derive(Debug, Default)]
pub(super) struct Expression {
    names: Vec<&'static str>,
    values: Vec<AttributeValue>,
    condition: String,
    set: Vec<String>,
    remove: Vec<String>,
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn time(value: UtcTime) -> AttributeValue {
    number(value.epoch_millis())
}

impl Expression {
    fn name(&mut self, name: &'static str) -> String {
        let index = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        format!("#n{index}")
    }

    fn value(&mut self, value: AttributeValue) -> String {
        self.values.push(value);
        format!(":v{}", self.values.len() - 1)
    }

    /// Adds `attribute = value` to the update.
    pub(super) fn set(&mut self, attribute: &'static str, value: AttributeValue) {
        let clause = format!("{} = {}", self.name(attribute), self.value(value));
        self.set.push(clause);
    }

    fn remove(&mut self, attribute: &'static str) {
        let name = self.name(attribute);
        self.remove.push(name);
    }

    fn set_or_remove(&mut self, attribute: &'static str, field: Field<AttributeValue>) {
        match field {
            Field::Keep => {}
            Field::Set(value) => self.set(attribute, value),
            Field::Clear => self.remove(attribute),
        }
    }

    /// `attribute = base + more`, computed by the table.
    fn set_sum(&mut self, attribute: &'static str, base: &'static str, more: u32) {
        let clause = format!("{} = {} + {}", self.name(attribute), self.name(base), self.value(number(more)));
        self.set.push(clause);
    }

    /// Adds `attribute = value` where it is not there yet.
    fn set_once(&mut self, attribute: &'static str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
    }

    /// `attribute = attribute + 1`, from nothing where it is not there yet.
    fn count_up(&mut self, attribute: &'static str) {
        let name = self.name(attribute);
        let (none, one) = (self.value(number(0)), self.value(number(1)));
        self.set.push(format!("{name} = if_not_exists({name}, {none}) + {one}"));
    }

    fn compare(&mut self, attribute: &'static str, operator: &str, value: AttributeValue) -> String {
        format!("{} {operator} {}", self.name(attribute), self.value(value))
    }

    /// Makes `guard` the condition of the write.
    pub(super) fn require(&mut self, guard: &Guard) {
        self.condition = self.compile(guard);
    }

    fn compile(&mut self, guard: &Guard) -> String {
        match guard {
            Guard::Absent => format!("attribute_not_exists({})", self.name(attribute::PK)),
            Guard::Is(status) => self.compare(attribute::STATUS, "=", AttributeValue::S(status.to_string())),
            Guard::AttemptIs(attempt) => self.compare(attribute::ATTEMPT, "=", number(attempt)),
            Guard::AttemptsLeft(left) => {
                let operator = if *left { "<" } else { ">=" };
                format!(
                    "{} {operator} {}",
                    self.name(attribute::ATTEMPT),
                    self.name(attribute::ATTEMPTS_ALLOWED)
                )
            }
            Guard::LeaseExpired(now) => self.compare(attribute::LEASE_EXPIRES_AT, "<", time(*now)),
            Guard::Due(now) => self.compare(attribute::DUE_AT, "<=", time(*now)),
            Guard::CancelRequested(wanted) => {
                self.compare(attribute::CANCEL_REQUESTED, "=", AttributeValue::Bool(*wanted))
            }
            Guard::All(guards) => self.join(guards, " AND "),
            Guard::Any(guards) => self.join(guards, " OR "),
        }
    }

    fn join(&mut self, guards: &[Guard], operator: &str) -> String {
        let parts: Vec<String> = guards.iter().map(|guard| self.compile(guard)).collect();
        format!("({})", parts.join(operator))
    }

    /// Adds what `change` does to the update.
    pub(super) fn change(&mut self, change: &Change) {
        let Change { status, next_attempt, allowance, holder, lease_until, cancel_requested, due_at: _ } =
            change;
        if let Some(status) = status {
            self.set(attribute::STATUS, AttributeValue::S(status.to_string()));
        }
        if *next_attempt {
            self.set_sum(attribute::ATTEMPT, attribute::ATTEMPT, 1);
        }
        match *allowance {
            Allowance::Keep => {}
            Allowance::Add(more) => {
                self.set_sum(attribute::ATTEMPTS_ALLOWED, attribute::ATTEMPTS_ALLOWED, more);
            }
            Allowance::FromHere(more) => self.set_sum(attribute::ATTEMPTS_ALLOWED, attribute::ATTEMPT, more),
        }
        self.set_or_remove(attribute::LEASE_HOLDER, map(holder, |holder| AttributeValue::S(holder.clone())));
        self.set_or_remove(attribute::LEASE_EXPIRES_AT, map(lease_until, |until| time(*until)));
        if let Some(requested) = cancel_requested {
            self.set(attribute::CANCEL_REQUESTED, AttributeValue::Bool(*requested));
        }
    }

    /// Adds what follows from `command` beside the lifecycle: the sparse indexes, the revision
    /// that readers see, and the times of start and end.
    pub(super) fn stamp(
        &mut self,
        command: &Command,
        (tenant, id): (&Tenant, ReportId),
        change: &Change,
        now: UtcTime,
        calls_back: bool,
    ) {
        // The sparse index of leases has the report exactly while it has one.
        let leased = map(&change.holder, |_| AttributeValue::S(tenant.to_string()));
        self.set_or_remove(attribute::LEASED_TENANT, leased);
        let has_ended = change.status.is_some_and(Status::is_terminal);
        let due_at = if has_ended && calls_back {
            // With the end itself it is written down that word of it is to be sent: no crash can come between.
            self.set(attribute::CALLBACK_STATE, AttributeValue::S("pending".to_owned()));
            self.count_up(attribute::CALLBACK_ROUND);
            self.set_once(attribute::CALLBACK_ATTEMPTS, AttributeValue::L(Vec::new()));
            Field::Set(now.plus(webhook::WEBHOOK_GRACE))
        } else {
            change.due_at.clone()
        };
        self.set_or_remove(attribute::DUE_AT, map(&due_at, |due| time(*due)));
        self.set_or_remove(attribute::DUE_SHARD, map(&due_at, |_| AttributeValue::S(due_shard(id))));
        // What readers cannot see changes no entity tag.
        if !matches!(command, Command::Renew { .. } | Command::Redispatch) {
            self.set_sum(attribute::REVISION, attribute::REVISION, 1);
        }
        match command {
            Command::Claim { .. } => {
                self.set_once(attribute::STARTED_AT, AttributeValue::S(now.to_string()));
            }
            Command::Resubmit => {
                self.set(attribute::RESUBMITTED_AT, AttributeValue::S(now.to_string()));
                for gone in
                    [attribute::ENDED_AT, attribute::ERROR, attribute::OUTCOME, attribute::CALLBACK_STATE]
                {
                    self.remove(gone);
                }
            }
            Command::RequestCancel => self.say("Being cancelled"),
            _ => {}
        }
        match change.status {
            Some(Status::Completed) => self.remove(attribute::ERROR),
            // Where it ended can still be seen by the stage; why it was tried again no longer matters.
            Some(Status::Cancelled) => {
                self.remove(attribute::ERROR);
                self.say("Cancelled");
            }
            Some(Status::Failed) => self.say("Failed"),
            _ => {}
        }
        if has_ended {
            self.set(attribute::ENDED_AT, AttributeValue::S(now.to_string()));
        }
    }

    /// Changes what the progress says, not how far it is.
    fn say(&mut self, message: &str) {
        let (progress, words) = (self.name(attribute::PROGRESS), self.name(attribute::MESSAGE));
        let value = self.value(AttributeValue::S(message.to_owned()));
        self.set.push(format!("{progress}.{words} = {value}"));
    }

    pub(super) fn condition(&self) -> &str {
        &self.condition
    }

    pub(super) fn update(&self) -> String {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        format!("{}{}", clause("SET", &self.set), clause("REMOVE", &self.remove))
    }

    pub(super) fn names(&self) -> HashMap<String, String> {
        self.names
            .iter()
            .enumerate()
            .map(|(index, name)| (format!("#n{index}"), (*name).to_owned()))
            .collect()
    }

    pub(super) fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.iter().enumerate().map(|(index, value)| (format!(":v{index}"), value.clone())).collect()
    }
}

fn map<T>(field: &Field<T>, to: impl Fn(&T) -> AttributeValue) -> Field<AttributeValue> {
    match field {
        Field::Keep => Field::Keep,
        Field::Set(value) => Field::Set(to(value)),
        Field::Clear => Field::Clear,
    }
}
