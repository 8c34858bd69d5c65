//! Event streams: every client that follows a report gets each change, with a bounded number of reads of the
//! table.
use std::time::Instant;

use crate::support::clean_company;
use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use local_stack::TestStack;
use local_stack::aws::Service;
use local_stack::stack::{Component, Options};
use reqwest::{Method, Response};
use serde_json::Value;

/// Number of event streams of each of two reports.
const FOLLOWERS: usize = 200;

/// An event stream, and the text that is not parsed yet.
struct Stream(Response, String);

impl Stream {
    async fn open(stack: &TestStack, id: &str, last_event_id: Option<&str>) -> Result<Self> {
        let mut request = stack.dev().request(Method::GET, &format!("/v1/reports/{id}/events"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Ok(Self(request.send().await?.error_for_status()?, String::new()))
    }

    /// Returns the id and the report of the next event.
    async fn next(&mut self) -> Result<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                assert!(event.starts_with(':') || event.lines().any(|line| line == "retry: 3000"), "{event}");
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
    let ids = [
        stack.dev().submit_accepted(&clean_company()).await?,
        stack.dev().submit_accepted(&clean_company()).await?,
    ];
    let opened = (0..2 * FOLLOWERS).map(|index| Stream::open(&stack, &ids[index % 2], None));
    let mut streams = try_join_all(opened).await?;
    for stream in &mut streams {
        assert_eq!(stream.next().await?.1["status"], "PENDING");
    }
    let (started, single_reads, batch_reads) =
        (Instant::now(), reads(&stack, "GetItem"), reads(&stack, "BatchGetItem"));
    for id in &ids {
        stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.error_for_status()?;
    }
    for stream in &mut streams {
        assert_eq!(stream.next().await?.1["status"], "CANCELLED");
    }
    // One batch reads both reports, at most twice a second; each cancellation reads its report once.
    let batches = reads(&stack, "BatchGetItem") - batch_reads;
    assert!(batches as f64 <= 1.0 + started.elapsed().as_secs_f64() * 2.0, "{batches} batch reads");
    assert_eq!(reads(&stack, "GetItem") - single_reads, 2);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumes_where_the_previous_one_broke_off() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let (last_event_id, _) = Stream::open(&stack, &id, None).await?.next().await?;
    let mut resumed = Stream::open(&stack, &id, Some(&last_event_id)).await?;
    stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.error_for_status()?;
    let (next, report) = resumed.next().await?;
    assert!(report["status"] == "CANCELLED" && next != last_event_id, "the last event is not sent again");
    // A client that was disconnected during the change gets it, and then the stream ends.
    let mut late = Stream::open(&stack, &id, Some(&last_event_id)).await?;
    assert_eq!(late.next().await?.0, next);
    assert!(late.next().await.is_err());
    // A client that reconnects with the last event, as browsers do, is told to stop.
    let answer = stack.dev().request(Method::GET, &format!("/v1/reports/{id}/events"));
    let answer = answer.header("last-event-id", &next).send().await?;
    assert_eq!(answer.status(), 204);
    assert!(answer.text().await?.is_empty());
    // With another id, or without one, it gets the last state first.
    for last_event_id in [None, Some("999"), Some("x")] {
        assert_eq!(Stream::open(&stack, &id, last_event_id).await?.next().await?.0, next);
    }
    // A resubmitted report can be followed again.
    stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?.error_for_status()?;
    assert_eq!(Stream::open(&stack, &id, Some(&next)).await?.next().await?.1["status"], "PENDING");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_tag_confirms_links_only_while_they_are_valid() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    let read = async |tag: Option<&str>| {
        let mut request = stack.dev().request(Method::GET, &format!("/v1/reports/{id}"));
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        request.send().await
    };
    let answer = read(None).await?;
    let tag = answer.headers()["etag"].to_str()?.to_owned();
    let report: Value = answer.json().await?;
    let end: domain::time::UtcTime = report["linksExpireAt"].as_str().unwrap().parse()?;
    let revision = tag.strip_prefix("W/\"").and_then(|tag| tag.split('-').next()).unwrap();
    assert_eq!(tag, format!("W/\"{revision}-{}\"", end.epoch_seconds()));
    let answer = read(Some(&tag)).await?;
    assert_eq!((answer.status().as_u16(), answer.headers()["etag"].to_str()?), (304, tag.as_str()));
    // The same state, read by a client ten minutes ago, or by a version that promised nothing about links.
    let old = format!("W/\"{revision}-{}\"", end.epoch_seconds() - 600);
    for tag in [old, format!("\"{revision}\""), format!("W/\"{revision}\"")] {
        let answer = read(Some(&tag)).await?;
        assert_eq!(answer.status(), 200, "{tag}");
        let report: Value = answer.json().await?;
        assert!(!stack.dev().download(report["links"]["json"].as_str().unwrap()).await?.is_empty());
    }
    stack.stop().await
}
