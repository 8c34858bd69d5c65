//! Propagates traces between processes (W3C Trace Context), and sets span attributes that `tracing` fields
//! cannot express.

use std::collections::HashMap;

use opentelemetry::{Array, Context, Value, global, trace::TraceContextExt};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::trace_ids;

/// Name of the header or message attribute that carries the W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";

/// Returns the `traceparent` of the current span, or `None` outside a trace.
pub fn current_traceparent() -> Option<String> {
    if let Some(ids) = trace_ids::current() {
        return Some(ids.traceparent());
    }
    let mut carrier = HashMap::new();
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.remove(TRACEPARENT)
}

/// Returns the id of the current trace, or `None` outside a trace.
pub fn current_trace_id() -> Option<String> {
    if let Some(ids) = trace_ids::current() {
        return Some(ids.trace.to_string());
    }
    let context = Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| span.trace_id().to_string())
}

/// Makes `span` part of the trace that `traceparent` identifies. If `traceparent` is missing or invalid,
/// `span` remains the root of a new trace.
pub fn continue_trace(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent: Context = global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    if trace_ids::join(span, parent.span().span_context()) {
        return;
    }
    // Fails only if there is no OpenTelemetry layer or the span has already started: then there is no trace
    // to join.
    let _ = span.set_parent(parent);
}

/// Sets the attribute `key` of `span` to a list of texts, which `tracing` fields cannot express.
pub fn set_list(span: &Span, key: &'static str, values: &[&str]) {
    let values = values.iter().map(|value| (*value).to_owned().into()).collect();
    span.set_attribute(key, Value::Array(Array::String(values)));
}
