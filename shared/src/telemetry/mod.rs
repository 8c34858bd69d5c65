//! Logs, traces and metrics: set up once by a binary's `main`, flushed when it ends.

mod log;
pub mod metrics;
pub mod propagation;

use std::{env, io::IsTerminal};

use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider,
};
use thiserror::Error;
use tracing_subscriber::{EnvFilter, Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Presence, Setting},
    settings,
};

settings! {
    /// The settings of telemetry, the same for both services.
    TELEMETRY_SETTINGS:
    LOG = "DOSSIER_LOG", Presence::Default("info"), "what is logged, in the syntax of tracing's EnvFilter, such as info,api_service=debug";
    LOG_FORMAT = "DOSSIER_LOG_FORMAT", Presence::Default("auto"), "json, text, or auto: text on a terminal and JSON elsewhere";
    OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT", Presence::Optional,
        "base URL of an OpenTelemetry collector (OTLP over HTTP); without it no traces or metrics are exported. The other OTEL_ variables of the OpenTelemetry specification hold too";
}

/// The crates whose spans are traces. Those of libraries may hold what must not leave the process.
const TRACED: [&str; 4] = ["shared", "api_service", "worker_service", "local_stack"];

/// Flushes traces and metrics when it is shut down.
#[must_use = "without shutdown the last spans and metrics are lost"]
#[derive(Debug)]
pub struct Telemetry {
    tracer: SdkTracerProvider,
    meter: SdkMeterProvider,
}

/// Why telemetry cannot be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The setting of this name is unusable.
    #[error("{name} cannot be used: {why} ({help})")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What is wrong.
        why: String,
        /// What it is for.
        help: &'static str,
    },
    /// It was set up before, in this process.
    #[error("telemetry was set up before in this process: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

fn unusable(setting: &Setting, why: impl ToString) -> TelemetryError {
    TelemetryError::Setting { name: setting.name, why: why.to_string(), help: setting.help }
}

fn set(setting: &Setting) -> Option<String> {
    env::var(setting.name).ok().filter(|value| !value.trim().is_empty())
}

fn value(setting: &Setting) -> Option<String> {
    let default = match setting.default {
        Presence::Default(value) => Some(value.to_owned()),
        _ => None,
    };
    set(setting).or(default)
}

impl Telemetry {
    /// Sets up logs to standard error, and traces and metrics to the collector if one is configured.
    /// `service` is the name under which they are found, `quiet` what holds for the log where
    /// `DOSSIER_LOG` is not set (none: its default).
    ///
    /// # Errors
    /// [`TelemetryError`] names the setting that is wrong.
    pub fn start(service: &'static str, quiet: Option<&str>) -> Result<Self, TelemetryError> {
        let filter = set(&LOG).or(quiet.map(str::to_owned)).or_else(|| value(&LOG)).unwrap_or_default();
        let filter = EnvFilter::try_new(filter).map_err(|error| unusable(&LOG, error))?;
        let json = match value(&LOG_FORMAT).as_deref() {
            Some("json") => true,
            Some("text") => false,
            Some("auto") => !std::io::stderr().is_terminal(),
            _ => return Err(unusable(&LOG_FORMAT, "it is neither json nor text nor auto")),
        };
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let mut tracer = SdkTracerProvider::builder().with_resource(resource.clone());
        let mut meter = SdkMeterProvider::builder().with_resource(resource);
        if value(&OTLP).is_some() {
            let spans =
                SpanExporter::builder().with_http().build().map_err(|error| unusable(&OTLP, error))?;
            let numbers =
                MetricExporter::builder().with_http().build().map_err(|error| unusable(&OTLP, error))?;
            tracer = tracer.with_batch_exporter(spans);
            meter = meter.with_periodic_exporter(numbers);
        }
        let (tracer, meter) = (tracer.build(), meter.build());
        global::set_text_map_propagator(TraceContextPropagator::new());
        global::set_meter_provider(meter.clone());

        // Spans also give log lines their trace id, so they are made without a collector too.
        let traced = Targets::new().with_targets(TRACED.map(|target| (target, tracing::Level::INFO)));
        let traces = tracing_opentelemetry::layer().with_tracer(tracer.tracer("dossier")).with_filter(traced);
        let logs = if json {
            tracing_subscriber::fmt::layer().event_format(log::Json).with_writer(std::io::stderr).boxed()
        } else {
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed()
        };
        tracing_subscriber::registry().with(traces).with(logs.with_filter(filter)).try_init()?;
        Ok(Self { tracer, meter })
    }

    /// Sends what has not been sent yet, within the exporters' time-outs.
    pub fn shutdown(self) {
        for failure in [self.tracer.shutdown().err(), self.meter.shutdown().err()].into_iter().flatten() {
            tracing::warn!(error = %failure, "the last traces or metrics could not be sent to the collector");
        }
    }
}
