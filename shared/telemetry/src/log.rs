//! Log lines as JSON objects, with the ids of their trace and span.

use std::fmt;

use jiff::Timestamp;
use opentelemetry::trace::{SpanId, TraceContextExt, TraceId};
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::Record,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use crate::trace_ids::{self, SUBJECT};

/// The formatter that writes each event as one line with a JSON object: `timestamp`, `level`, `target`,
/// `message`, the fields of the event, the `dossier.` fields of its spans, and `traceId` and `spanId` within
/// a trace.
#[derive(Debug)]
pub(super) struct Json;

/// The formatter of a span's fields. Log lines show those that say what they are about (`dossier.`), so the
/// others are not formatted at all.
#[derive(Debug)]
pub(super) struct SubjectFields;

/// Fields of an event or a span as members of a JSON object.
#[derive(Default)]
struct Members {
    members: Map<String, Value>,
    /// Whether the other fields than those that say what a span is about are left out.
    of_subject: bool,
}

impl Members {
    fn of_subject() -> Self {
        Self { of_subject: true, ..Self::default() }
    }

    fn add(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        if !self.of_subject || field.name().starts_with(SUBJECT) {
            self.members.insert(field.name().to_owned(), value());
        }
    }
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, || Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, || Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, || Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, || Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, || Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, || Value::from(value));
    }
}

impl<'writer> FormatFields<'writer> for SubjectFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members::of_subject();
        fields.record(&mut members);
        if members.members.is_empty() {
            return Ok(());
        }
        write!(writer, "{}", Value::Object(members.members))
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut members = Members::of_subject();
        fields.record(&mut members);
        if members.members.is_empty() {
            return Ok(());
        }
        let mut all: Map<String, Value> = serde_json::from_str(&current.fields).unwrap_or_default();
        all.extend(members.members);
        current.fields = Value::Object(all).to_string();
        Ok(())
    }
}

/// Returns the ids of the trace and the span that are exported to a collector.
fn exported_ids() -> Option<(TraceId, SpanId)> {
    let context = opentelemetry::Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| (span.trace_id(), span.span_id()))
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut members = Members::default();
        event.record(&mut members);
        let mut line = members.members;
        // The enclosing spans identify what the event is about, such as the report.
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let Some(fields) = extensions.get::<FormattedFields<N>>() else { continue };
            let fields: Map<String, Value> = serde_json::from_str(fields).unwrap_or_default();
            for (name, value) in fields {
                line.entry(name).or_insert(value);
            }
        }
        line.insert("timestamp".into(), Value::from(format!("{:.3}", Timestamp::now())));
        line.insert("level".into(), Value::from(event.metadata().level().as_str()));
        line.insert("target".into(), Value::from(event.metadata().target()));
        // Of the current span, also if the filter of the log hides it.
        let ids = trace_ids::current().map(|ids| (ids.trace, ids.span));
        if let Some((trace, span)) = ids.or_else(exported_ids) {
            line.insert("traceId".into(), Value::from(trace.to_string()));
            line.insert("spanId".into(), Value::from(span.to_string()));
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}
