//! Logs, traces and metrics. A binary's `main` starts them once and flushes them before it exits.

pub mod audit;
mod log;
pub mod metrics;
pub mod propagation;
mod trace_ids;
mod waits;

use std::{io::IsTerminal, str::FromStr};

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter};
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider,
};
use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, ParseError, Targets, filter_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::{SubscriberInitExt, TryInitError},
};
use url::Url;
use uuid::Uuid;

use service_runtime::config::{ConfigErrors, Environment, Presence, Reader};
use service_runtime::settings;

use self::trace_ids::TraceIds;

settings! {
    /// The settings of telemetry, which both services share.
    TELEMETRY_SETTINGS:
    LOG = "DOSSIER_LOG", Presence::Default("info"), "log filter in the syntax of tracing's EnvFilter, for example info,api_service=debug";
    LOG_FORMAT = "DOSSIER_LOG_FORMAT", Presence::Default("auto"), "log format: json, text, or auto (text on a terminal, JSON elsewhere)";
    REVISION = "DOSSIER_REVISION", Presence::Default("unknown"),
        "source revision that the program was built from, shown by /healthz, logs and traces; container images set it";
    OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT", Presence::Optional,
        "base URL of an OpenTelemetry collector (OTLP over HTTP); if not set, no traces or metrics are exported. The other OTEL_ variables of the OpenTelemetry specification apply as well";
}

/// The crates whose spans are exported. Spans of libraries may contain data that must not leave the process.
const TRACED: [&str; 5] = ["aws_adapters", "api_service", "worker_service", "sources", "local_stack"];

/// How a process logs, and where it exports traces and metrics.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    filter: String,
    format: Format,
    collector: bool,
    /// The source revision that the program was built from.
    pub revision: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Text,
    Auto,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            "auto" => Ok(Self::Auto),
            _ => Err("it is not json, text or auto"),
        }
    }
}

impl TelemetrySettings {
    /// Reads [`TELEMETRY_SETTINGS`]. Returns `None` if `reader` recorded an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let filter = reader.text(&LOG).unwrap_or_default();
        let valid = reader.convert(&LOG, EnvFilter::try_new(&filter).map(|_| ()));
        let format = reader.parse(&LOG_FORMAT);
        let collector = reader.text(&OTLP);
        let revision = reader.text(&REVISION);
        let checked = collector.as_ref().map(|url| match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
            _ => Err("it is not an http or https URL"),
        });
        let collector_valid = checked.map_or(Some(()), |result| reader.convert(&OTLP, result));
        valid?;
        collector_valid?;
        Some(Self { filter, format: format?, collector: collector.is_some(), revision: revision? })
    }

    /// Reads the settings from `environment`, with `filter` as the default log filter.
    ///
    /// # Errors
    /// Returns [`ConfigErrors`] with all invalid settings.
    pub fn with_default_filter(environment: &Environment, filter: &str) -> Result<Self, ConfigErrors> {
        let mut environment = environment.clone();
        environment.entry(LOG.name.to_owned()).or_insert_with(|| filter.to_owned());
        let mut reader = Reader::new(&environment);
        let settings = Self::read(&mut reader);
        reader.finish(settings)
    }

    /// Returns these settings without the export of traces and metrics, for commands that run for a moment.
    #[must_use]
    pub fn without_export(self) -> Self {
        Self { collector: false, ..self }
    }
}

/// The running exporters of traces and metrics, if a collector is configured.
#[must_use = "without `shutdown` the last spans and metrics are lost"]
#[derive(Debug)]
pub struct Telemetry {
    exporters: Option<(SdkTracerProvider, SdkMeterProvider)>,
}

/// Why telemetry cannot be started.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The exporters cannot be created.
    #[error("cannot create the exporters for OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The log filter is invalid.
    #[error("invalid log filter: {0}")]
    Filter(#[from] ParseError),
    /// Telemetry was already started in this process.
    #[error("telemetry was already started in this process: {0}")]
    Twice(#[from] TryInitError),
}

impl Telemetry {
    /// Starts logging to standard error, and the export of traces and metrics if a collector is configured.
    /// `service` is the OpenTelemetry service name.
    ///
    /// # Errors
    /// Returns [`TelemetryError`] if the filter is invalid, an exporter cannot be created, or telemetry
    /// already runs.
    pub fn start(service: &'static str, settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(&settings.filter)?;
        let json = match settings.format {
            Format::Json => true,
            Format::Text => false,
            Format::Auto => !std::io::stderr().is_terminal(),
        };
        let traced = Targets::new().with_targets(TRACED.map(|target| (target, tracing::Level::INFO)));
        global::set_text_map_propagator(TraceContextPropagator::new());
        let subscriber = tracing_subscriber::registry();
        if !settings.collector {
            // Nobody would receive spans and metrics, so none are built. Log lines still have the ids of traces.
            let ids = TraceIds.with_filter(traced.and(filter_fn(trace_ids::is_needed)));
            subscriber.with(ids).with(logs(json, filter)).try_init()?;
            return Ok(Self { exporters: None });
        }
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            // Distinguishes the processes of one service.
            .with_attribute(KeyValue::new("service.instance.id", Uuid::new_v4().to_string()))
            .with_attribute(KeyValue::new("vcs.ref.head.revision", settings.revision.clone()))
            .build();
        let spans = SpanExporter::builder().with_http().build()?;
        let metrics = MetricExporter::builder().with_http().build()?;
        let tracer =
            SdkTracerProvider::builder().with_resource(resource.clone()).with_batch_exporter(spans).build();
        let meter =
            SdkMeterProvider::builder().with_resource(resource).with_periodic_exporter(metrics).build();
        global::set_meter_provider(meter.clone());
        let traces = tracing_opentelemetry::layer().with_tracer(tracer.tracer("dossier")).with_filter(traced);
        subscriber.with(traces).with(logs(json, filter)).try_init()?;
        metrics::export();
        Ok(Self { exporters: Some((tracer, meter)) })
    }

    /// Exports the remaining traces and metrics, within the timeouts of the exporters.
    pub fn shutdown(self) {
        audit::end();
        let Some((tracer, meter)) = self.exporters else { return };
        for failure in [tracer.shutdown().err(), meter.shutdown().err()].into_iter().flatten() {
            tracing::warn!(error = %failure, "could not export the last traces or metrics to the collector");
        }
    }
}

/// Returns the layer that writes log lines to standard error, in JSON or as text.
fn logs<S>(json: bool, filter: EnvFilter) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer();
    if json {
        let layer = layer.fmt_fields(log::SubjectFields).event_format(log::Json);
        let filter = filter.and(filter_fn(trace_ids::is_needed));
        layer.with_writer(std::io::stderr).with_filter(filter).boxed()
    } else {
        layer.with_writer(std::io::stderr).with_filter(filter).boxed()
    }
}
