//! A worker: receive, claim, gather, call the model, journal, store, complete, delete; and how it settles a
//! failed attempt. It mirrors the job, lease, pipeline and journal of `worker-service`.

use std::time::Duration;

use domain::lifecycle::{Command, Status};

use crate::{
    setup::{Bug, POLICY, Setup},
    violations::{Violation, is_current},
    world::{At, Excuse, Receipt, Settle, Worker, World},
};

/// Why a fenced write was rejected.
enum Stop {
    LeaseLost,
    CancelRequested,
    DeadlinePassed,
}

/// Returns the wait after the claim `attempt`: in turn one that is spent outside the queue, and one that is spent
/// in it.
fn delay(attempt: u32) -> Duration {
    if attempt.is_multiple_of(2) { POLICY.queue_wait_max * 2 } else { POLICY.queue_wait_max }
}

impl World {
    /// Receives a message of `report`.
    pub(crate) fn receive(&mut self, setup: &Setup, index: usize, report: usize) {
        let cell = &mut self.cells[report];
        cell.visible -= 1;
        let attempt = cell.row.as_ref().map_or(0, |row| row.attempt);
        self.workers[index] = Worker {
            at: At::Claim,
            report,
            receipt: Receipt::Fresh,
            // Different from every claim of the report that this worker has made before.
            name: u8::try_from(attempt).unwrap() + 1,
            generation: cell.generation,
            ..Worker::default()
        };
        if setup.coarse {
            self.step(setup, index);
        }
    }

    /// Takes the worker's next step, or two if they are combined.
    pub(crate) fn step(&mut self, setup: &Setup, index: usize) {
        self.fine_step(setup, index);
        let at = self.workers[index].at;
        if setup.coarse && matches!(at, At::Ask | At::Put) {
            self.fine_step(setup, index);
        }
    }

    /// Takes exactly one step.
    pub(crate) fn fine_step(&mut self, setup: &Setup, index: usize) {
        let worker = self.workers[index];
        let attempt = u32::from(worker.attempt);
        let next = |world: &mut Self, at: At| world.workers[index].at = at;
        match worker.at {
            At::Idle | At::Dead => {}
            At::Claim => self.claim(setup, index),
            At::GiveUp => {
                if self.execute(setup, worker.report, &Command::GiveUp, Some(index)) {
                    next(self, At::Delete);
                } else {
                    self.put_back(index);
                }
            }
            At::Wait => self.wait(setup, index),
            At::Gather => {
                self.journal(setup, index, 0);
                next(self, At::Ask);
            }
            At::Ask => self.ask(setup, index),
            At::Fence => {
                self.write(setup, index, &Command::Advance { attempt }, At::Call);
            }
            At::Call => self.call(setup, index),
            At::Journal if setup.seeded(Bug::JournalAfterUse) => {
                self.journal(setup, index, worker.turn.into());
                next(self, At::Delete);
            }
            At::Journal => {
                self.journal(setup, index, worker.turn.into());
                self.next_turn(setup, index);
            }
            At::Put => {
                self.cells[worker.report].artifacts |= 1 << attempt;
                next(
                    self,
                    match setup.bug {
                        Some(Bug::CompleteBeforeArtifacts) => At::Delete,
                        Some(Bug::DeleteBeforeWrite) => At::EarlyDelete,
                        _ => At::Complete,
                    },
                );
            }
            At::EarlyDelete => {
                self.delete(index);
                next(self, At::Complete);
            }
            At::Complete => {
                let after = match setup.bug {
                    Some(Bug::CompleteBeforeArtifacts) => At::Put,
                    Some(Bug::JournalAfterUse) => At::Journal,
                    _ => At::Delete,
                };
                self.write(setup, index, &Command::Complete { attempt }, after);
            }
            At::Settle(settle) => self.settle(setup, index, settle),
            At::Delete => {
                self.delete(index);
                self.workers[index] = Worker::default();
            }
        }
    }

    fn claim(&mut self, setup: &Setup, index: usize) {
        let report = self.workers[index].report;
        let holder = self.holder(index);
        let claimed = self.execute(setup, report, &Command::Claim { holder }, Some(index));
        let cell = &self.cells[report];
        let Some(row) = &cell.row else { return };
        let worker = &mut self.workers[index];
        if claimed {
            worker.at = At::Gather;
            worker.attempt = u8::try_from(row.attempt).unwrap();
        } else if row.status.is_terminal() || (cell.must_wait() && cell.waits_outside_queue()) {
            self.delete_next(index);
        } else if cell.lease_unexpired() || cell.must_wait() {
            self.put_back(index);
        } else {
            worker.at = if cell.deadline_passed() { At::GiveUp } else { At::Wait };
        }
    }

