//! Every number that the services report, in one place: names, units and attributes.

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram, Meter},
};

/// Bounds of answers in seconds: OpenTelemetry's "Semantic conventions for HTTP metrics".
const ANSWERS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Bounds of what a report takes, in seconds: from a cached stage to an hour.
const WORK: [f64; 14] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
/// Bounds of a model's answers in seconds: OpenTelemetry's "Semantic conventions for generative AI metrics".
const MODEL: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Bounds of tokens: the same.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// What became of a report, or a call-back, that nobody worked on when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBehind {
    /// A sweeper sent its message again.
    Redispatched,
    /// It failed, since no attempt was left.
    GivenUp,
    /// A sweeper queued its call-back again.
    Webhook,
}

/// What is kept so that it need not be had again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// The evidence that an earlier attempt froze.
    Evidence,
    /// A model's answer that an earlier attempt paid for.
    Answer,
}

/// What one answer of a model used and cost.
#[derive(Clone, Copy, Debug)]
pub struct ModelUsage {
    /// Tokens sent to the model.
    pub input_tokens: u64,
    /// Tokens written by the model.
    pub output_tokens: u64,
    /// The part of the input tokens that was read from the prompt cache.
    pub cached_tokens: u64,
    /// The price in US dollars.
    pub cost_usd: f64,
}

/// The instruments of both services.
#[derive(Debug)]
pub struct Metrics {
    http_requests: Histogram<f64>,
    aws_calls: Histogram<f64>,
    queue_wait: Histogram<f64>,
    stages: Histogram<f64>,
    reports: Counter<u64>,
    /// A level and no sum of changes: collectors that make differences of sums would show only those.
    in_flight: Gauge<i64>,
    now_in_flight: Mutex<i64>,
    durations: Histogram<f64>,
    model_calls: Histogram<f64>,
    model_tokens: Histogram<u64>,
    model_cached: Counter<u64>,
    slots: Gauge<u64>,
    queues: Gauge<u64>,
    overdue: Gauge<f64>,
    left_behind: Counter<u64>,
    breakers: Gauge<u64>,
    caches: Counter<u64>,
    sources: Counter<u64>,
    attempts: Counter<u64>,
    dead_letters: Counter<u64>,
    model_cost: Counter<f64>,
    checks_failed: Counter<u64>,
    quota_waits: Histogram<f64>,
    callbacks: Counter<u64>,
}

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// The instruments, made at the first use from the meter provider that is then in place.
pub fn metrics() -> &'static Metrics {
    METRICS.get_or_init(Metrics::new)
}

