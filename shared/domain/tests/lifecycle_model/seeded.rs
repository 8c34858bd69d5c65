//! Mistakes put in on purpose: each must break the properties named here and no other, or the
//! checker proves nothing.

use crate::{
    model::explore,
    properties::{ARTIFACTS, ATTEMPTS, CALLS, CANCEL, DELETED, ENDS, FENCED, JOURNALLED, LETTERS, ONE_LEASE},
    setup::{Bug, Fault, Setup},
};

/// Asserts that `setup` breaks exactly `properties`, and that nothing is broken in the same
/// configuration without the bug.
fn breaks(name: &str, setup: Setup, properties: &[&'static str]) {
    let sound = explore(&format!("{name}, put right"), Setup { bug: None, ..setup }, Vec::new());
    assert_eq!(sound.names(), Vec::<&str>::new(), "{name}: broken without the bug");
    assert_breaks(name, setup, properties);
}

fn assert_breaks(name: &str, setup: Setup, properties: &[&'static str]) {
    let verdict = explore(name, setup, Vec::new());
    let mut expected = properties.to_vec();
    expected.sort_unstable();
    assert_eq!(verdict.names(), expected, "{name}");
}

#[test]
fn leaving_out_the_fencing_check_lets_a_worker_write_without_the_lease() {
    let kinds = &[Fault::LeaseRunsOut, Fault::Repeated];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::NoFencing), ..Setup::CALM };
    breaks("no fencing", setup, &[CALLS, FENCED]);
}

#[test]
fn deleting_before_the_terminal_write_loses_the_report_when_no_sweeper_runs() {
    let kinds = &[Fault::Crash];
    let bug = Some(Bug::DeleteBeforeWrite);
    let setup = Setup { faults: 1, kinds, sweeper: false, bug, ..Setup::CALM };
    breaks("delete before write", setup, &[DELETED, ENDS]);
}

#[test]
fn completing_before_the_artifacts_are_put_shows_what_is_not_there() {
    let setup = Setup { bug: Some(Bug::CompleteBeforeArtifacts), ..Setup::CALM };
    breaks("complete before artifacts", setup, &[ARTIFACTS]);
}

#[test]
fn claiming_under_a_lease_that_runs_takes_the_report_from_its_worker() {
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
fn a_throttle_that_spends_an_attempt_fails_a_report_too_early() {
    let kinds = &[Fault::Throttled, Fault::Transient];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::ThrottleSpendsAttempt), ..Setup::CALM };
    breaks("throttle spends an attempt", setup, &[ATTEMPTS]);
}

#[test]
fn journalling_an_answer_after_its_use_buys_it_again() {
    let kinds = &[Fault::Crash];
    let setup = Setup { faults: 1, kinds, bug: Some(Bug::JournalAfterUse), ..Setup::CALM };
    breaks("journal after use", setup, &[CALLS, JOURNALLED]);
}

#[test]
fn a_journal_that_can_be_overwritten_takes_the_ground_from_under_a_report() {
    let kinds = &[Fault::LeaseRunsOut, Fault::Repeated];
    let setup = Setup { faults: 2, kinds, bug: Some(Bug::JournalOverwrites), ..Setup::CALM };
    breaks("journal overwrites", setup, &[JOURNALLED]);
}

#[test]
fn going_on_to_the_next_turn_without_the_lease_buys_more_than_one_answer_again() {
    let kinds = &[Fault::LeaseRunsOut, Fault::Repeated];
    let setup = Setup { turns: 2, faults: 2, kinds, bug: Some(Bug::UnfencedTurns), ..Setup::CALM };
    breaks("unfenced turns", setup, &[CALLS]);
}

#[test]
fn completing_a_report_whose_cancel_was_promised_breaks_the_promise() {
    let setup = Setup { wishes: 1, bug: Some(Bug::CancelForgotten), ..Setup::CALM };
    breaks("cancel forgotten", setup, &[CANCEL]);
}

#[test]
fn a_dead_letter_that_outlives_a_resubmission_fails_the_report_again() {
    let kinds = &[Fault::DeadLettered];
    let setup = Setup { faults: 1, wishes: 1, kinds, bug: Some(Bug::OldLetterBuries), ..Setup::CALM };
    breaks("old letter buries", setup, &[LETTERS]);
}
