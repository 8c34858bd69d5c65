use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::{Semaphore, mpsc};

use super::*;

/// A service that records the entries of each request, and answers each entry with its double once a permit
/// is available. It panics at entry 13.
struct Service {
    batcher: Batcher<u32, u32>,
    requests: mpsc::UnboundedReceiver<Vec<u32>>,
    permits: Arc<Semaphore>,
}

fn service(entries_max: usize) -> Service {
    let (sender, requests) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(0));
    let available = Arc::clone(&permits);
    let batcher = Batcher::new(entries_max, move |entries: Vec<u32>| {
        sender.send(entries.clone()).unwrap();
        let available = Arc::clone(&available);
        async move {
            available.acquire().await.unwrap().forget();
            assert!(!entries.contains(&13), "the service cannot answer 13");
            entries.into_iter().map(|entry| entry * 2).collect()
        }
        .boxed()
    });
    Service { batcher, requests, permits }
}

/// Starts a call for each of `entries`, in this order.
fn start(
    batcher: &Batcher<u32, u32>,
    entries: impl IntoIterator<Item = u32>,
) -> Vec<tokio::task::JoinHandle<Result<u32, Lost>>> {
    let call = |entry| {
        let batcher = batcher.clone();
        // Polled once, so that it waits before the next one starts.
        let mut call = async move { batcher.call(entry, |_| false).await }.boxed();
        assert!((&mut call).now_or_never().is_none());
        tokio::spawn(call)
    };
    entries.into_iter().map(call).collect()
}

