//! Every number that the services report, in one place: names, units and attributes.

use std::{sync::OnceLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, UpDownCounter},
};

use crate::domain::{
    callback::CallbackState,
    evidence::{SourceName, SourceStatus},
    lifecycle::Status,
    report::{Stage, Usage},
};

/// The instruments of both services.
#[derive(Debug)]
pub struct Metrics {
    http_requests: Histogram<f64>,
    aws_calls: Histogram<f64>,
    queue_wait: Histogram<f64>,
    stages: Histogram<f64>,
    reports: Counter<u64>,
    in_flight: UpDownCounter<i64>,
    model_tokens: Counter<u64>,
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
        let seconds = |name: &'static str, help: &'static str| {
            meter.f64_histogram(name).with_unit("s").with_description(help).build()
        };
        let count =
            |name: &'static str, help: &'static str| meter.u64_counter(name).with_description(help).build();
        Self {
            http_requests: seconds("http.server.request.duration", "Time to answer a request"),
            aws_calls: seconds("dossier.aws.call.duration", "Time of a request to AWS, retries included"),
            queue_wait: seconds("dossier.queue.wait", "Time from a message's sending to its receipt"),
            stages: seconds("dossier.stage.duration", "Time of a stage of a report"),
            reports: count("dossier.reports.ended", "Reports that reached a terminal state"),
            in_flight: meter
                .i64_up_down_counter("dossier.reports.in_flight")
                .with_description("Reports that this worker is working on")
                .build(),
            model_tokens: count("gen_ai.client.token.usage", "Tokens sent to and written by the model"),
            sources: count("dossier.source.outcomes", "Answers of the sources of evidence"),
            dead_letters: count("dossier.dead_letters", "Messages that were put into the dead-letter queue"),
            attempts: count("dossier.attempts.ended", "Attempts that ended without ending their report"),
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
                "dossier.model.quota.wait",
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
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.stages.record(took.as_secs_f64(), &[KeyValue::new("dossier.stage", stage.as_str())]);
    }

    /// A report reached the terminal state `status`.
    pub fn report_ended(&self, status: Status) {
        self.reports.add(1, &[KeyValue::new("dossier.status", status.as_str())]);
    }

    /// An attempt ended without ending its report, for the reason `code`.
    pub fn attempt_ended(&self, code: &str) {
        self.attempts.add(1, &[KeyValue::new("error.type", code.to_owned())]);
    }

    /// A message was put into the dead-letter queue.
    pub fn dead_letter(&self) {
        self.dead_letters.add(1, &[]);
    }

    /// This worker works on so many reports more, or fewer.
    pub fn in_flight(&self, change: i64) {
        self.in_flight.add(change, &[]);
    }

    /// The model `model` was paid for `usage`.
    pub fn model_call(&self, model: &str, usage: Usage) {
        for (kind, tokens) in [("input", usage.input_tokens), ("output", usage.output_tokens)] {
            let attributes = [
                KeyValue::new("gen_ai.request.model", model.to_owned()),
                KeyValue::new("gen_ai.token.type", kind),
            ];
            self.model_tokens.add(tokens, &attributes);
        }
        self.model_cost.add(usage.cost_usd, &[KeyValue::new("gen_ai.request.model", model.to_owned())]);
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
    pub fn callback(&self, state: CallbackState) {
        let state = match state {
            CallbackState::Pending => "pending",
            CallbackState::Delivered => "delivered",
            CallbackState::Failed => "failed",
        };
        self.callbacks.add(1, &[KeyValue::new("dossier.callback.state", state)]);
    }

    /// A source was asked.
    pub fn source(&self, source: SourceName, status: SourceStatus) {
        let attributes = [
            KeyValue::new("dossier.source", source.as_str()),
            KeyValue::new("dossier.source.status", status.as_str()),
        ];
        self.sources.add(1, &attributes);
    }
}
