//! The actions that can happen next: steps of the API, the workers and the sweeper, the passage of time,
//! requests of people ("wishes"), and faults.
//!
//! A step takes less time than any wait, so a lease expires and a report becomes due without a fault only when
//! no step is left that would come before it. If they do so earlier, that is explored as a fault, and so is a
//! deadline that passes.

use domain::lifecycle::{Command, apply};

use crate::{
    setup::{Bug, Fault, POLICY, Setup},
    violations::Violation,
    world::{At, Receipt, Settle, World, now},
};

/// A person's request to cancel or resubmit a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The command that the API tries first to cancel a report.
    Cancel,
    /// The command that the API tries second.
    RequestCancel,
    Resubmit,
}

/// One step of the system. `worker` and `report` are indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Submit {
        report: usize,
    },
    Send {
        report: usize,
    },
    Receive {
        worker: usize,
        report: usize,
    },
    Step {
        worker: usize,
    },
    StaleReceiptDeletes {
        worker: usize,
    },
    /// The worker deletes the message of a report that another worker holds.
    DuplicateDeleted {
        worker: usize,
    },
    Beat {
        worker: usize,
    },
    LeaseExpires {
        report: usize,
    },
    WaitEnds {
        report: usize,
    },
    BecomesDue {
        report: usize,
    },
    SweeperGivesUp {
        report: usize,
    },
    SweeperKeepsQueued {
        report: usize,
    },
    SweeperRedispatches {
        report: usize,
    },
    DeadLetterFails {
        report: usize,
    },
    DeadLetterQueuesAgain {
        report: usize,
    },
    Wish {
        report: usize,
        wish: Wish,
    },
    ReportFault {
        report: usize,
        fault: Fault,
    },
    WorkerFault {
        worker: usize,
        fault: Fault,
    },
}

impl Wish {
    fn command(self) -> Command {
        match self {
            Self::Cancel => Command::Cancel,
            Self::RequestCancel => Command::RequestCancel,
            Self::Resubmit => Command::Resubmit,
        }
    }
}

impl World {
    /// Adds every action that is possible now.
    pub(crate) fn possible(&self, setup: &Setup, actions: &mut Vec<Action>) {
        for report in 0..setup.reports {
            self.possible_for_report(setup, report, actions);
        }
        for worker in 0..self.workers.len() {
            self.possible_for_worker(setup, worker, actions);
        }
    }

    fn possible_for_report(&self, setup: &Setup, report: usize, actions: &mut Vec<Action>) {
        let cell = &self.cells[report];
        let Some(row) = &cell.row else {
            actions.push(Action::Submit { report });
            return;
        };
        let allowed = |command: &Command| apply(Some(row), command, now(), &POLICY).is_ok();
        let may = |fault: Fault| self.faults > 0 && setup.has(fault);

        if cell.to_send > 0 {
            actions.push(Action::Send { report });
            if may(Fault::SendFails) {
                actions.push(Action::ReportFault { report, fault: Fault::SendFails });
            }
        }
        for fault in [Fault::Lost, Fault::DeadLettered] {
            if cell.visible > 0 && may(fault) {
                actions.push(Action::ReportFault { report, fault });
            }
        }
        let letter_is_current =
            setup.seeded(Bug::OldDeadLetterFails) || cell.dead_letter == cell.generation + 1;
        if cell.dead_letter > 0 && !cell.is_terminal() {
            let fails = allowed(&Command::FailDeadLettered) || setup.seeded(Bug::DeadLetterFailsEarly);
            if letter_is_current && fails {
                actions.push(Action::DeadLetterFails { report });
            } else {
                actions.push(Action::DeadLetterQueuesAgain { report });
            }
        }
        if !cell.is_terminal() && !cell.deadline_passed() && may(Fault::DeadlinePasses) {
            actions.push(Action::ReportFault { report, fault: Fault::DeadlinePasses });
        }
        if cell.must_wait() {
            actions.push(Action::WaitEnds { report });
        }
        let in_flight =
            self.workers.iter().any(|worker| worker.report == report && worker.receipt == Receipt::Fresh);
        if (cell.visible > 0 || in_flight) && may(Fault::Repeated) {
            actions.push(Action::ReportFault { report, fault: Fault::Repeated });
        }
        if cell.lease_unexpired() {
            let held = (0..self.workers.len())
                .any(|worker| self.workers[worker].report == report && self.holds_lease(worker));
            if !held {
                actions.push(Action::LeaseExpires { report });
            } else if may(Fault::LeaseRunsOut) {
                actions.push(Action::ReportFault { report, fault: Fault::LeaseRunsOut });
            }
        } else if row.due_at.is_some() && !cell.is_due() {
            if cell.visible == 0 && cell.to_send == 0 && !in_flight {
                actions.push(Action::BecomesDue { report });
            } else if may(Fault::Backlog) {
                actions.push(Action::ReportFault { report, fault: Fault::Backlog });
            }
        }
        if setup.sweeper && cell.is_due() {
            if allowed(&Command::GiveUp) {
                actions.push(Action::SweeperGivesUp { report });
            }
            if allowed(&Command::Redispatch) {
                let waits_in_queue = cell.visible > 0 && !cell.waits_outside_queue();
                if waits_in_queue && !setup.seeded(Bug::SweeperFloods) {
                    actions.push(Action::SweeperKeepsQueued { report });
                } else {
                    actions.push(Action::SweeperRedispatches { report });
                }
            }
        }
        if self.wishes > 0 {
            for wish in [Wish::Cancel, Wish::RequestCancel, Wish::Resubmit] {
                if allowed(&wish.command()) {
                    actions.push(Action::Wish { report, wish });
                }
            }
        }
    }

