//! Queues for hours with the time of the runtime paused. Nothing here depends on the speed of the machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// The default of `DOSSIER_NEWS_PAUSE_SECONDS`.
const PAUSE: Duration = Duration::from_secs(6);
/// The default of `DOSSIER_NEWS_WAIT_SECONDS`.
const PATIENCE: Duration = Duration::from_secs(600);

/// Turns as the table keeps them, in the time of the runtime.
#[derive(Clone, Debug)]
struct Fleet(Arc<Mutex<Times>>);

#[derive(Debug)]
struct Times {
    next: Instant,
    held_until: Instant,
}

impl Fleet {
    fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(Times { next: now, held_until: now })))
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap()
    }
}

impl TurnBudget for Fleet {
    fn take(&self, patience: Duration) -> BoxFuture<'_, Result<Duration, SourceError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut times = self.times();
            let turn = times.next.max(Instant::now());
            let wait = turn - Instant::now();
            if wait > patience {
                return Err(SourceError::Unavailable("too late".to_owned()));
            }
            times.next = turn + PAUSE;
            Ok(wait)
        })
    }

    fn hold(&self, wait: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut times = self.times();
            times.held_until = Instant::now() + wait;
            times.next = times.next.max(times.held_until);
        })
    }

    fn is_held(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { self.times().held_until > Instant::now() })
    }
}

/// The outcome of a time in which every slot of a fleet searched the news again and again.
struct Outcome {
    found: usize,
    refused: usize,
    /// The longest that a request waited for its answer.
    longest_wait: Duration,
    /// The number of searches that the slot with the fewest got.
    fewest: usize,
}

/// Lets `workers` with `slots` each search for `hours`. Each report takes 20 s besides its search.
async fn search(workers: usize, slots: usize, hours: u32) -> Outcome {
    let fleet = Fleet::new();
    let end = Instant::now() + Duration::from_secs(3600) * hours;
    let sent: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let mut tasks = Vec::new();
    for _ in 0..workers {
        let queue = TurnQueue::new(fleet.clone());
        for _ in 0..slots {
            let (queue, sent) = (queue.clone(), Arc::clone(&sent));
            tasks.push(tokio::spawn(async move {
                let (mut found, mut refused, mut longest) = (0, 0, Duration::ZERO);
                while Instant::now() < end {
                    let asked = Instant::now();
                    match queue.wait(PATIENCE).await {
                        Ok(()) => {
                            sent.lock().unwrap().push(Instant::now());
                            found += 1;
                        }
                        Err(_) => refused += 1,
                    }
                    longest = longest.max(asked.elapsed());
                    sleep(Duration::from_secs(20)).await;
                }
                (found, refused, longest)
            }));
        }
    }
    let mut outcome = Outcome { found: 0, refused: 0, longest_wait: Duration::ZERO, fewest: usize::MAX };
    for task in tasks {
        let (found, refused, longest) = task.await.unwrap();
        outcome.found += found;
        outcome.refused += refused;
        outcome.longest_wait = outcome.longest_wait.max(longest);
        outcome.fewest = outcome.fewest.min(found);
    }
    let mut sent = sent.lock().unwrap().clone();
    sent.sort();
    assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= PAUSE - Duration::from_millis(2)), "too close");
    println!(
        "{workers} workers with {slots} slots: {} searches an hour, {} refused, longest wait {} s",
        outcome.found / hours as usize,
        outcome.refused,
        outcome.longest_wait.as_secs()
    );
    outcome
}

#[tokio::test(start_paused = true)]
async fn no_report_starves_at_8_slots() {
    let outcome = search(2, 4, 10).await;
    assert_eq!(outcome.refused, 0);
    assert!(outcome.longest_wait <= PAUSE * 8, "{:?}", outcome.longest_wait);
    // A search in six seconds is all that the service allows.
    assert!(outcome.found >= 590 * 10, "{}", outcome.found);
}

#[tokio::test(start_paused = true)]
async fn no_report_starves_at_64_slots() {
    for (workers, slots) in [(1, 64), (8, 8), (16, 4)] {
        let outcome = search(workers, slots, 10).await;
        assert_eq!(outcome.refused, 0);
        assert!(outcome.longest_wait <= PAUSE * 64, "{:?}", outcome.longest_wait);
        assert!(outcome.found >= 590 * 10, "{}", outcome.found);
        let fair = outcome.found / 64;
        assert!(outcome.fewest + 2 >= fair, "{} of {fair}", outcome.fewest);
    }
}

#[tokio::test(start_paused = true)]
async fn beyond_the_budget_requests_are_refused_at_once_and_the_budget_is_used_up() {
    let outcome = search(8, 64, 2).await;
    assert!(outcome.refused > 0);
    assert!(outcome.longest_wait <= PATIENCE, "{:?}", outcome.longest_wait);
    assert!(outcome.found >= 590 * 2, "{}", outcome.found);
}

#[tokio::test(start_paused = true)]
async fn requests_are_served_in_the_order_of_their_arrival() {
    let queue = TurnQueue::new(Fleet::new());
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..20 {
        let (queue, served) = (queue.clone(), Arc::clone(&served));
        tasks.push(tokio::spawn(async move {
            queue.wait(PATIENCE).await.unwrap();
            served.lock().unwrap().push(number);
        }));
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*served.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_turn_of_a_request_that_is_given_up_serves_the_next_one() {
    let queue = TurnQueue::new(Fleet::new());
    let started = Instant::now();
    let served = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let (queue, served) = (queue.clone(), Arc::clone(&served));
        tasks.push(tokio::spawn(async move {
            queue.wait(PATIENCE).await.unwrap();
            served.fetch_add(1, Ordering::Relaxed);
        }));
    }
    sleep(Duration::from_millis(1)).await;
    // The first has its turn; the next five are given up.
    tasks[1..6].iter().for_each(tokio::task::JoinHandle::abort);
    for task in tasks {
        let _ = task.await;
    }
    assert_eq!(served.load(Ordering::Relaxed), 5);
    assert!(started.elapsed() <= PAUSE * 4 + Duration::from_millis(10), "{:?}", started.elapsed());
    // A turn that is left over serves a request that comes later, which then takes no other one.
    let next = started.elapsed();
    queue.wait(PATIENCE).await.unwrap();
    assert!(started.elapsed() - next <= PAUSE, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_relies_on_a_turn_that_is_refused_is_refused_too() {
    let fleet = Fleet::new();
    let queue = TurnQueue::new(fleet.clone());
    // The queue of the fleet is longer than anybody's patience.
    fleet.times().next = Instant::now() + PATIENCE * 2;
    let first = tokio::spawn({
        let queue = queue.clone();
        async move { queue.wait(PATIENCE).await }
    });
    tokio::task::yield_now().await;
    first.abort();
    let second = queue.wait(PATIENCE).await;
    assert!(matches!(second, Err(SourceError::Unavailable(_))), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_served_while_the_service_asks_for_a_pause() {
    let queue = TurnQueue::new(Fleet::new());
    queue.wait(PATIENCE).await.unwrap();
    let started = Instant::now();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.wait(PATIENCE).await.map(|()| Instant::now()) })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    queue.hold(Duration::from_secs(120)).await;
    for task in waiting {
        let served = task.await.unwrap().unwrap();
        assert!(served - started >= Duration::from_secs(121), "{:?}", served - started);
    }
}
