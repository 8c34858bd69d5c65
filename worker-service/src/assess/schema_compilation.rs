//! What a worker knows about the grammars that Bedrock compiles from answer schemas for native structured
//! output. A first call compiles the schema, which takes up to minutes and can fail ("Get validated JSON
//! results from models"); the forced tool needs no grammar.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How long Bedrock keeps a compiled grammar after its first use.
const COMPILED_FOR: Duration = Duration::from_secs(24 * 3600);
/// How long a schema that could not be compiled is sent as a tool. Failures of the compiler can pass, but each
/// try can take three minutes.
const FAILED_FOR: Duration = Duration::from_secs(3600);

/// The method of one call that makes the answer follow the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// The model's own constrained decoding.
    Native {
        /// Whether Bedrock has compiled the schema already.
        compiled: bool,
    },
    /// A tool that the model is forced to call.
    Tool,
}

/// The state of the schemas of one model, by the names of their forms.
#[derive(Debug, Default)]
pub(super) struct SchemaCompilation {
    forms: Mutex<HashMap<&'static str, Compiled>>,
}

#[derive(Clone, Copy, Debug)]
enum Compiled {
    Since(Instant),
    FailedAt(Instant),
}

impl SchemaCompilation {
    /// Returns how a model with native structured output is asked for an answer in `form`.
    pub(super) fn method(&self, form: &str) -> Method {
        match self.forms().get(form) {
            Some(Compiled::FailedAt(at)) if at.elapsed() < FAILED_FOR => Method::Tool,
            Some(Compiled::Since(at)) if at.elapsed() < COMPILED_FOR => Method::Native { compiled: true },
            _ => Method::Native { compiled: false },
        }
    }

    /// Records an answer in the schema of `form`.
    pub(super) fn record_answer(&self, form: &'static str) {
        if self.method(form) != (Method::Native { compiled: true }) {
            self.forms().insert(form, Compiled::Since(Instant::now()));
        }
    }

    /// Records that the schema of `form` could not be compiled.
    pub(super) fn record_failure(&self, form: &'static str) {
        self.forms().insert(form, Compiled::FailedAt(Instant::now()));
    }

    fn forms(&self) -> MutexGuard<'_, HashMap<&'static str, Compiled>> {
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_schema_is_compiled_once_a_day_and_avoided_for_an_hour_after_a_failure() {
        let state = SchemaCompilation::default();
        let native = |compiled| Method::Native { compiled };
        assert_eq!(state.method("a"), native(false));
        state.record_answer("a");
        assert_eq!((state.method("a"), state.method("b")), (native(true), native(false)));
        tokio::time::advance(COMPILED_FOR / 2).await;
        state.record_answer("a");
        tokio::time::advance(COMPILED_FOR / 2).await;
        assert_eq!(state.method("a"), native(false), "Bedrock drops the grammar a day after its first use");

        state.record_failure("a");
        tokio::time::advance(FAILED_FOR - Duration::from_secs(1)).await;
        assert_eq!((state.method("a"), state.method("b")), (Method::Tool, native(false)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(state.method("a"), native(false));
    }
}