    fn possible_for_worker(&self, setup: &Setup, worker: usize, actions: &mut Vec<Action>) {
        let this = &self.workers[worker];
        let other = &self.workers[1 - worker];
        let mut add = |fault: Fault, possible: bool| {
            if possible && self.faults > 0 && setup.has(fault) {
                actions.push(Action::WorkerFault { worker, fault });
            }
        };
        add(Fault::Death, this.at != At::Dead && other.at != At::Dead);
        if matches!(this.at, At::Idle | At::Dead) {
            if this.at == At::Idle {
                let waiting = (0..setup.reports).filter(|report| self.cells[*report].visible > 0);
                actions.extend(waiting.map(|report| Action::Receive { worker, report }));
            }
            return;
        }
        let writes =
            matches!(this.at, At::Claim | At::GiveUp | At::Wait | At::Fence | At::Complete | At::Settle(_));
        add(Fault::Crash, true);
        add(Fault::VisibilityEnds, this.receipt == Receipt::Fresh);
        add(Fault::Transient, this.at.works());
        add(Fault::TenantLimit, this.at == At::Claim && self.may_wait(worker));
        add(Fault::Permanent, matches!(this.at, At::Gather | At::Call | At::Put));
        add(Fault::Drain, this.at.works());
        add(Fault::AnswerLost, writes);
        add(Fault::AnswerLostRetried, writes);
        actions.push(Action::Step { worker });
        if this.at == At::Delete && this.receipt == Receipt::Stale {
            actions.push(Action::StaleReceiptDeletes { worker });
        }
        let cell = &self.cells[this.report];
        if setup.sweeper && this.at == At::Claim && cell.lease_unexpired() && !self.is_holder(worker) {
            actions.push(Action::DuplicateDeleted { worker });
        }
        if self.beat_matters(worker) {
            actions.push(Action::Beat { worker });
        }
    }