    /// Lets the report wait, which no worker holds.
    fn wait(&mut self, setup: &Setup, index: usize) {
        let report = self.workers[index].report;
        let attempt = self.cells[report].row.as_ref().map_or(0, |row| row.attempt);
        let delay = delay(attempt);
        let recorded = setup.seeded(Bug::WaitUnrecorded)
            || self.execute(setup, report, &Command::Wait { delay }, Some(index));
        if recorded && !POLICY.waits_in_queue(delay) {
            self.delete_next(index);
        } else {
            self.put_back(index);
        }
    }

    fn ask(&mut self, setup: &Setup, index: usize) {
        let worker = self.workers[index];
        let cell = &self.cells[worker.report];
        let turn = worker.turn.max(1);
        self.workers[index].turn = turn;
        let journalled = cell.journal[usize::from(turn)];
        // As in the worker's journal, a first attempt does not look for entries of earlier attempts.
        if worker.attempt > 1 && journalled != 0 {
            self.workers[index].basis[usize::from(turn)] = journalled;
            return self.next_turn(setup, index);
        }
        let is_fenced = turn == 1 || !setup.seeded(Bug::UnfencedTurns);
        self.workers[index].at = if is_fenced { At::Fence } else { At::Call };
    }

    /// Calls the model, which answers and is paid.
    fn call(&mut self, setup: &Setup, index: usize) {
        let worker = self.workers[index];
        let cell = &mut self.cells[worker.report];
        if worker.excuse == Excuse::Granted {
            self.workers[index].excuse = Excuse::Used;
        } else {
            cell.calls += 1;
        }
        self.workers[index].at = At::Journal;
        if setup.seeded(Bug::JournalAfterUse) {
            self.workers[index].basis[usize::from(worker.turn)] = worker.attempt;
            self.next_turn(setup, index);
        }
    }

    fn next_turn(&mut self, setup: &Setup, index: usize) {
        let worker = &mut self.workers[index];
        worker.at = match worker.turn == setup.turns {
            true if setup.seeded(Bug::CompleteBeforeArtifacts) => At::Complete,
            true => At::Put,
            false => At::Ask,
        };
        if worker.turn < setup.turns {
            worker.turn += 1;
        }
    }

    /// Writes a journal entry unless it exists, and continues with the existing one.
    fn journal(&mut self, setup: &Setup, index: usize, entry: usize) {
        let worker = &mut self.workers[index];
        let stored = &mut self.cells[worker.report].journal[entry];
        if *stored == 0 || setup.seeded(Bug::JournalOverwrites) {
            *stored = worker.attempt;
        }
        worker.basis[entry] = *stored;
    }

    /// Makes a fenced write, and continues with the step `after`.
    fn write(&mut self, setup: &Setup, index: usize, command: &Command, after: At) {
        match self.fenced(setup, index, command) {
            Ok(()) => {
                let Worker { report, attempt, basis, .. } = self.workers[index];
                if matches!(command, Command::Complete { .. }) {
                    self.cells[report].published = Some((attempt, basis));
                }
                self.workers[index].at = after;
            }
            Err(Stop::CancelRequested) => self.workers[index].at = At::Settle(Settle::HonourCancel),
            Err(Stop::LeaseLost | Stop::DeadlinePassed) => self.put_back(index),
        }
    }

    fn fenced(&mut self, setup: &Setup, index: usize, command: &Command) -> Result<(), Stop> {
        let Worker { report, attempt, .. } = self.workers[index];
        if self.execute(setup, report, command, Some(index)) {
            return Ok(());
        }
        match &self.cells[report].row {
            Some(row) if is_current(row, attempt) && row.cancel_requested => Err(Stop::CancelRequested),
            Some(row) if is_current(row, attempt) => Err(Stop::DeadlinePassed),
            _ => Err(Stop::LeaseLost),
        }
    }

    fn settle(&mut self, setup: &Setup, index: usize, settle: Settle) {
        let attempt = u32::from(self.workers[index].attempt);
        let command = match settle {
            Settle::RetryLater => Command::RetryLater { attempt, delay: delay(attempt) },
            Settle::Release => Command::Release { attempt },
            Settle::FailAfterDeadline | Settle::FailPermanent => Command::Fail { attempt },
            Settle::HonourCancel => Command::HonourCancel { attempt },
        };
        let in_queue = POLICY.waits_in_queue(delay(attempt));
        match self.fenced(setup, index, &command) {
            Ok(()) if settle == Settle::Release || (settle == Settle::RetryLater && in_queue) => {
                self.put_back(index);
            }
            Ok(()) => {
                // An earlier try, or another worker that found the report abandoned, may have recorded the wait.
                self.workers[index].promised |= settle == Settle::RetryLater;
                self.delete_next(index);
            }
            Err(Stop::CancelRequested) => self.workers[index].at = At::Settle(Settle::HonourCancel),
            Err(Stop::DeadlinePassed) => self.workers[index].at = At::Settle(Settle::FailAfterDeadline),
            Err(Stop::LeaseLost) => self.put_back(index),
        }
    }

