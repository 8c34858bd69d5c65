//! Turns at the news service: shared by all workers, in order, bounded, and held when the service asks for it.
use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use aws_adapters::turns::{HOLD_MAX, Turn, Turns};
use domain::time::UtcTime;
use local_stack::{
    TestStack,
    stack::{Component, Options},
};

use crate::support::{clean_company, sanctioned_company, text_at};

const PAUSE: Duration = Duration::from_secs(6);

async fn stack() -> Result<TestStack> {
    let without = vec![Component::Api, Component::Worker];
    TestStack::with(Options { without, ..TestStack::options() }).await
}

fn turns(stack: &TestStack) -> Turns {
    Turns::new(stack.sdk(), &stack.names().table, "news#test".to_owned(), PAUSE)
}

fn at(seconds: u64) -> UtcTime {
    UtcTime::from_epoch_millis(1_767_614_400_000).plus(Duration::from_secs(seconds))
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_their_turns_in_the_order_in_which_they_take_them() -> Result<()> {
    let stack = stack().await?;
    let (a, b) = (turns(&stack), turns(&stack));
    let latest = at(600);
    for turn in 0..10_u64 {
        let worker = if turn % 3 == 0 { &a } else { &b };
        assert_eq!(worker.take(at(0), latest).await?, Turn::At(at(turn * 6)));
    }
    // A later request gets the next free turn, or its own time if the turns before are over.
    assert_eq!(a.take(at(30), at(630)).await?, Turn::At(at(60)));
    assert_eq!(b.take(at(1000), at(1600)).await?, Turn::At(at(1000)));
    assert_eq!(a.take(at(1001), at(1601)).await?, Turn::At(at(1006)));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_workers_never_get_the_same_turn() -> Result<()> {
    let stack = stack().await?;
    let takes = (0..40).map(|_| {
        let turns = turns(&stack);
        tokio::spawn(async move { turns.take(at(0), at(600)).await })
    });
    let mut taken = BTreeSet::new();
    let mut refused = 0;
    for take in takes.collect::<Vec<_>>() {
        match take.await?? {
            Turn::At(time) => assert!(taken.insert(time), "{time} was given twice"),
            Turn::TooLate => refused += 1,
        }
    }
    let expected: BTreeSet<_> = (0..40 - refused).map(|turn| at(turn * 6)).collect();
    assert_eq!(taken, expected, "turns are {PAUSE:?} apart, without gaps");
    assert_eq!(refused, 0);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_comes_too_late_is_not_taken() -> Result<()> {
    let stack = stack().await?;
    let (a, b) = (turns(&stack), turns(&stack));
    for turn in 0..3 {
        assert_eq!(a.take(at(0), at(12)).await?, Turn::At(at(turn * 6)));
    }
    assert_eq!(a.take(at(0), at(12)).await?, Turn::TooLate);
    assert_eq!(b.take(at(0), at(12)).await?, Turn::TooLate);
    // Time passes, and the turn is still free.
    assert_eq!(b.take(at(8), at(20)).await?, Turn::At(at(18)));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_workers_pause_when_the_service_asks_for_it() -> Result<()> {
    let stack = stack().await?;
    let (a, b) = (turns(&stack), turns(&stack));
    assert_eq!(a.held_until().await?, None);
    a.take(at(0), at(600)).await?;
    a.hold(at(1), at(121)).await?;
    assert_eq!(b.held_until().await?, Some(at(121)));
    assert_eq!(b.take(at(2), at(602)).await?, Turn::At(at(121)));
    // A shorter pause changes nothing, and no service can pause all workers for ever.
    b.hold(at(3), at(10)).await?;
    assert_eq!(a.held_until().await?, Some(at(121)));
    b.hold(at(3), at(1_000_000)).await?;
    assert_eq!(a.held_until().await?, Some(at(3).plus(HOLD_MAX)));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_far_in_the_future_comes_from_a_wrong_clock_and_is_replaced() -> Result<()> {
    let stack = stack().await?;
    let (wrong, right) = (turns(&stack), turns(&stack));
    wrong.take(at(10 * 86_400), at(10 * 86_400)).await?;
    assert_eq!(right.take(at(0), at(600)).await?, Turn::At(at(0)));
    assert_eq!(right.take(at(0), at(600)).await?, Turn::At(at(6)));
    stack.stop().await
}

/// With the shortest pause, reports still search one after the other, and each gets its news.
#[tokio::test(flavor = "multi_thread")]
async fn reports_wait_for_their_turn_and_those_without_one_say_so() -> Result<()> {
    let mut options = TestStack::options();
    for (name, value) in [("DOSSIER_NEWS_PAUSE_SECONDS", "1"), ("DOSSIER_NEWS_WAIT_SECONDS", "60")] {
        options.settings.insert(name.to_owned(), value.to_owned());
    }
    let mut stack = TestStack::with(options).await?;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(stack.dev().submit_accepted(&clean_company()).await?);
    }
    for id in &ids {
        let report = stack.dev().wait_for_end(id).await?;
        assert_eq!(news(&report), "ok", "{report}");
    }
    stack.stop_worker().await?;
    // The queue is longer than anybody waits.
    let worker =
        stack.start_worker(&[("DOSSIER_NEWS_WAIT_SECONDS", "2"), ("DOSSIER_NEWS_PAUSE_SECONDS", "60")])?;
    let mut statuses = Vec::new();
    for company in [clean_company(), sanctioned_company()] {
        let id = stack.dev().submit_accepted(&company).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        assert_eq!(text_at(&report, "/status"), "COMPLETED");
        statuses.push(news(&report).to_owned());
        let reasons = report["review"]["reasons"].to_string();
        let failed = news(&report) == "failed";
        assert_eq!(reasons.contains("gave no answer"), failed, "{reasons}");
    }
    assert_eq!(statuses, ["ok", "failed"]);
    worker.stop().await?;
    stack.stop().await
}

fn news(report: &serde_json::Value) -> &str {
    let sources = report["sources"].as_array().unwrap();
    sources.iter().find(|outcome| outcome["source"] == "news").unwrap()["status"].as_str().unwrap()
}
