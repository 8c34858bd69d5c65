//! Logs, traces and metrics: set up once by a binary's `main`, flushed when it ends.

mod log;
pub mod metrics;
pub mod propagation;

use std::{io::IsTerminal, str::FromStr};

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter};
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider,
};
use thiserror::Error;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, Targets},
    fmt::format::JsonFields,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};
use url::Url;
use uuid::Uuid;

use service_runtime::config::{ConfigErrors, Environment, Presence, Reader};
use service_runtime::settings;

settings! {
    /// The settings of telemetry, the same for both services.
    TELEMETRY_SETTINGS:
    LOG = "DOSSIER_LOG", Presence::Default("info"), "what is logged, in the syntax of tracing's EnvFilter, such as info,api_service=debug";
    LOG_FORMAT = "DOSSIER_LOG_FORMAT", Presence::Default("auto"), "json, text, or auto: text on a terminal and JSON elsewhere";
    REVISION = "DOSSIER_REVISION", Presence::Default("unknown"),
        "revision of the source that the program was built from, told by /healthz, logs and traces; container images set it";
    OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT", Presence::Optional,
        "base URL of an OpenTelemetry collector (OTLP over HTTP); without it no traces or metrics are exported. The other OTEL_ variables of the OpenTelemetry specification hold too";
}

/// The crates whose spans are traces. Those of libraries may hold what must not leave the process.
const TRACED: [&str; 5] = ["aws_adapters", "api_service", "worker_service", "sources", "local_stack"];

/// How a process logs and where its traces and metrics go.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    filter: String,
    format: Format,
    collector: bool,
    /// The revision of the source that the program was built from.
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
            _ => Err("it is neither json nor text nor auto"),
        }
    }
}

impl TelemetrySettings {
    /// Reads [`TELEMETRY_SETTINGS`]; none when `reader` noted an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let filter = reader.text(&LOG).unwrap_or_default();
        let valid = reader.convert(&LOG, EnvFilter::try_new(&filter).map(|_| ()));
        let format = reader.parse(&LOG_FORMAT);
        let collector = reader.text(&OTLP);
        let revision = reader.text(&REVISION);
        let reachable = collector.as_ref().map(|url| match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
            _ => Err("it is no http or https URL"),
        });
        let usable = reachable.map_or(Some(()), |checked| reader.convert(&OTLP, checked));
        valid?;
        usable?;
        Some(Self { filter, format: format?, collector: collector.is_some(), revision: revision? })
    }

    /// The settings in `environment`, with `filter` for the log where it names none.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn with_default_filter(environment: &Environment, filter: &str) -> Result<Self, ConfigErrors> {
        let mut environment = environment.clone();
        environment.entry(LOG.name.to_owned()).or_insert_with(|| filter.to_owned());
        let mut reader = Reader::new(&environment);
        let settings = Self::read(&mut reader);
        reader.finish(settings)
    }
}

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
    /// The exporters cannot be made.
    #[error("the exporters for OTEL_EXPORTER_OTLP_ENDPOINT cannot be made: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The filter was changed to one that is none.
    #[error("the log filter cannot be used: {0}")]
    Filter(#[from] ParseError),
    /// It was set up before, in this process.
    #[error("telemetry was set up before in this process: {0}")]
    Twice(#[from] TryInitError),
}

impl Telemetry {
    /// Sets up logs to standard error, and traces and metrics to the collector if one is configured.
    /// `service` is the name under which they are found.
    ///
    /// # Errors
    /// [`TelemetryError`] says what stands in the way.
    pub fn start(service: &'static str, settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(&settings.filter)?;
        let json = match settings.format {
            Format::Json => true,
            Format::Text => false,
            Format::Auto => !std::io::stderr().is_terminal(),
        };
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            // Several processes of one service measure beside each other.
            .with_attribute(KeyValue::new("service.instance.id", Uuid::new_v4().to_string()))
            .with_attribute(KeyValue::new("vcs.ref.head.revision", settings.revision.clone()))
            .build();
        let mut tracer = SdkTracerProvider::builder().with_resource(resource.clone());
        let mut meter = SdkMeterProvider::builder().with_resource(resource);
        if settings.collector {
            let spans = SpanExporter::builder().with_http().build()?;
            let numbers = MetricExporter::builder().with_http().build()?;
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
            tracing_subscriber::fmt::layer()
                .fmt_fields(JsonFields::new())
                .event_format(log::Json)
                .with_writer(std::io::stderr)
                .boxed()
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
