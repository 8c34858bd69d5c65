//! The table of the model. Every change goes through `lifecycle::apply` and is checked for violations. The
//! seeded bugs of the table wrap `apply` here.

use domain::{
    lifecycle::{Command, Lifecycle, Rejected, Status, apply},
    time::UtcTime,
};

use crate::{
    setup::{Bug, POLICY, Setup},
    violations::{Violation, is_current},
    world::{At, Excuse, World, now},
};

impl World {
    /// Carries out `command` for `report`. Returns `false` if the lifecycle rejects the command. As in the
    /// adapter, a rejected command whose result is visible was carried out by an earlier try. `by` is the
    /// worker that sends the command, if it is one.
    pub(crate) fn execute(
        &mut self,
        setup: &Setup,
        report: usize,
        command: &Command,
        by: Option<usize>,
    ) -> bool {
        let before = self.cells[report].row.clone();
        let Ok(after) = seeded_apply(setup, before.as_ref(), command) else {
            return before.is_some_and(|row| row.shows_result_of(command));
        };
        self.watch(report, command, by, before.as_ref(), &after);
        self.cells[report].row = Some(after);
        true
    }

    /// Checks a step for violations and updates the counters that the properties need.
    fn watch(
        &mut self,
        report: usize,
        command: &Command,
        by: Option<usize>,
        before: Option<&Lifecycle>,
        after: &Lifecycle,
    ) {
        let Some(before) = before else { return };
        let lease_unexpired = self.cells[report].lease_unexpired();
        if before.status.is_terminal() && before != after && *command != Command::Resubmit {
            self.violations.record(Violation::TerminalChanged);
        }
        if matches!(command, Command::Claim { .. }) && lease_unexpired {
            self.violations.record(Violation::ClaimedUnderLease);
        }
        if let Some(worker) = by
            && token(command).is_some()
            && (before.status != Status::Processing
                || before.attempt != u32::from(self.workers[worker].attempt))
        {
            self.violations.record(Violation::WrittenWithoutLease);
        }

        let replaced = before.status == Status::Processing
            && (after.attempt != before.attempt || after.status != Status::Processing);
        if replaced && !lease_unexpired {
            self.excuse_others(report, before.attempt, by);
        }

        let cell = &mut self.cells[report];
        let vanished = matches!(command, Command::Claim { .. }) && before.status == Status::Processing;
        if vanished || matches!(command, Command::RetryLater { .. } | Command::GiveUp) {
            cell.failures += 1;
        }
        let allowed = u8::try_from(POLICY.attempts).unwrap();
        let exhausted = cell.failures >= allowed;
        match command {
            Command::RetryLater { .. } if exhausted => self.violations.record(Violation::AttemptsMiscounted),
            Command::GiveUp if !exhausted => self.violations.record(Violation::AttemptsMiscounted),
            Command::FailDeadLettered if cell.dead_letter <= cell.generation => {
                self.violations.record(Violation::OldDeadLetterUsed);
            }
            Command::RequestCancel => cell.cancel_promised = true,
            Command::Resubmit => {
                cell.generation += 1;
                cell.failures = 0;
            }
            _ => {}
        }
        let cell = &mut self.cells[report];
        cell.failures = cell.failures.min(allowed);
        match after.status {
            Status::Cancelled => cell.cancel_promised = false,
            Status::Completed | Status::Failed if cell.cancel_promised => {
                self.violations.record(Violation::CancelIgnored);
            }
            _ => {}
        }
    }

    /// Excuses the model call of a worker whose report was taken over during the call, because its successor
    /// has to pay for the same answer again.
    fn excuse_others(&mut self, report: usize, attempt: u32, by: Option<usize>) {
        for index in 0..self.workers.len() {
            let worker = self.workers[index];
            let overtaken =
                Some(index) != by && worker.report == report && u32::from(worker.attempt) == attempt;
            if overtaken && worker.at == At::Ask && worker.excuse == Excuse::None {
                self.workers[index].excuse = Excuse::Granted;
            }
            if overtaken && worker.at == At::Journal {
                self.excuse_answer(index);
            }
        }
    }

    /// Subtracts one from the paid calls if this worker has received an answer but not journalled it.
    pub(crate) fn excuse_answer(&mut self, index: usize) {
        let worker = &mut self.workers[index];
        if worker.at == At::Journal && worker.excuse == Excuse::None {
            worker.excuse = Excuse::Used;
            self.cells[worker.report].calls -= 1;
        }
    }

    /// Returns whether this worker has the newest claim of its report.
    pub(crate) fn holds_lease(&self, index: usize) -> bool {
        let worker = &self.workers[index];
        let claimed = worker.at.works() || matches!(worker.at, At::Settle(_));
        let row = self.cells[worker.report].row.as_ref();
        (claimed && row.is_some_and(|row| is_current(row, worker.attempt)))
            || (worker.at == At::Claim && self.is_holder(index))
    }
}

/// Returns the fencing token of a command.
fn token(command: &Command) -> Option<u32> {
    match command {
        Command::Renew { attempt }
        | Command::Advance { attempt }
        | Command::Complete { attempt }
        | Command::RetryLater { attempt, .. }
        | Command::Release { attempt, .. }
        | Command::Fail { attempt }
        | Command::HonourCancel { attempt } => Some(*attempt),
        _ => None,
    }
}

/// Returns the result of `lifecycle::apply`, or of a table with the seeded bug.
fn seeded_apply(setup: &Setup, row: Option<&Lifecycle>, command: &Command) -> Result<Lifecycle, Rejected> {
    let apply_to = |row: Option<&Lifecycle>, command: &Command| apply(row, command, now(), &POLICY);
    let applied = apply_to(row, command);
    let (Some(current), Some(bug)) = (row, setup.bug) else { return applied };
    match (bug, command, &applied) {
        // With the newest token instead of the worker's own, the comparison always holds.
        (Bug::NoFencing, _, Err(_)) if token(command).is_some() => {
            apply_to(row, &with_token(command, current.attempt))
        }
        (Bug::ClaimUnderLease, Command::Claim { .. }, Err(_)) => {
            let mut expired = current.clone();
            if let Some(lease) = &mut expired.lease {
                lease.expires_at = UtcTime::from_epoch_millis(0);
            }
            apply_to(Some(&expired), command)
        }
        (Bug::CancelIgnored, Command::Complete { .. }, Err(_)) => {
            let not_cancelled = Lifecycle { cancel_requested: false, ..current.clone() };
            apply_to(Some(&not_cancelled), command)
        }
        (Bug::ThrottleConsumesAttempt, Command::Release { .. }, Ok(released)) => {
            Ok(Lifecycle { attempts_allowed: current.attempts_allowed, ..released.clone() })
        }
        _ => applied,
    }
}

fn with_token(command: &Command, newest: u32) -> Command {
    let mut command = command.clone();
    match &mut command {
        Command::Renew { attempt }
        | Command::Advance { attempt }
        | Command::Complete { attempt }
        | Command::RetryLater { attempt, .. }
        | Command::Release { attempt, .. }
        | Command::Fail { attempt }
        | Command::HonourCancel { attempt } => *attempt = newest,
        _ => {}
    }
    command
}
