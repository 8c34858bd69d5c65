//! Carries a trace from one process to the next (W3C Trace Context), and gives spans what fields of tracing cannot hold.

use std::collections::HashMap;

use opentelemetry::{Array, Context, Value, global};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The W3C Trace Context of a request, as a header or a message attribute.
pub const TRACEPARENT: &str = "traceparent";

/// The `traceparent` of the current span; none outside any trace.
pub fn current_traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.remove(TRACEPARENT)
}

/// Makes `span` part of the trace that `traceparent` speaks of. Anything that is no valid
/// `traceparent` leaves it the root of a trace of its own.
pub fn continue_trace(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent: Context = global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    // Fails only when there is no OpenTelemetry layer or the span has begun: then there is no trace.
    let _ = span.set_parent(parent);
}

/// Sets the attribute `key` of `span` to a list, which fields of tracing cannot be.
pub fn set_list(span: &Span, key: &'static str, words: &[&str]) {
    let words = words.iter().map(|word| (*word).to_owned().into()).collect();
    span.set_attribute(key, Value::Array(Array::String(words)));
}