    /// Returns whether a heartbeat now would stop the worker or renew an expired lease.
    pub(crate) fn beat_matters(&self, index: usize) -> bool {
        let worker = &self.workers[index];
        let cell = &self.cells[worker.report];
        worker.at.works()
            && cell.row.as_ref().is_some_and(|row| {
                !is_current(row, worker.attempt) || row.cancel_requested || !cell.lease_unexpired()
            })
    }

    /// Renews the lease, or stops the pipeline if that is rejected or a cancellation is pending.
    pub(crate) fn beat(&mut self, setup: &Setup, index: usize) {
        let Worker { report, attempt, .. } = self.workers[index];
        let renew = Command::Renew { attempt: attempt.into() };
        if !self.execute(setup, report, &renew, Some(index)) {
            self.excuse_answer(index);
            self.put_back(index);
        } else if self.cells[report].row.as_ref().is_some_and(|row| row.cancel_requested) {
            self.stop_with(index, Settle::HonourCancel);
        }
    }

    /// Stops the pipeline and continues with `settle`.
    pub(crate) fn stop_with(&mut self, index: usize, settle: Settle) {
        self.excuse_answer(index);
        let worker = &mut self.workers[index];
        worker.at = At::Settle(settle);
        (worker.turn, worker.basis) = (0, [0; 3]);
    }

    /// Stops the pipeline because of a transient error.
    pub(crate) fn stop_transient(&mut self, setup: &Setup, index: usize) {
        let late = self.cells[self.workers[index].report].deadline_passed();
        let fails = late || setup.seeded(Bug::TransientFails);
        self.stop_with(index, if fails { Settle::FailAfterDeadline } else { Settle::RetryLater });
    }

    /// Returns the message to the queue and the worker to idle.
    pub(crate) fn put_back(&mut self, index: usize) {
        let worker = self.workers[index];
        if worker.receipt == Receipt::Fresh {
            self.cells[worker.report].visible += 1;
        }
        self.workers[index] = Worker::default();
    }

    /// Kills the worker; its report, lease and message stay as they are.
    pub(crate) fn crash(&mut self, index: usize) {
        self.excuse_answer(index);
        self.put_back(index);
    }

    /// Decides to delete the message, because the report has ended or waits outside the queue.
    fn delete_next(&mut self, index: usize) {
        let waits = self.cells[self.workers[index].report].waits_outside_queue();
        let worker = &mut self.workers[index];
        worker.at = At::Delete;
        worker.promised |= waits;
    }

    /// Deletes the message of a report that another worker holds.
    pub(crate) fn delete_duplicate(&mut self, index: usize) {
        let held = self.cells[self.workers[index].report].lease_unexpired();
        self.workers[index].promised = held;
        self.delete(index);
        self.workers[index] = Worker::default();
    }

    /// Returns whether the report could be claimed, were it not for the limit on its tenant.
    pub(crate) fn may_wait(&self, index: usize) -> bool {
        let cell = &self.cells[self.workers[index].report];
        cell.row.is_some() && !cell.is_terminal() && !cell.lease_unexpired() && !cell.must_wait()
    }

    /// Deletes the message, unless the receipt is stale.
    fn delete(&mut self, index: usize) {
        self.watch_delete(index);
        self.workers[index].receipt = Receipt::None;
    }

    /// Deletes the message with a stale receipt, which a queue may accept.
    pub(crate) fn delete_stale(&mut self, index: usize) {
        self.watch_delete(index);
        let report = self.workers[index].report;
        self.workers[index] = Worker::default();
        if self.cells[report].visible > 0 {
            self.cells[report].visible -= 1;
        } else if let Some(other) =
            self.workers.iter_mut().find(|other| other.report == report && other.receipt == Receipt::Fresh)
        {
            other.receipt = Receipt::Stale;
        }
    }

    fn watch_delete(&mut self, index: usize) {
        let worker = self.workers[index];
        let cell = &self.cells[worker.report];
        // A report that was resubmitted since the receive had ended before, and has a new message.
        let ended = cell.status().is_some_and(Status::is_terminal) || cell.generation != worker.generation;
        if worker.receipt != Receipt::None && !ended && !worker.promised {
            self.violations.record(Violation::OpenReportDeleted);
        }
    }
}
