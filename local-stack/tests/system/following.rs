//! ReportWatcher reports: whoever follows hears of each change, and the table is read a bounded number of times for it.
use std::time::Instant;

use crate::support::clean;
use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use local_stack::aws::Service;
use local_stack::stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::{Method, Response};
use serde_json::Value;

/// Followers of each of two reports.
const FOLLOWERS: usize = 200;

struct Stream(Response, String);

impl Stream {
    async fn open(stack: &TestStack, id: &str, last_seen: Option<&str>) -> Result<Self> {
        let mut request = stack.dev().request(Method::GET, &format!("/v1/reports/{id}/events"));
        if let Some(seen) = last_seen {
            request = request.header("last-event-id", seen);
        }
        Ok(Self(request.send().await?.error_for_status()?, String::new()))
    }

    /// The next event's id and report.
    async fn next(&mut self) -> Result<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let (id, data) = (field("id: "), field("data: "));
                self.1 = rest.to_owned();
                if let (Some(id), Some(data)) = (id, data) {
                    return Ok((id, serde_json::from_str(&data)?));
                }
            }
            let chunk = self.0.chunk().await?.context("the stream ended")?;
            self.1.push_str(std::str::from_utf8(&chunk)?);
        }
    }
}

fn reads(stack: &TestStack, operation: &str) -> u64 {
    let calls = stack.aws_calls();
    calls
        .into_iter()
        .filter(|((service, name), _)| *service == Service::DynamoDb && *name == operation)
        .map(|(_, count)| count)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_followers_cost_the_table_no_more_reads_than_one() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let ids = [stack.dev().submit_accepted(&clean()).await?, stack.dev().submit_accepted(&clean()).await?];
    let opened = (0..2 * FOLLOWERS).map(|index| Stream::open(&stack, &ids[index % 2], None));
    let mut streams = try_join_all(opened).await?;
    for stream in &mut streams {
        assert_eq!(stream.next().await?.1["status"], "PENDING");
    }
    let (began, single, many) = (Instant::now(), reads(&stack, "GetItem"), reads(&stack, "BatchGetItem"));
    for id in &ids {
        stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.error_for_status()?;
    }
    for stream in &mut streams {
        assert_eq!(stream.next().await?.1["status"], "CANCELLED");
    }
    // Two looks a second at both reports in one request, and one read for each cancel.
    let looks = reads(&stack, "BatchGetItem") - many;
    assert!(looks as f64 <= 1.0 + began.elapsed().as_secs_f64() * 2.0, "{looks} looks");
    assert_eq!(reads(&stack, "GetItem") - single, 2);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_the_one_before_broke_off() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean()).await?;
    let (seen, _) = Stream::open(&stack, &id, None).await?.next().await?;
    let mut resumed = Stream::open(&stack, &id, Some(&seen)).await?;
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.error_for_status()?;
    let (next, report) = resumed.next().await?;
    assert!(report["status"] == "CANCELLED" && next != seen, "what was seen is not sent again");
    // A client that was away while it happened hears of it, and then of the end.
    let mut late = Stream::open(&stack, &id, Some(&seen)).await?;
    assert_eq!(late.next().await?.0, next);
    assert!(late.next().await.is_err());
    stack.stop().await
}
