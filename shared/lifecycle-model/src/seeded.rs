//! Seeded bugs. Each must violate exactly the properties named here, which shows that the properties detect
//! something.

use crate::{
    liveness::ENDS,
    properties::{
        ARTIFACTS, CALLS, CANCEL, DEAD_LETTERS, DEADLINE, DELETED, FENCED, JOURNALLED, ONE_LEASE, RETRIED,
        SENT, WAITED, check,
    },
    setup::{Bug, Fault, Setup},
};

/// Asserts that `setup` violates exactly `properties`, and that the same configuration without the bug
/// violates none.
fn breaks(name: &str, setup: Setup, properties: &[&'static str]) {
    let correct = check(&format!("{name}, corrected"), Setup { bug: None, ..setup }, Vec::new());
    assert_eq!(correct.names(), Vec::<&str>::new(), "{name}: broken without the bug");
    assert_breaks(name, setup, properties);
}

fn assert_breaks(name: &str, setup: Setup, properties: &[&'static str]) {
    let verdict = check(name, setup, Vec::new());
    let mut expected = properties.to_vec();
    expected.sort_unstable();
    assert_eq!(verdict.names(), expected, "{name}");
}

#[test]
fn without_fencing_a_worker_writes_without_the_lease() {
    let kinds = &[Fault::LeaseRunsOut, Fault::Repeated];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::NoFencing), ..Setup::CALM };
    breaks("no fencing", setup, &[CALLS, FENCED]);
}

#[test]
fn deleting_before_the_terminal_write_loses_the_report_without_a_sweeper() {
    let kinds = &[Fault::Crash];
    let bug = Some(Bug::DeleteBeforeWrite);
    let setup = Setup { faults: 1, kinds, sweeper: false, bug, ..Setup::CALM };
    breaks("delete before write", setup, &[DELETED, ENDS]);
}

#[test]
fn completing_before_the_artifacts_are_stored_publishes_missing_artifacts() {
    let setup = Setup { bug: Some(Bug::CompleteBeforeArtifacts), ..Setup::CALM };
    breaks("complete before artifacts", setup, &[ARTIFACTS]);
}

#[test]
fn a_claim_under_an_unexpired_lease_takes_the_report_from_its_worker() {
    let kinds = &[Fault::Repeated];
    let setup = Setup { faults: 1, kinds, bug: Some(Bug::ClaimUnderLease), ..Setup::CALM };
    breaks("claim under a lease", setup, &[CALLS, ONE_LEASE]);
}

#[test]
fn without_a_sweeper_a_crash_between_put_and_send_leaves_the_report_stuck() {
    let setup = Setup { faults: 1, kinds: &[Fault::SendFails], ..Setup::CALM };
    breaks("with a sweeper", setup, &[]);
    assert_breaks("no sweeper", Setup { sweeper: false, ..setup }, &[ENDS]);
}

#[test]
fn a_transient_error_that_fails_a_report_ignores_its_deadline() {
    let setup =
        Setup { faults: 1, kinds: &[Fault::Transient], bug: Some(Bug::TransientFails), ..Setup::CALM };
    breaks("transient error fails", setup, &[DEADLINE]);
}

#[test]
fn retrying_without_end_ignores_the_deadline() {
    let kinds = &[Fault::Transient, Fault::DeadlinePasses];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::RetriedWithoutEnd), ..Setup::CALM };
    breaks("retried without end", setup, &[RETRIED]);
}

#[test]
fn a_claim_during_a_wait_lets_a_duplicate_message_bypass_the_back_off() {
    let kinds = &[Fault::Transient, Fault::Repeated];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::ClaimDuringWait), ..Setup::CALM };
    breaks("claim during a wait", setup, &[WAITED]);
}

#[test]
fn deleting_a_message_without_recording_the_wait_loses_the_report_without_a_sweeper() {
    let kinds = &[Fault::TenantLimit];
    let bug = Some(Bug::WaitUnrecorded);
    let setup = Setup { faults: 1, kinds, bug, ..Setup::CALM };
    breaks("wait unrecorded", setup, &[DELETED]);
}

#[test]
fn without_a_sweeper_a_report_that_waits_outside_the_queue_is_stuck() {
    let setup = Setup { faults: 1, kinds: &[Fault::TenantLimit], ..Setup::CALM };
    assert_breaks("waiting without a sweeper", Setup { sweeper: false, ..setup }, &[ENDS]);
}

#[test]
fn a_sweeper_that_ignores_the_queue_sends_the_messages_of_a_backlog_twice() {
    let setup = Setup { faults: 1, kinds: &[Fault::Backlog], bug: Some(Bug::SweeperFloods), ..Setup::CALM };
    breaks("sweeper floods", setup, &[SENT]);
}

#[test]
fn a_dead_letter_that_fails_an_open_report_ignores_its_deadline() {
    let kinds = &[Fault::DeadLettered];
    let setup = Setup { faults: 1, kinds, bug: Some(Bug::DeadLetterFailsEarly), ..Setup::CALM };
    breaks("dead letter fails early", setup, &[DEADLINE]);
}

#[test]
fn journalling_an_answer_after_its_use_pays_for_it_again() {
    let kinds = &[Fault::Crash];
    let setup = Setup { faults: 1, kinds, bug: Some(Bug::JournalAfterUse), ..Setup::CALM };
    breaks("journal after use", setup, &[CALLS, JOURNALLED]);
}

#[test]
fn an_overwritten_journal_no_longer_matches_the_report() {
    let kinds = &[Fault::LeaseRunsOut, Fault::Repeated];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::JournalOverwrites), ..Setup::CALM };
    breaks("journal overwrites", setup, &[JOURNALLED]);
}

#[test]
fn continuing_to_the_next_turn_without_the_lease_pays_for_more_than_one_answer_again() {
    let kinds = &[Fault::LeaseRunsOut, Fault::Repeated];
    let setup = Setup { turns: 2, faults: 2, kinds, bug: Some(Bug::UnfencedTurns), ..Setup::CALM };
    breaks("unfenced turns", setup, &[CALLS]);
}

#[test]
fn completing_a_report_ignores_its_promised_cancellation() {
    let setup = Setup { wishes: 1, bug: Some(Bug::CancelIgnored), ..Setup::CALM };
    breaks("cancel ignored", setup, &[CANCEL]);
}

#[test]
fn a_dead_letter_that_outlives_a_resubmission_fails_the_report_again() {
    let kinds = &[Fault::DeadLettered, Fault::DeadlinePasses];
    let setup = Setup { faults: 3, wishes: 1, kinds, bug: Some(Bug::OldDeadLetterFails), ..Setup::CALM };
    breaks("old dead letter fails", setup, &[DEAD_LETTERS]);
}