impl Metrics {
    fn new() -> Self {
        let meter = global::meter("dossier");
        let count =
            |name: &'static str, help: &'static str| meter.u64_counter(name).with_description(help).build();
        let level =
            |name: &'static str, help: &'static str| meter.u64_gauge(name).with_description(help).build();
        Self {
            http_requests: seconds(
                &meter,
                "http.server.request.duration",
                &ANSWERS,
                "Time to answer a request",
            ),
            aws_calls: seconds(
                &meter,
                "dossier.aws.call.duration",
                &ANSWERS,
                "Time of a request to AWS, retries included",
            ),
            queue_wait: seconds(
                &meter,
                "dossier.queue.wait",
                &WORK,
                "Time from a message's sending to its receipt",
            ),
            stages: seconds(&meter, "dossier.stage.duration", &WORK, "Time of a stage of a report"),
            durations: seconds(
                &meter,
                "dossier.report.duration",
                &WORK,
                "Time from a report's submission, or resubmission, to its end",
            ),
            model_calls: seconds(
                &meter,
                "gen_ai.client.operation.duration",
                &MODEL,
                "Time of a call of the model",
            ),
            reports: count("dossier.reports.ended", "Reports that reached a terminal state"),
            in_flight: meter
                .i64_gauge("dossier.reports.in_flight")
                .with_description("Reports that this worker is working on")
                .build(),
            now_in_flight: Mutex::new(0),
            model_tokens: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_unit("{token}")
                .with_boundaries(TOKENS.to_vec())
                .with_description("Tokens sent to and written by the model, of each call")
                .build(),
            model_cached: count("dossier.model.cached_tokens", "Tokens that were read from the prompt cache"),
            slots: level("dossier.worker.slots", "Reports that this worker may work on at a time, now"),
            queues: level("dossier.queue.messages", "Messages in the queue of reports, as SQS tells"),
            overdue: meter
                .f64_gauge("dossier.reports.overdue")
                .with_unit("s")
                .with_description(
                    "How long the longest overdue report or call-back waits for somebody to care",
                )
                .build(),
            left_behind: count(
                "dossier.reports.left_behind",
                "Reports and call-backs that a sweeper had to take care of",
            ),
            breakers: level("dossier.source.breaker", "1 while a service of evidence is left alone"),
            caches: count("dossier.cache.lookups", "Looks for what an earlier attempt kept"),
            sources: count("dossier.source.outcomes", "Answers of the sources of evidence"),
            dead_letters: count("dossier.dead_letters", "Messages that were put into the dead-letter queue"),
            attempts: count("dossier.attempts.ended", "Attempts that failed"),
            callbacks: count("dossier.callbacks.attempts", "Attempts at call-backs, by where they left them"),
            model_cost: meter
                .f64_counter("dossier.model.cost")
                .with_unit("USD")
                .with_description("What the model's answers cost")
                .build(),
            checks_failed: count(
                "dossier.checks.failed",
                "Flaws that the checks found in answers of the model",
            ),
            quota_waits: seconds(
                &meter,
                "dossier.model.quota.wait",
                &WORK,
                "Time that a call waited for room in the model's quota",
            ),
        }
    }

