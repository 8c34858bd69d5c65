//! A worker: receive, claim, gather, ask the model, journal, put, complete, delete; and how it
//! settles what goes wrong. It mirrors the job, lease, pipeline and journal of `worker-service`.

use std::time::Duration;

use domain::lifecycle::{Command, Status};

use crate::{
    properties::{Step, is_current},
    setup::{Bug, POLICY, Setup},
    world::{At, Excuse, Receipt, Settle, Worker, World},
};

/// Why a write through the lease did not happen.
enum Stop {
    LeaseLost,
    CancelRequested,
}

/// Waits are left to the scheduler, which may let any time pass.
const DELAY: Duration = Duration::ZERO;

impl World {
    /// Takes a message of `report` out of sight.
    pub(crate) fn receive(&mut self, setup: &Setup, index: usize, report: usize) {
        let cell = &mut self.cells[report];
        cell.visible -= 1;
        let attempt = cell.row.as_ref().map_or(0, |row| row.attempt);
        self.workers[index] = Worker {
            at: At::Claim,
            report,
            receipt: Receipt::Fresh,
            // Higher than in any claim that this worker made of the report and that was carried out.
            name: u8::try_from(attempt).unwrap() + 1,
            generation: cell.generation,
            ..Worker::default()
        };
        if setup.coarse {
            self.step(setup, index);
        }
    }

    /// The worker's next step.
    pub(crate) fn step(&mut self, setup: &Setup, index: usize) {
        self.fine_step(setup, index);
        let at = self.workers[index].at;
        if setup.coarse && matches!(at, At::AdvanceToAssess | At::Put) {
            self.fine_step(setup, index);
        }
    }

