//! The ledgers of tenants' days: budgets hold and sums are exact, however many workers spend, whichever answers are
//! lost, and whichever process stops. No item grows with the calls in flight.
use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_adapters::spending::{
    LEDGER_IDLE, LedgerEntry, Ledgers, Reserved, ReservedAmount, ReservedCall, Spending,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::identity::{ReportId, Tenant};
use domain::unsettled::Unsettled;
use domain::usage::{Day, MicroUsd, TenantUsage};
use local_stack::TestStack;
use local_stack::fault_proxy;
use local_stack::stack::{Component, Options};
use service_runtime::clock::Clock;
use tokio::task::JoinSet;

fn tenant() -> Tenant {
    "dev".parse().unwrap()
}

fn day() -> Day {
    "2026-11-24".parse().unwrap()
}

fn usd(millionths: u64) -> MicroUsd {
    MicroUsd::new(millionths)
}

fn spent(cost: u64) -> TenantUsage {
    TenantUsage { input_tokens: 10, output_tokens: 1, cost: usd(cost), model_calls: 1, reports: 1 }
}

fn spent_times(cost: u64, count: u64) -> TenantUsage {
    (0..count).fold(TenantUsage::default(), |sum, _| sum.plus(spent(cost)))
}

/// A table without services, and a clock at noon of the day.
struct Books {
    stack: TestStack,
    spending: Spending,
    clock: Clock,
}

impl Books {
    async fn new(rules: &[&str]) -> Result<Self> {
        let mut options =
            Options { without: vec![Component::Api, Component::Worker], ..TestStack::options() };
        if !rules.is_empty() {
            let rules = rules.iter().map(|rule| rule.parse()).collect::<Result<_, _>>()?;
            options.fault_proxy = Some(fault_proxy::Options { rules, observer: None });
        }
        let stack = TestStack::with(options).await?;
        let spending = stack.adapters()?.0.spending;
        Ok(Self { stack, spending, clock: Clock::fixed(day().start().plus(Duration::from_secs(12 * 3600))) })
    }

    /// Returns the ledgers of another worker process.
    fn process(&self) -> Ledgers {
        Ledgers::new(self.spending.clone(), self.clock.clone())
    }

    /// Lets every lost answer arrive from now on.
    fn heal(&self) {
        self.stack.fault_proxy().unwrap().plan().set(Vec::new());
    }

    async fn usage(&self) -> Result<TenantUsage> {
        let days = self.spending.by_day(&tenant(), day(), day()).await?;
        assert!(days.len() <= 1, "{days:?}");
        Ok(days.first().map(|(_, usage)| *usage).unwrap_or_default())
    }

    async fn committed(&self) -> Result<MicroUsd> {
        Ok(self.spending.committed(&tenant(), day()).await?)
    }

    /// Reads an item of the day: the day item itself, or that of a ledger.
    async fn item(&self, ledger: Option<&str>) -> Result<HashMap<String, AttributeValue>> {
        let day_item = format!("U#{}#{}", tenant(), day());
        let key = ledger.map_or_else(|| day_item.clone(), |id| format!("{day_item}#{id}"));
        let table = &self.stack.infrastructure().names().table;
        let request = self.stack.clients().dynamodb.get_item().table_name(table).consistent_read(true);
        let answer = request.key("pk", AttributeValue::S(key)).send().await?;
        answer.item.context("the item exists")
    }

    /// Counts the slices of ledgers that are not folded.
    async fn slices(&self) -> Result<usize> {
        let item = self.item(None).await?;
        let is_slice = |value: &AttributeValue| value.as_s().is_ok_and(|text| text != "folded");
        Ok(item.iter().filter(|(name, value)| name.starts_with("slice.") && is_slice(value)).count())
    }
}

/// Reserves until an answer arrives. Returns `None` if the budget is exceeded.
async fn reserve(ledgers: &Ledgers, amount: u64, budget: Option<u64>) -> Option<ReservedAmount> {
    loop {
        match ledgers.reserve(&tenant(), day(), usd(amount), budget.map(usd)).await {
            Ok(Reserved::Yes(reserved)) => return Some(reserved),
            Ok(Reserved::Exceeded { committed }) => {
                assert!(committed.plus(usd(amount)) > usd(budget.unwrap()), "{committed} leaves room");
                return None;
            }
            Err(_) => {}
        }
    }
}

async fn settle_for(books: &Books, entry: &LedgerEntry, cost: u64) -> Result<()> {
    Ok(books.spending.settle_for(&tenant(), day(), entry, spent(cost)).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_workers_never_exceed_the_budget_although_answers_are_lost() -> Result<()> {
    const BUDGET: u64 = 3_050;
    let books = Books::new(&["DynamoDb.UpdateItem=lost-answer:0.3"]).await?;
    let processes: Vec<Ledgers> = (0..4).map(|_| books.process()).collect();
    let mut calls = JoinSet::new();
    for number in 0..100 {
        let ledgers = processes[number % processes.len()].clone();
        calls.spawn(async move {
            let Some(reserved) = reserve(&ledgers, 100, Some(BUDGET)).await else { return false };
            reserved.settle(spent(70)).await.unwrap();
            true
        });
    }
    let granted = calls.join_all().await.into_iter().filter(|granted| *granted).count() as u64;
    books.heal();
    // A call that is settled below its reservation makes room for others of its worker. Each worker may keep less
    // than a call unused.
    assert!((27..=43).contains(&granted), "{granted}");
    assert_eq!(books.usage().await?, spent_times(70, granted));
    let committed = books.committed().await?;
    assert!(committed >= usd(granted * 70) && committed <= usd(BUDGET), "{committed}");

    // Workers that stop return what they have not used, and leave nothing in the day item.
    for ledgers in &processes {
        ledgers.close().await;
    }
    assert_eq!((books.committed().await?, books.slices().await?), (usd(granted * 70), 0));
    assert_eq!(books.usage().await?, spent_times(70, granted));
    let item = books.item(None).await?;
    assert_eq!(item["committed"], AttributeValue::N((granted * 70).to_string()));
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_exact_although_answers_are_lost_and_other_workers_settle_the_same_calls() -> Result<()> {
    let books = Books::new(&["DynamoDb.UpdateItem=lost-answer:0.3"]).await?;
    let (first, second) = (books.process(), books.process());
    let mut calls = JoinSet::new();
    for number in 0..60_u64 {
        let (ledgers, spending) = (first.clone(), books.spending.clone());
        calls.spawn(async move {
            let mut reserved = reserve(&ledgers, 100, None).await.unwrap();
            let entry = reserved.entry();
            reserved.answered();
            // A worker that continues the report finds the answer, before or after this one has settled it.
            let other = async {
                while spending.settle_for(&tenant(), day(), &entry, spent(number)).await.is_err() {}
            };
            let own = async { reserved.settle(spent(number)).await.unwrap() };
            match number % 3 {
                0 => drop(tokio::join!(own, other)),
                1 => own.await,
                _ => {
                    other.await;
                    own.await;
                }
            }
        });
    }
    calls.join_all().await;
    let reserved = reserve(&second, 100, None).await.unwrap();
    reserved.settle(spent(1_000)).await?;
    books.heal();
    let expected = (0..60).map(spent).fold(spent(1_000), TenantUsage::plus);
    assert_eq!(books.usage().await?, expected);
    for ledgers in [first, second] {
        ledgers.close().await;
    }
    assert_eq!((books.usage().await?, books.slices().await?), (expected, 0));
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_keeps_the_slice_reserved_and_another_worker_settles_the_stored_answers() -> Result<()> {
    let books = Books::new(&[]).await?;
    let crashing = books.process();
    let mut answered = reserve(&crashing, 100, Some(1_000)).await.context("there is room")?;
    let entry = answered.entry();
    answered.answered();
    let mut settled = reserve(&crashing, 100, Some(1_000)).await.context("there is room")?;
    let settled_entry = settled.entry();
    settled.answered();
    settled.settle(spent(60)).await?;
    let unanswered = reserve(&crashing, 100, Some(1_000)).await.context("there is room")?;
    // The process is gone: nothing is dropped in order.
    std::mem::forget((answered, unanswered, crashing));
    let committed = books.committed().await?;
    assert_eq!(committed, usd(260), "what it spent, and two calls whose outcome is unknown");

    let other = books.process();
    assert!(
        reserve(&other, 741, Some(1_000)).await.is_none(),
        "the slice of the crashed worker stays reserved"
    );
    let rest = reserve(&other, 740, Some(1_000)).await.context("the rest is free")?;
    rest.release();
    for _ in 0..2 {
        settle_for(&books, &entry, 70).await?;
        settle_for(&books, &settled_entry, 60).await?;
    }
    assert_eq!(books.usage().await?, spent(70).plus(spent(60)));
    other.close().await;
    assert_eq!(books.committed().await?, committed, "a crashed worker's slice already contains the cost");
    assert_eq!(books.slices().await?, 1, "only that of the crashed worker");
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_item_grows_with_the_calls_in_flight() -> Result<()> {
    let books = Books::new(&[]).await?;
    let ledgers = books.process();
    let budget = Some(1_000_000_000);
    let first = reserve(&ledgers, 100, budget).await.context("there is room")?;
    let names = async || anyhow::Ok(books.item(None).await?.len());
    let (alone, before) = (names().await?, books.stack.aws_calls());
    let mut open = Vec::new();
    for _ in 0..1_000 {
        open.push(reserve(&ledgers, 100, budget).await.context("there is room")?);
    }
    assert_eq!(names().await?, alone, "the day item has an attribute for each ledger, not for each call");
    let (_, written) = books
        .stack
        .aws_calls()
        .into_iter()
        .find(|((_, operation), _)| operation == "UpdateItem")
        .context("slices were written")?;
    let written_before =
        before.iter().find(|((_, operation), _)| operation == "UpdateItem").map_or(0, |(_, count)| *count);
    assert!(written - written_before <= 1_000 / 16, "a slice is taken for many calls");

    let entry = first.entry();
    first.settle(spent(70)).await?;
    let item = books.item(Some(&entry.ledger)).await?;
    let bits = item["open"].as_b().map_or(0, |bits| bits.as_ref().len());
    assert!((125..=126).contains(&bits), "a bit for each open call: {bits}");
    assert_eq!(item.len(), 12, "{item:?}");
    for reserved in open {
        reserved.release();
    }
    ledgers.close().await;
    assert_eq!((books.committed().await?, books.usage().await?), (usd(70), spent(70)));
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_slice_is_returned_after_a_while_and_a_ledger_is_folded_after_its_day() -> Result<()> {
    const BUDGET: u64 = 10_000;
    let books = Books::new(&[]).await?;
    let (one, other) = (books.process(), books.process());
    let reserved = reserve(&one, 10, Some(BUDGET)).await.context("there is room")?;
    reserved.settle(spent(7)).await?;
    let slice = books.committed().await?;
    assert!(slice > usd(10), "while the budget has much room, a slice is for several calls: {slice}");
    one.tidy().await;
    assert_eq!(books.committed().await?, slice, "it may be needed soon");
    assert!(reserve(&other, BUDGET - 7, Some(BUDGET)).await.is_none());

    books.clock.set(books.clock.now().plus(LEDGER_IDLE));
    one.tidy().await;
    assert_eq!(books.committed().await?, usd(7));
    let rest = reserve(&other, BUDGET - 7, Some(BUDGET)).await.context("the rest is free")?;
    assert!(reserve(&one, 1, Some(BUDGET)).await.is_none());
    drop(rest);

    // The day is over, and no call of it is open.
    books.clock.set(books.clock.now().plus(Duration::from_secs(24 * 3600)));
    one.tidy().await;
    other.tidy().await;
    assert_eq!((books.slices().await?, books.usage().await?), (0, spent(7)));
    assert_eq!(books.committed().await?, usd(BUDGET), "the outcome of the dropped call is unknown");
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_budget_costs_and_calls_with_an_unknown_outcome_are_recorded() -> Result<()> {
    let books = Books::new(&[]).await?;
    let ledgers = books.process();
    reserve(&ledgers, 100, None).await.unwrap().settle(spent(60)).await?;
    assert_eq!(books.committed().await?, usd(60));
    reserve(&ledgers, 100, None).await.unwrap().lose().await?;
    assert_eq!(books.committed().await?, usd(160));
    // A cost above its reservation counts as well.
    reserve(&ledgers, 10, None).await.unwrap().settle(spent(40)).await?;
    assert_eq!(books.committed().await?, usd(200));
    ledgers.close().await;
    assert_eq!((books.committed().await?, books.usage().await?), (usd(200), spent(60).plus(spent(40))));
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_costs_more_than_its_reservation_takes_it_from_the_budget() -> Result<()> {
    let books = Books::new(&[]).await?;
    let ledgers = books.process();
    reserve(&ledgers, 100, Some(150)).await.context("there is room")?.settle(spent(160)).await?;
    assert_eq!(books.committed().await?, usd(160));
    assert!(reserve(&books.process(), 1, Some(150)).await.is_none());
    books.stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reservations_of_earlier_versions_are_read_and_settled() -> Result<()> {
    let books = Books::new(&[]).await?;
    let report = ReportId::from(uuid::Uuid::now_v7());
    let n = |number: u64| AttributeValue::N(number.to_string());
    let table = &books.stack.infrastructure().names().table;
    let mut put = books.stack.clients().dynamodb.put_item().table_name(table);
    put = put.item("pk", AttributeValue::S(format!("U#{}#{}", tenant(), day())));
    for (name, number) in [("committed", 270), ("cost", 70), ("model_calls", 1), ("reports", 1)] {
        put = put.item(name, n(number));
    }
    for call in ["1.1", "2.1"] {
        put = put.item(format!("call.{report}.{call}"), n(100));
    }
    put.item("input_tokens", n(10)).item("output_tokens", n(1)).send().await?;

    let unsettled = Unsettled { calls: 2, amount: usd(200) };
    assert_eq!(books.spending.reserved(&tenant(), report, day()).await?, unsettled);
    let another = ReportId::from(uuid::Uuid::now_v7());
    assert_eq!(books.spending.reserved(&tenant(), another, day()).await?, Unsettled::default());
    // The budget counts them, and the usage of a day is that of all versions.
    let ledgers = books.process();
    assert!(reserve(&ledgers, 31, Some(300)).await.is_none());
    reserve(&ledgers, 30, Some(300)).await.context("there is room")?.settle(spent(20)).await?;
    assert_eq!(books.usage().await?, spent(70).plus(spent(20)));
    let call = ReservedCall { tenant: tenant(), report, attempt: 1, number: 1, day: day() };
    for _ in 0..2 {
        books.spending.settle_reservation(&call, usd(100), spent(50)).await?;
    }
    assert_eq!(books.usage().await?, spent(70).plus(spent(20)).plus(spent(50)));
    assert_eq!(books.committed().await?, usd(250));
    assert_eq!(books.spending.reserved(&tenant(), report, day()).await?.calls, 1);
    ledgers.close().await;
    assert_eq!(books.committed().await?, usd(240));
    books.stack.stop().await
}