    /// A request to the API was answered.
    pub fn http_request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.http_requests.record(
            took.as_secs_f64(),
            &[
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route.to_owned()),
                KeyValue::new("http.response.status_code", i64::from(status)),
            ],
        );
    }

    /// A request to AWS was answered, or given up with `failure`.
    pub fn aws_call(
        &self,
        service: &'static str,
        operation: &'static str,
        failure: Option<&str>,
        took: Duration,
    ) {
        let mut attributes =
            vec![KeyValue::new("rpc.service", service), KeyValue::new("rpc.method", operation)];
        attributes.extend(failure.map(|code| KeyValue::new("error.type", code.to_owned())));
        self.aws_calls.record(took.as_secs_f64(), &attributes);
    }

    /// A message waited this long in the queue.
    pub fn queue_wait(&self, waited: Duration) {
        self.queue_wait.record(waited.as_secs_f64(), &[]);
    }

    /// A stage of a report ended well.
    pub fn stage(&self, stage: &'static str, took: Duration) {
        self.stages.record(took.as_secs_f64(), &[KeyValue::new("dossier.stage", stage)]);
    }

    /// Records that a report reached the terminal state `status`, `took` after it was last submitted.
    pub fn report_ended(&self, status: &'static str, took: Option<Duration>) {
        let attributes = [KeyValue::new("dossier.status", status)];
        self.reports.add(1, &attributes);
        if let Some(took) = took {
            self.durations.record(took.as_secs_f64(), &attributes);
        }
    }

    /// Records how many messages the queue of reports holds: visible, in flight and delayed.
    pub fn queue_depth(&self, visible: u64, in_flight: u64, delayed: u64) {
        for (state, messages) in [("visible", visible), ("in_flight", in_flight), ("delayed", delayed)] {
            self.queues.record(messages, &[KeyValue::new("dossier.queue.state", state)]);
        }
    }

    /// A sweep found that the longest overdue report waits for this long; zero when none does.
    pub fn overdue(&self, longest: Duration) {
        self.overdue.record(longest.as_secs_f64(), &[]);
    }

    /// A sweeper took care of what was left behind.
    pub fn left_behind(&self, what: LeftBehind) {
        let what = match what {
            LeftBehind::Redispatched => "redispatched",
            LeftBehind::GivenUp => "given_up",
            LeftBehind::Webhook => "callback",
        };
        self.left_behind.add(1, &[KeyValue::new("dossier.left_behind", what)]);
    }

    /// This worker may work on so many reports at a time, from now on.
    pub fn slots(&self, limit: usize) {
        self.slots.record(u64::try_from(limit).unwrap_or(u64::MAX), &[]);
    }

    /// A service of evidence is left alone from now on, or asked again.
    pub fn breaker(&self, service: &'static str, open: bool) {
        self.breakers.record(u64::from(open), &[KeyValue::new("dossier.source.service", service)]);
    }

    /// Something was looked for that an earlier attempt may have kept.
    pub fn cache(&self, cache: Cache, hit: bool) {
        let cache = match cache {
            Cache::Evidence => "evidence",
            Cache::Answer => "answer",
        };
        let attributes = [KeyValue::new("dossier.cache", cache), KeyValue::new("dossier.cache.hit", hit)];
        self.caches.add(1, &attributes);
    }

    /// An attempt failed, for the reason `code`.
    pub fn attempt_ended(&self, code: &str) {
        self.attempts.add(1, &[KeyValue::new("error.type", code.to_owned())]);
    }

    /// A message was put into the dead-letter queue.
    pub fn dead_letter(&self) {
        self.dead_letters.add(1, &[]);
    }

    /// This worker works on so many reports more, or fewer.
    pub fn in_flight(&self, change: i64) {
        // Recorded under the lock: of two that end together the last one must be the last to be told.
        let mut now = self.now_in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        *now += change;
        self.in_flight.record(*now, &[]);
    }

    /// A call of the model `model` ended after `took`, with `failure` where it gave no answer. Names after OpenTelemetry's
    /// "Semantic conventions for generative AI metrics".
    pub fn model_call(&self, model: &str, took: Duration, failure: Option<&'static str>) {
        let mut attributes = model_attributes(model);
        attributes.extend(failure.map(|code| KeyValue::new("error.type", code)));
        self.model_calls.record(took.as_secs_f64(), &attributes);
    }

    /// Records the usage of one answer of the model `model`.
    pub fn model_usage(&self, model: &str, usage: ModelUsage) {
        for (kind, tokens) in [("input", usage.input_tokens), ("output", usage.output_tokens)] {
            let mut attributes = model_attributes(model);
            attributes.push(KeyValue::new("gen_ai.token.type", kind));
            self.model_tokens.record(tokens, &attributes);
        }
        let attributes = [KeyValue::new("gen_ai.request.model", model.to_owned())];
        self.model_cost.add(usage.cost_usd, &attributes);
        self.model_cached.add(usage.cached_tokens, &attributes);
    }

    /// The check `check` found a flaw in an answer.
    pub fn check_failed(&self, check: &'static str) {
        self.checks_failed.add(1, &[KeyValue::new("dossier.check", check)]);
    }

    /// A call is to wait this long for room in the model's quota.
    pub fn quota_wait(&self, wait: Duration) {
        self.quota_waits.record(wait.as_secs_f64(), &[]);
    }

    /// An attempt at a call-back left it in `state`.
    pub fn callback(&self, state: &'static str) {
        self.callbacks.add(1, &[KeyValue::new("dossier.callback.state", state)]);
    }

    /// A source was asked.
    pub fn source(&self, source: &str, status: &'static str) {
        let attributes = [
            KeyValue::new("dossier.source", source.to_owned()),
            KeyValue::new("dossier.source.status", status),
        ];
        self.sources.add(1, &attributes);
    }
}

fn seconds(meter: &Meter, name: &'static str, bounds: &[f64], help: &'static str) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_boundaries(bounds.to_vec()).with_description(help).build()
}

fn model_attributes(model: &str) -> Vec<KeyValue> {
    vec![
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", "aws.bedrock"),
        KeyValue::new("gen_ai.request.model", model.to_owned()),
    ]
}
