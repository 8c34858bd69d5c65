//! Ids of traces without a collector. Log lines, problem documents and messages name the trace that they belong
//! to; nobody needs the spans themselves, so none are built.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::{
    Metadata, Span, Subscriber, dispatcher,
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer, Registry,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

/// Prefix of the fields that identify what a span is about, such as the report.
pub(crate) const SUBJECT: &str = "dossier.";

/// The span of a request to the API, in which its trace begins.
const REQUEST_SPAN: &str = "http";

/// Returns whether log lines need a span: it begins a trace, or says what the lines are about.
pub(crate) fn is_needed(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
        || metadata.name() == REQUEST_SPAN
        || metadata.fields().iter().any(|field| field.name().starts_with(SUBJECT))
}

/// The ids of a span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanIds {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    flags: TraceFlags,
}

impl SpanIds {
    /// Returns the W3C Trace Context of the span.
    pub(crate) fn traceparent(self) -> String {
        format!("00-{}-{}-{:02x}", self.trace, self.span, self.flags.to_u8())
    }

    /// Returns the ids of `span`, or of the span around it that has some.
    pub(crate) fn of<'a, R: LookupSpan<'a>>(span: &SpanRef<'a, R>) -> Option<Self> {
        span.scope().find_map(|span| span.extensions().get::<Self>().copied())
    }
}

/// The layer that gives each span its ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TraceIds;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for TraceIds {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let generator = RandomIdGenerator::default();
        let parent = span.parent().and_then(|parent| SpanIds::of(&parent));
        // A trace that begins here counts as sampled, so that a service with a collector records its part.
        let (trace, flags) = parent
            .map_or_else(|| (generator.new_trace_id(), TraceFlags::SAMPLED), |ids| (ids.trace, ids.flags));
        span.extensions_mut().insert(SpanIds { trace, span: generator.new_span_id(), flags });
    }
}

/// Returns the ids of the current span, or `None` without this layer or outside a trace.
pub(crate) fn current() -> Option<SpanIds> {
    dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = dispatch.current_span();
        SpanIds::of(&registry.span(current.id()?)?)
    })
}

/// Makes `span` part of the trace of `parent`, if this layer gave it ids. Returns whether it did.
pub(crate) fn join(span: &Span, parent: &SpanContext) -> bool {
    let joined = span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        let mut extensions = span.extensions_mut();
        let ids = extensions.get_mut::<SpanIds>()?;
        if parent.is_valid() {
            (ids.trace, ids.flags) = (parent.trace_id(), parent.trace_flags());
        }
        Some(())
    });
    joined.flatten().is_some()
}
