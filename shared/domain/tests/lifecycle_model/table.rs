//! The table: every change goes through `lifecycle::apply`, and each is compared with what the
//! properties allow. The seeded bugs of the table wrap `apply` here.

use domain::{
    lifecycle::{Command, Lifecycle, Rejected, Status, apply},
    time::UtcTime,
};

use crate::{
    properties::{Step, is_current},
    setup::{Bug, POLICY, Setup},
    world::{At, Excuse, World, now},
};

impl World {
    /// Carries out `command` for `report`, as the adapter does: a refused command whose result is
    /// there was carried out by an earlier try. False: the lifecycle refuses.
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

    /// Checks a step and keeps the books that the properties need.
    fn watch(
        &mut self,
        report: usize,
        command: &Command,
        by: Option<usize>,
        before: Option<&Lifecycle>,
        after: &Lifecycle,
    ) {
        let Some(before) = before else { return };
        let lease_ran = self.cells[report].lease_runs();
        if before.status.is_terminal() && before != after && *command != Command::Resubmit {
            self.broken.note(Step::TerminalChanged);
        }
        if matches!(command, Command::Claim { .. }) && lease_ran {
            self.broken.note(Step::ClaimedUnderLease);
        }
        if let Some(worker) = by
            && token(command).is_some()
            && (before.status != Status::Processing
                || before.attempt != u32::from(self.workers[worker].attempt))
        {
            self.broken.note(Step::WrittenWithoutLease);
        }

        let replaced = before.status == Status::Processing
            && (after.attempt != before.attempt || after.status != Status::Processing);
        if replaced && !lease_ran {
            self.excuse_others(report, before.attempt, by);
        }

        let cell = &mut self.cells[report];
        let vanished = matches!(command, Command::Claim { .. }) && before.status == Status::Processing;
        if vanished || matches!(command, Command::RetryLater { .. } | Command::GiveUp) {
            cell.troubles += 1;
        }
        let allowed = u8::try_from(POLICY.attempts).unwrap();
        let spent = cell.troubles >= allowed;
        match command {
            Command::RetryLater { .. } if spent => self.broken.note(Step::AttemptsMiscounted),
            Command::GiveUp if !spent => self.broken.note(Step::AttemptsMiscounted),
            Command::Bury if cell.letter <= cell.generation => self.broken.note(Step::OldLetterUsed),
            Command::RequestCancel => cell.promised = true,
            Command::Resubmit => {
                cell.generation += 1;
                cell.troubles = 0;
            }
            _ => {}
        }
        let cell = &mut self.cells[report];
        cell.troubles = cell.troubles.min(allowed);
        match after.status {
            Status::Cancelled => cell.promised = false,
            Status::Completed | Status::Failed if cell.promised => self.broken.note(Step::CancelBroken),
            _ => {}
        }
    }

    /// A worker whose lease ran out and is taken over while it asks the model may have bought what
    /// its successor buys again.
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

    /// Takes the answer in this worker's hands, which does not reach the journal, off the account.
    pub(crate) fn excuse_answer(&mut self, index: usize) {
        let worker = &mut self.workers[index];
        if worker.at == At::Journal && worker.excuse == Excuse::None {
            worker.excuse = Excuse::Used;
            self.cells[worker.report].calls -= 1;
        }
    }

    /// Whether this worker has the newest claim of its report.
    pub(crate) fn holds_lease(&self, index: usize) -> bool {
        let worker = &self.workers[index];
        let claimed = worker.at.works() || matches!(worker.at, At::Settle(_));
        let row = self.cells[worker.report].row.as_ref();
        (claimed && row.is_some_and(|row| is_current(row, worker.attempt)))
            || (worker.at == At::Claim && self.is_holder(index))
    }
}

/// The fencing token that a command carries.
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

/// `lifecycle::apply`, or what a table with the seeded bug would make of it.
fn seeded_apply(setup: &Setup, row: Option<&Lifecycle>, command: &Command) -> Result<Lifecycle, Rejected> {
    let apply_to = |row: Option<&Lifecycle>, command: &Command| apply(row, command, now(), &POLICY);
    let applied = apply_to(row, command);
    let (Some(current), Some(bug)) = (row, setup.bug) else { return applied };
    match (bug, command, &applied) {
        // With the newest token in place of the worker's own, the comparison always holds.
        (Bug::NoFencing, _, Err(_)) if token(command).is_some() => {
            apply_to(row, &with_token(command, current.attempt))
        }
        (Bug::ClaimUnderLease, Command::Claim { .. }, Err(_)) => {
            let mut blind = current.clone();
            if let Some(lease) = &mut blind.lease {
                lease.expires_at = UtcTime::from_epoch_millis(0);
            }
            apply_to(Some(&blind), command)
        }
        (Bug::CancelForgotten, Command::Complete { .. }, Err(_)) => {
            let forgetful = Lifecycle { cancel_requested: false, ..current.clone() };
            apply_to(Some(&forgetful), command)
        }
        (Bug::ThrottleSpendsAttempt, Command::Release { .. }, Ok(released)) => {
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
