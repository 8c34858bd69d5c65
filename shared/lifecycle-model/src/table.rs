//! The table of the model. Every change goes through `lifecycle::apply` and is checked for violations. The
//! seeded bugs of the table wrap `apply` here.

use domain::{
    lifecycle::{Command, Lifecycle, Rejected, Status, apply},
    time::UtcTime,
};

use crate::{
    setup::{Bug, POLICY, Setup},
    violations::{Violation, is_current},
    world::{At, Excuse, Settle, World, now},
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
        // No guard reads the number of retries, and of the time of the message only whether it is set matters.
        let queued_at = after.queued_at.map(|_| now());
        self.cells[report].row = Some(Lifecycle { retries: 0, queued_at, ..after });
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
            && after.waits_outside_queue()
        {
            self.workers[worker].promised = true;
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
        let is_permanent =
            by.is_some_and(|worker| self.workers[worker].at == At::Settle(Settle::FailPermanent));
        if after.status == Status::Failed && !cell.deadline_passed() && !is_permanent {
            self.violations.record(Violation::FailedEarly);
        }
        match command {
            Command::Claim { .. } if cell.must_wait() => {
                self.violations.record(Violation::ClaimedDuringWait);
            }
            Command::RetryLater { .. } if cell.deadline_passed() => {
                self.violations.record(Violation::RetriedLate);
            }
            Command::GiveUp => cell.given_up = true,
            Command::FailDeadLettered if cell.dead_letter <= cell.generation => {
                self.violations.record(Violation::OldDeadLetterUsed);
            }
            Command::RequestCancel => cell.cancel_promised = true,
            Command::Resubmit => {
                cell.generation += 1;
                cell.given_up = false;
            }
            _ => {}
        }
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
            if overtaken && worker.at == At::Call && worker.excuse == Excuse::None {
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
        | Command::Release { attempt }
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
        (Bug::ClaimDuringWait, Command::Claim { .. }, Err(_)) => {
            apply_to(Some(&Lifecycle { not_before: None, ..current.clone() }), command)
        }
        (Bug::RetriedWithoutEnd, Command::RetryLater { .. }, Err(_)) => {
            apply_to(Some(&Lifecycle { submitted_at: now(), ..current.clone() }), command)
        }
        (Bug::DeadLetterFailsEarly, Command::FailDeadLettered, Err(_)) => {
            let late = now().minus(POLICY.deadline);
            apply_to(Some(&Lifecycle { submitted_at: late, ..current.clone() }), command)
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
        | Command::Release { attempt }
        | Command::Fail { attempt }
        | Command::HonourCancel { attempt } => *attempt = newest,
        _ => {}
    }
    command
}
