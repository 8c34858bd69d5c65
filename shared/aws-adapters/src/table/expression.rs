//! Compiles guards and changes of the lifecycle into DynamoDB expressions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    item::ATTEMPTS_LEFT_FOR_OLDER_TASKS,
    schema::{DuePartition, attribute, created_key},
};
use crate::dynamodb::number;
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::{Change, Command, Counter, Field, Guard, Status},
    report::Report,
    time::UtcTime,
    webhook::WEBHOOK_GRACE,
};

/// A conditional update under construction. All names and values are placeholders, so reserved words and
/// unusual values cannot change its meaning.
#[derive(Debug, Default)]
pub(super) struct Expression {
    names: Vec<&'static str>,
    values: Vec<AttributeValue>,
    condition: String,
    set: Vec<String>,
    remove: Vec<String>,
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

    /// Adds the removal of `attribute` to the update.
    pub(super) fn remove(&mut self, attribute: &'static str) {
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

    /// Adds `attribute = base + addend`, which the table computes.
    fn set_sum(&mut self, attribute: &'static str, base: &'static str, addend: u32) {
        let clause =
            format!("{} = {} + {}", self.name(attribute), self.name(base), self.value(number(addend)));
        self.set.push(clause);
    }

    /// Adds `attribute = value`, effective only if the item has no such attribute.
    fn set_once(&mut self, attribute: &'static str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
    }

    /// Adds `attribute = attribute + 1`; a missing attribute counts as 0.
    fn increment(&mut self, attribute: &'static str) {
        let name = self.name(attribute);
        let (zero, one) = (self.value(number(0)), self.value(number(1)));
        self.set.push(format!("{name} = if_not_exists({name}, {zero}) + {one}"));
    }

    fn compare(&mut self, attribute: &'static str, operator: &str, value: AttributeValue) -> String {
        format!("{} {operator} {}", self.name(attribute), self.value(value))
    }

    /// Makes `guard` the condition of the write.
    pub(super) fn require(&mut self, guard: &Guard) {
        self.condition = self.compile(guard);
    }

    /// Makes it the condition of the write that `report` has not changed.
    pub(super) fn require_unchanged(&mut self, report: &Report) {
        let created_key = AttributeValue::S(created_key(report.created_at, report.id));
        self.condition = format!(
            "{} AND {}",
            self.compare(attribute::CREATED_KEY, "=", created_key),
            self.compare(attribute::REVISION, "=", number(report.revision))
        );
    }

    /// Lets the time to live of a report that stays open begin anew: its own, or `default_seconds`. The end of a report does
    /// not change how long it is kept. Renewals are left out, because they are frequent and follow a claim. A report whose
    /// time to live has ended at `now`, that is being erased, or that is under legal hold, cannot be resubmitted.
    pub(super) fn renew_time_to_live(
        &mut self,
        command: &Command,
        change: &Change,
        default_seconds: i64,
        now: UtcTime,
    ) {
        if !change.status.is_some_and(Status::is_terminal) && !matches!(command, Command::Renew { .. }) {
            let (expires, seconds) = (self.name(attribute::EXPIRES_AT), self.name(attribute::TTL_SECONDS));
            let (default, now) =
                (self.value(number(default_seconds)), self.value(number(now.epoch_seconds())));
            self.set.push(format!("{expires} = if_not_exists({seconds}, {default}) + {now}"));
        }
        if matches!(command, Command::Resubmit) {
            let kept = self.compare(attribute::EXPIRES_AT, ">", number(now.epoch_seconds()));
            let erasure = self.name(attribute::ERASURE_REQUESTED_AT);
            let hold = self.name(attribute::LEGAL_HOLD);
            self.condition = format!(
                "{} AND {kept} AND attribute_not_exists({erasure}) AND attribute_not_exists({hold})",
                self.condition
            );
        }
    }

    fn compile(&mut self, guard: &Guard) -> String {
        match guard {
            Guard::Absent => format!("attribute_not_exists({})", self.name(attribute::PK)),
            Guard::Is(status) => self.compare(attribute::STATUS, "=", AttributeValue::S(status.to_string())),
            Guard::AttemptIs(attempt) => self.compare(attribute::ATTEMPT, "=", number(attempt)),
            Guard::AttemptBelow(attempt) => self.compare(attribute::ATTEMPT, "<", number(attempt)),
            Guard::SubmittedBy(time, by) => self.submitted_by(*time, *by),
            Guard::MayStart(now) => {
                let name = self.name(attribute::NOT_BEFORE);
                let reached = self.compare(attribute::NOT_BEFORE, "<=", time(*now));
                format!("(attribute_not_exists({name}) OR {reached})")
            }
            Guard::LeaseExpired(now) => self.compare(attribute::LEASE_EXPIRES_AT, "<", time(*now)),
            Guard::Due(now) => self.compare(attribute::DUE_AT, "<=", time(*now)),
            Guard::CancelRequested(requested) => {
                self.compare(attribute::CANCEL_REQUESTED, "=", AttributeValue::Bool(*requested))
            }
            Guard::All(guards) => self.join(guards, " AND "),
            Guard::Any(guards) => self.join(guards, " OR "),
        }
    }

    /// Compiles [`Guard::SubmittedBy`]. A report was last submitted at `resubmitted_at`, or at `created_at` if
    /// it was never resubmitted. Both are texts that sort in the order of time.
    fn submitted_by(&mut self, time: UtcTime, by: bool) -> String {
        let operator = if by { "<=" } else { ">" };
        let time = AttributeValue::S(time.to_string());
        let resubmitted = self.name(attribute::RESUBMITTED_AT);
        let last = self.compare(attribute::RESUBMITTED_AT, operator, time.clone());
        let first = self.compare(attribute::CREATED_AT, operator, time);
        format!("({last} OR (attribute_not_exists({resubmitted}) AND {first}))")
    }

    fn join(&mut self, guards: &[Guard], operator: &str) -> String {
        let parts: Vec<String> = guards.iter().map(|guard| self.compile(guard)).collect();
        format!("({})", parts.join(operator))
    }

    /// Adds the lifecycle's `change` to the update. [`Self::record_effects`] adds `due_at` and `submitted_at`.
    pub(super) fn change(&mut self, change: &Change) {
        let Change {
            status,
            next_attempt,
            submitted_at: _,
            retries,
            not_before,
            queued_at,
            holder,
            lease_until,
            cancel_requested,
            due_at: _,
        } = change;
        if let Some(status) = status {
            self.set(attribute::STATUS, AttributeValue::S(status.to_string()));
        }
        if *next_attempt {
            self.set_sum(attribute::ATTEMPT, attribute::ATTEMPT, 1);
            let allowed = ATTEMPTS_LEFT_FOR_OLDER_TASKS + 1;
            self.set_sum(attribute::ATTEMPTS_ALLOWED, attribute::ATTEMPT, allowed);
        }
        match retries {
            Counter::Keep => {}
            Counter::Increment => self.increment(attribute::RETRIES),
            Counter::Reset => self.set(attribute::RETRIES, number(0)),
        }
        self.set_or_remove(attribute::NOT_BEFORE, map(not_before, |at| time(*at)));
        self.set_or_remove(attribute::QUEUED_AT, map(queued_at, |at| time(*at)));
        self.set_or_remove(attribute::LEASE_HOLDER, map(holder, |holder| AttributeValue::S(holder.clone())));
        self.set_or_remove(attribute::LEASE_EXPIRES_AT, map(lease_until, |until| time(*until)));
        if let Some(requested) = cancel_requested {
            self.set(attribute::CANCEL_REQUESTED, AttributeValue::Bool(*requested));
        }
    }

    /// Adds the effects of `command` outside the lifecycle: the sparse indexes, the revision that readers
    /// see, the webhook, and the times of start and end.
    pub(super) fn record_effects(
        &mut self,
        command: &Command,
        (tenant, id): (&Tenant, ReportId),
        change: &Change,
        now: UtcTime,
        has_webhook: bool,
    ) {
        // The sparse index of reports in progress contains the report while it has a lease, until a sweeper finds that
        // the lease has expired.
        let leased = match command {
            Command::Redispatch | Command::KeepQueued { .. } => Field::Clear,
            // The worker was only slow: its lease counts again. Otherwise this changes nothing.
            Command::Renew { .. } | Command::Advance { .. } => {
                Field::Set(AttributeValue::S(tenant.to_string()))
            }
            _ => map(&change.holder, |_| AttributeValue::S(tenant.to_string())),
        };
        self.set_or_remove(attribute::LEASED_TENANT, leased);
        let has_ended = change.status.is_some_and(Status::is_terminal);
        let due_at = if has_ended && has_webhook {
            // The write that ends a report also marks its webhook as due, so a crash cannot separate the two.
            self.set(attribute::CALLBACK_STATE, AttributeValue::S("pending".to_owned()));
            self.increment(attribute::CALLBACK_ROUND);
            self.set_once(attribute::CALLBACK_ATTEMPTS, AttributeValue::L(Vec::new()));
            Field::Set(now.plus(WEBHOOK_GRACE))
        } else {
            change.due_at.clone()
        };
        self.set_or_remove(attribute::DUE_AT, map(&due_at, |due| time(*due)));
        self.set_or_remove(
            attribute::DUE_SHARD,
            map(&due_at, |_| AttributeValue::S(DuePartition::of(id).to_string())),
        );
        // Changes that are invisible to readers must not change the entity tag.
        if !matches!(command, Command::Renew { .. } | Command::KeepQueued { .. } | Command::Redispatch) {
            self.set_sum(attribute::REVISION, attribute::REVISION, 1);
        }
        match command {
            Command::Claim { .. } => {
                self.set_once(attribute::STARTED_AT, AttributeValue::S(now.to_string()));
            }
            Command::Resubmit => {
                self.set(attribute::RESUBMITTED_AT, AttributeValue::S(now.to_string()));
                let allowed = ATTEMPTS_LEFT_FOR_OLDER_TASKS;
                self.set_sum(attribute::ATTEMPTS_ALLOWED, attribute::ATTEMPT, allowed);
                for stale in [
                    attribute::ENDED_AT,
                    attribute::ERROR,
                    attribute::OUTCOME,
                    attribute::RISK_LEVEL,
                    attribute::REVIEW_REQUIRED,
                    attribute::CALLBACK_STATE,
                ] {
                    self.remove(stale);
                }
            }
            _ => {}
        }
        // The reason of an earlier retry no longer matters.
        if matches!(change.status, Some(Status::Completed | Status::Cancelled)) {
            self.remove(attribute::ERROR);
        }
        if has_ended {
            self.set(attribute::ENDED_AT, AttributeValue::S(now.to_string()));
        }
    }

    /// Adds a new progress message; stage and percentage stay, so that they show where a report ended.
    pub(super) fn set_message(&mut self, message: &str) {
        let (progress, message_name) = (self.name(attribute::PROGRESS), self.name(attribute::MESSAGE));
        let value = self.value(AttributeValue::S(message.to_owned()));
        self.set.push(format!("{progress}.{message_name} = {value}"));
    }

    /// Returns the condition expression.
    pub(super) fn condition(&self) -> &str {
        &self.condition
    }

    /// Returns the update expression.
    pub(super) fn update(&self) -> String {
        let clause = |keyword: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{keyword} {} ", parts.join(", ")),
        };
        format!("{}{}", clause("SET", &self.set), clause("REMOVE", &self.remove))
    }

    /// Returns the attribute names by their placeholders.
    pub(super) fn names(&self) -> HashMap<String, String> {
        self.names
            .iter()
            .enumerate()
            .map(|(index, name)| (format!("#n{index}"), (*name).to_owned()))
            .collect()
    }

    /// Returns the values by their placeholders.
    pub(super) fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.iter().enumerate().map(|(index, value)| (format!(":v{index}"), value.clone())).collect()
    }
}

/// Returns the progress message of a report after `command`, if the command has one of its own.
pub(super) fn message(command: &Command, change: &Change) -> Option<&'static str> {
    match (command, change.status) {
        (Command::RequestCancel, _) => Some("Being cancelled"),
        (_, Some(Status::Cancelled)) => Some("Cancelled"),
        (_, Some(Status::Failed)) => Some("Failed"),
        _ => None,
    }
}

/// Converts the value of a field that is set.
fn map<T>(field: &Field<T>, convert: impl Fn(&T) -> AttributeValue) -> Field<AttributeValue> {
    match field {
        Field::Keep => Field::Keep,
        Field::Set(value) => Field::Set(convert(value)),
        Field::Clear => Field::Clear,
    }
}