async fn results(calls: Vec<tokio::task::JoinHandle<Result<u32, Lost>>>) -> Vec<Result<u32, Lost>> {
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_at_rest_is_sent_at_once_and_alone() {
    let mut service = service(10);
    for entry in 1..4 {
        let calls = start(&service.batcher, [entry]);
        assert_eq!(service.requests.recv().await, Some(vec![entry]));
        service.permits.add_permits(1);
        assert_eq!(results(calls).await, [Ok(entry * 2)]);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_arrive_during_a_request_travel_together_and_each_gets_its_own_result() {
    let mut service = service(10);
    let first = start(&service.batcher, [1]);
    assert_eq!(service.requests.recv().await, Some(vec![1]));
    let others = start(&service.batcher, 2..7);
    assert!(service.requests.try_recv().is_err(), "they wait for the first request");
    service.permits.add_permits(2);
    assert_eq!(results(first).await, [Ok(2)]);
    assert_eq!(results(others).await, [Ok(4), Ok(6), Ok(8), Ok(10), Ok(12)]);
    assert_eq!(service.requests.recv().await, Some(vec![2, 3, 4, 5, 6]));
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_made_together_travel_together() {
    let mut service = service(3);
    service.permits.add_permits(3);
    assert_eq!(
        service.batcher.call_all(1..8, |_| false).await,
        (1..8).map(|entry| Ok(entry * 2)).collect::<Vec<_>>()
    );
    let mut requests = Vec::new();
    while let Ok(request) = service.requests.try_recv() {
        requests.push(request);
    }
    assert_eq!(requests, [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    assert!(service.batcher.call_all([], |_| false).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_full_request_does_not_wait_until_the_maximum_is_under_way() {
    let mut service = service(2);
    let calls = start(&service.batcher, [0]);
    assert_eq!(service.requests.recv().await, Some(vec![0]));
    let count = u32::try_from(REQUESTS_MAX).unwrap() * 2 + 3;
    let mut calls: Vec<_> = calls.into_iter().chain(start(&service.batcher, 20..20 + count)).collect();
    for request in 0..u32::try_from(REQUESTS_MAX).unwrap() - 1 {
        let first = 20 + request * 2;
        assert_eq!(service.requests.recv().await, Some(vec![first, first + 1]));
    }
    tokio::task::yield_now().await;
    assert!(service.requests.try_recv().is_err(), "the maximum is under way");
    service.permits.add_permits(1_000);
    assert!(results(calls.split_off(0)).await.into_iter().all(|result| result.is_ok()));
    let mut rest = Vec::new();
    while let Ok(request) = service.requests.try_recv() {
        assert!(request.len() <= 2);
        rest.extend(request);
    }
    assert_eq!(rest.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_its_request_is_not_sent() {
    let mut service = service(10);
    let first = start(&service.batcher, [1]);
    assert_eq!(service.requests.recv().await, Some(vec![1]));
    let dropped = start(&service.batcher, [2]);
    let others = start(&service.batcher, [3]);
    for call in dropped {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    service.permits.add_permits(2);
    assert_eq!(results(others).await, [Ok(6)]);
    assert_eq!(results(first).await, [Ok(2)]);
    assert_eq!(service.requests.recv().await, Some(vec![3]));
}

#[tokio::test(start_paused = true)]
async fn a_panic_loses_the_calls_of_its_request_and_no_others() {
    let mut service = service(10);
    let first = start(&service.batcher, [13]);
    assert_eq!(service.requests.recv().await, Some(vec![13]));
    let others = start(&service.batcher, [4, 5]);
    service.permits.add_permits(3);
    assert_eq!(results(first).await, [Err(Lost)]);
    assert_eq!(results(others).await, [Ok(8), Ok(10)]);
    assert_eq!(results(start(&service.batcher, [6])).await, [Ok(12)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_is_forgotten_or_answered_twice_under_load() {
    let service = service(10);
    service.permits.add_permits(1_000_000);
    let callers = (0..64_u32).map(|caller| {
        let batcher = service.batcher.clone();
        tokio::spawn(async move {
            for number in 0..200 {
                let entry = 1_000 + caller * 1_000 + number;
                assert_eq!(batcher.call(entry, |_| false).await, Ok(entry * 2));
            }
        })
    });
    let mut callers: FuturesUnordered<_> = callers.collect();
    while let Some(ended) = callers.next().await {
        ended.unwrap();
    }
    let mut requests = service.requests;
    let mut entries = Vec::new();
    while let Ok(request) = requests.try_recv() {
        entries.extend(request);
    }
    entries.sort_unstable();
    let expected: Vec<u32> =
        (0..64).flat_map(|caller| (0..200).map(move |number| 1_000 + caller * 1_000 + number)).collect();
    assert_eq!(entries, expected);
}

#[tokio::test(start_paused = true)]
async fn a_refused_entry_is_sent_again_and_delays_no_other() {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let batcher = Batcher::new(10, move |entries: Vec<u32>| {
        sender.send(entries.clone()).unwrap();
        // Odd entries are always refused.
        async move { entries.into_iter().map(|entry| (entry, entry % 2 == 1)).collect() }.boxed()
    });
    let refused = |result: &(u32, bool)| result.1;
    let began = tokio::time::Instant::now();
    let odd = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.call(1, refused).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(batcher.call(2, refused).await, Ok((2, false)));
    assert_eq!(began.elapsed(), Duration::ZERO, "it does not wait for the refused one");
    assert_eq!(odd.await.unwrap(), Ok((1, true)));
    assert_eq!(began.elapsed(), FIRST_DELAY * 15, "50, 100, 200 and 400 milliseconds");
    assert_eq!(batcher.call_all([4, 5, 6], refused).await, [Ok((4, false)), Ok((5, true)), Ok((6, false))]);
    let mut sent = Vec::new();
    while let Ok(request) = requests.try_recv() {
        sent.push(request);
    }
    let expected: [&[u32]; 11] = [&[1], &[2], &[1], &[1], &[1], &[1], &[4, 5, 6], &[5], &[5], &[5], &[5]];
    assert_eq!(sent, expected);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_delays_others_for_a_moment_only() {
    let mut service = service(10);
    let hanging = start(&service.batcher, [1]);
    assert_eq!(service.requests.recv().await, Some(vec![1]));
    let began = tokio::time::Instant::now();
    let _waiting = start(&service.batcher, [2, 3]);
    assert_eq!(service.requests.recv().await, Some(vec![2, 3]));
    assert_eq!(began.elapsed(), PATIENCE);
    // Only one more request for those that arrive now, until it is slow, too.
    let _more = start(&service.batcher, [4]);
    assert!(service.requests.try_recv().is_err());
    assert_eq!(service.requests.recv().await, Some(vec![4]));
    assert_eq!(began.elapsed(), PATIENCE * 2);
    service.permits.add_permits(3);
    assert_eq!(results(hanging).await, [Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn one_request_at_a_time_stays_alone_however_long_it_takes() {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let batcher = Batcher::one_at_a_time(move |entries: Vec<u32>| {
        sender.send(entries.clone()).unwrap();
        async move {
            sleep(PATIENCE * 40).await;
            entries
        }
        .boxed()
    });
    let began = tokio::time::Instant::now();
    let first = start(&batcher, [1]);
    assert_eq!(requests.recv().await, Some(vec![1]));
    let others = start(&batcher, 2..100);
    assert_eq!(requests.recv().await.map(|request| request.len()), Some(98));
    assert_eq!(began.elapsed(), PATIENCE * 40);
    assert_eq!(results(first).await, [Ok(1)]);
    assert!(results(others).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn requests_stay_few_when_a_burst_is_over() {
    let mut service = service(4);
    let burst = start(&service.batcher, 20..33);
    for first in [20, 21, 25, 29] {
        assert_eq!(service.requests.recv().await.map(|request| request[0]), Some(first));
    }
    // One call arrives for each request that ends: all wait for the last one.
    let mut others = Vec::new();
    for entry in [1, 2, 3] {
        others.extend(start(&service.batcher, [entry]));
        service.permits.add_permits(1);
        tokio::task::yield_now().await;
    }
    service.permits.add_permits(100);
    assert!(results(burst).await.into_iter().all(|result| result.is_ok()));
    assert_eq!(results(others).await, [Ok(2), Ok(4), Ok(6)]);
    assert_eq!(service.requests.try_recv(), Ok(vec![1, 2, 3]));
    assert!(service.requests.try_recv().is_err());
}

#[test]
fn a_runtime_that_shuts_down_during_a_request_loses_the_calls_that_wait() {
    let mut service = service(10);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let calls = runtime.block_on(async {
        let mut calls = service.batcher.add(vec![1]);
        assert_eq!(service.requests.recv().await, Some(vec![1]));
        calls.extend(service.batcher.add(vec![2, 3]));
        calls
    });
    drop(runtime);
    for call in calls {
        assert_eq!(call.now_or_never(), Some(Err(Lost)));
    }
    assert!(service.requests.try_recv().is_err());
}