    /// One step, whatever the configuration takes together.
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
            At::Gather => {
                self.keep(setup, index, 0);
                next(self, At::AdvanceToAssess);
            }
            At::AdvanceToAssess | At::Fence => {
                self.write(setup, index, &Command::Advance { attempt }, At::Ask);
            }
            At::Ask => self.ask(setup, index),
            At::Journal if setup.seeded(Bug::JournalAfterUse) => {
                self.keep(setup, index, worker.turn.into());
                next(self, At::Delete);
            }
            At::Journal => {
                self.keep(setup, index, worker.turn.into());
                self.next_turn(setup, index);
            }
            At::AdvanceToRender => {
                let unsound = setup.seeded(Bug::CompleteBeforeArtifacts);
                let after = if unsound { At::Complete } else { At::Put };
                self.write(setup, index, &Command::Advance { attempt }, after);
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
            worker.more_attempts = row.attempt < row.attempts_allowed;
        } else if row.status.is_terminal() {
            worker.at = At::Delete;
        } else if cell.lease_runs() {
            self.put_back(index);
        } else {
            worker.at = At::GiveUp;
        }
    }

    fn ask(&mut self, setup: &Setup, index: usize) {
        let worker = self.workers[index];
        let cell = &mut self.cells[worker.report];
        let turn = worker.turn.max(1);
        self.workers[index].turn = turn;
        let kept = cell.journal[usize::from(turn)];
        // As the journal does: a first attempt does not look for what attempts before it left.
        if worker.attempt > 1 && kept != 0 {
            self.workers[index].basis[usize::from(turn)] = kept;
            return self.next_turn(setup, index);
        }
        if worker.excuse == Excuse::Granted {
            self.workers[index].excuse = Excuse::Used;
        } else {
            cell.calls += 1;
        }
        self.workers[index].at = At::Journal;
        if setup.seeded(Bug::JournalAfterUse) {
            self.workers[index].basis[usize::from(turn)] = worker.attempt;
            self.next_turn(setup, index);
        }
    }

    fn next_turn(&mut self, setup: &Setup, index: usize) {
        let worker = &mut self.workers[index];
        worker.at = if worker.turn == setup.turns {
            At::AdvanceToRender
        } else if setup.seeded(Bug::UnfencedTurns) {
            At::Ask
        } else {
            At::Fence
        };
        if worker.turn < setup.turns {
            worker.turn += 1;
        }
    }

    /// Puts a journal entry unless there is one, and goes on with what is there.
    fn keep(&mut self, setup: &Setup, index: usize, entry: usize) {
        let worker = &mut self.workers[index];
        let kept = &mut self.cells[worker.report].journal[entry];
        if *kept == 0 || setup.seeded(Bug::JournalOverwrites) {
            *kept = worker.attempt;
        }
        worker.basis[entry] = *kept;
    }

    /// A write with the fencing token; `after` is the step after it.
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
            Err(Stop::LeaseLost) => self.put_back(index),
        }
    }

    fn fenced(&mut self, setup: &Setup, index: usize, command: &Command) -> Result<(), Stop> {
        let Worker { report, attempt, .. } = self.workers[index];
        if self.execute(setup, report, command, Some(index)) {
            return Ok(());
        }
        match &self.cells[report].row {
            Some(row) if is_current(row, attempt) && row.cancel_requested => Err(Stop::CancelRequested),
            _ => Err(Stop::LeaseLost),
        }
    }

    fn settle(&mut self, setup: &Setup, index: usize, settle: Settle) {
        let Worker { report, attempt, .. } = self.workers[index];
        let attempt = u32::from(attempt);
        let command = match settle {
            Settle::RetryLater => Command::RetryLater { attempt, delay: DELAY },
            Settle::Release => Command::Release { attempt, delay: DELAY },
            Settle::FailSpent | Settle::FailPermanent => Command::Fail { attempt },
            Settle::HonourCancel => Command::HonourCancel { attempt },
        };
        let open = !self.cells[report].is_terminal();
        match self.fenced(setup, index, &command) {
            Ok(()) => match settle {
                Settle::RetryLater | Settle::Release => self.put_back(index),
                Settle::FailSpent | Settle::FailPermanent | Settle::HonourCancel => {
                    let failures = u32::from(self.cells[report].troubles) + 1;
                    if settle == Settle::FailSpent && open && failures < POLICY.attempts {
                        self.broken.note(Step::AttemptsMiscounted);
                    }
                    self.workers[index].at = At::Delete;
                }
            },
            Err(Stop::CancelRequested) => self.workers[index].at = At::Settle(Settle::HonourCancel),
            Err(Stop::LeaseLost) => self.put_back(index),
        }
    }

    /// Whether a heartbeat now would tell the worker something or renew what ran out.
    pub(crate) fn beat_matters(&self, index: usize) -> bool {
        let worker = &self.workers[index];
        let cell = &self.cells[worker.report];
        worker.at.works()
            && cell.row.as_ref().is_some_and(|row| {
                !is_current(row, worker.attempt) || row.cancel_requested || !cell.lease_runs()
            })
    }

    /// The heartbeat renews the lease, or stops the pipeline wherever it is.
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

    /// Ends the pipeline and goes on to settle.
    pub(crate) fn stop_with(&mut self, index: usize, settle: Settle) {
        self.excuse_answer(index);
        let worker = &mut self.workers[index];
        worker.at = At::Settle(settle);
        (worker.turn, worker.basis) = (0, [0; 3]);
    }

    /// Ends the pipeline over an error that may pass.
    pub(crate) fn stop_transient(&mut self, index: usize) {
        let more = self.workers[index].more_attempts;
        self.stop_with(index, if more { Settle::RetryLater } else { Settle::FailSpent });
    }

    /// Leaves the message to be received again and the worker free.
    pub(crate) fn put_back(&mut self, index: usize) {
        let worker = self.workers[index];
        if worker.receipt == Receipt::Fresh {
            self.cells[worker.report].visible += 1;
        }
        self.workers[index] = Worker::default();
    }

    /// The worker dies: what it holds is left as it is.
    pub(crate) fn crash(&mut self, index: usize) {
        self.excuse_answer(index);
        self.put_back(index);
    }

    /// Deletes by a receipt that is still the newest; by another one nothing happens.
    fn delete(&mut self, index: usize) {
        self.watch_delete(index);
        self.workers[index].receipt = Receipt::None;
    }

    /// Deletes by an old receipt, which a queue may honour.
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
        // What was resubmitted since the message came had ended before, and has a new message.
        let ended = cell.status().is_some_and(Status::is_terminal) || cell.generation != worker.generation;
        if worker.receipt != Receipt::None && !ended {
            self.broken.note(Step::DeletedOpen);
        }
    }
}