    /// Returns the state after `action`, or `None` if the action changes nothing.
    pub(crate) fn after(&self, setup: &Setup, action: Action) -> Option<Self> {
        let mut next = self.clone();
        match action {
            Action::Submit { report } => {
                next.execute(setup, report, &Command::Submit, None);
                next.cells[report].to_send += 1;
            }
            Action::Send { report } => {
                next.cells[report].to_send -= 1;
                next.cells[report].visible += 1;
            }
            Action::Receive { worker, report } => next.receive(setup, worker, report),
            Action::Step { worker } => next.step(setup, worker),
            Action::StaleReceiptDeletes { worker } => next.delete_stale(worker),
            Action::DuplicateDeleted { worker } => next.delete_duplicate(worker),
            Action::Beat { worker } => next.beat(setup, worker),
            Action::LeaseExpires { report } => next.expire_lease(report),
            Action::WaitEnds { report } => next.end_wait(report),
            Action::BecomesDue { report } => next.become_due(report),
            Action::SweeperGivesUp { report } => {
                next.execute(setup, report, &Command::GiveUp, None);
            }
            Action::SweeperKeepsQueued { report } => {
                next.execute(setup, report, &Command::KeepQueued { grace: POLICY.pickup_grace }, None);
            }
            Action::SweeperRedispatches { report } => {
                let cell = &next.cells[report];
                if cell.visible > 0 && !cell.waits_outside_queue() {
                    next.violations.record(Violation::SentTwice);
                }
                next.execute(setup, report, &Command::Redispatch, None);
                next.cells[report].to_send += 1;
            }
            Action::DeadLetterFails { report } => {
                next.execute(setup, report, &Command::FailDeadLettered, None);
            }
            Action::DeadLetterQueuesAgain { report } => {
                let cell = &next.cells[report];
                let is_current = cell.dead_letter == cell.generation + 1;
                let taken_care_of = cell.lease_unexpired() || cell.waits_outside_queue() || !is_current;
                // A longer wait than any message is hidden, so that the sweeper sends a new one.
                let wait = Command::Wait { delay: POLICY.queue_wait_max * 2 };
                if taken_care_of || next.execute(setup, report, &wait, None) {
                    next.cells[report].dead_letter = 0;
                } else {
                    return None;
                }
            }
            Action::Wish { report, wish } => {
                next.wishes -= 1;
                next.execute(setup, report, &wish.command(), None);
                if wish == Wish::Resubmit {
                    next.cells[report].to_send += 1;
                    next.cells[report].published = None;
                }
            }
            Action::ReportFault { report, fault } => {
                next.faults -= 1;
                let cell = &mut next.cells[report];
                match fault {
                    Fault::SendFails => cell.to_send -= 1,
                    Fault::Lost => cell.visible -= 1,
                    Fault::DeadLettered => {
                        cell.visible -= 1;
                        cell.dead_letter = cell.generation + 1;
                    }
                    Fault::Repeated => cell.visible += 1,
                    Fault::LeaseRunsOut => next.expire_lease(report),
                    Fault::Backlog => next.become_due(report),
                    Fault::DeadlinePasses => cell.pass_deadline(),
                    _ => return None,
                }
            }
            Action::WorkerFault { worker, fault } => {
                next.faults -= 1;
                next.inject(setup, worker, fault)?;
            }
        }
        Some(next)
    }

    fn inject(&mut self, setup: &Setup, worker: usize, fault: Fault) -> Option<()> {
        match fault {
            Fault::Crash => self.crash(worker),
            Fault::Death => {
                self.crash(worker);
                self.workers[worker].at = At::Dead;
            }
            Fault::VisibilityEnds => {
                self.workers[worker].receipt = Receipt::Stale;
                self.cells[self.workers[worker].report].visible += 1;
            }
            Fault::Transient => self.stop_transient(setup, worker),
            Fault::TenantLimit => self.workers[worker].at = At::Wait,
            Fault::Drain => self.stop_with(worker, Settle::Release),
            Fault::Permanent => self.stop_with(worker, Settle::FailPermanent),
            Fault::AnswerLost | Fault::AnswerLostRetried => {
                let (before, report) = (self.workers[worker], self.workers[worker].report);
                let (row, visible) = (self.cells[report].row.clone(), self.cells[report].visible);
                self.fine_step(setup, worker);
                // The write was applied, but nothing that follows from its answer happened.
                let promised = self.workers[worker].promised;
                (self.workers[worker], self.cells[report].visible) = (before, visible);
                self.workers[worker].promised |= promised;
                if self.cells[report].row == row {
                    return None;
                }
                if fault == Fault::AnswerLost {
                    if before.at.works() {
                        self.stop_transient(setup, worker);
                    } else {
                        self.put_back(worker);
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn expire_lease(&mut self, report: usize) {
        let cell = &mut self.cells[report];
        let until = cell.row.as_ref().and_then(|row| row.lease.as_ref()).map(|lease| lease.expires_at);
        if let Some(until) = until {
            cell.pass(until.epoch_millis() - now().epoch_millis() + 1);
        }
    }

    fn end_wait(&mut self, report: usize) {
        let cell = &mut self.cells[report];
        if let Some(not_before) = cell.row.as_ref().and_then(|row| row.not_before) {
            cell.pass(not_before.epoch_millis() - now().epoch_millis());
        }
    }

    fn become_due(&mut self, report: usize) {
        let cell = &mut self.cells[report];
        if let Some(due) = cell.row.as_ref().and_then(|row| row.due_at) {
            cell.pass(due.epoch_millis() - now().epoch_millis());
        }
    }
}
