//! What a worker knows about the grammars that Bedrock compiles from answer schemas for native structured
//! output. A first call compiles the schema, which takes up to minutes and can fail ("Get validated JSON
//! results from models"); the forced tool needs no grammar. Workers tell each other what they find out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_adapters::answer_schemas::{AnswerSchemas, SchemaState};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::form::AnswerForm;

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

/// The state of the schemas of one model. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct SchemaCompilation {
    /// By the names of the forms, what is known, and until when it holds.
    forms: Arc<Mutex<HashMap<&'static str, (Known, Instant)>>>,
    /// Where all workers find it, with the id of the model.
    shared: Option<(AnswerSchemas, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Compiled,
    Failed,
}

impl SchemaCompilation {
    /// Returns the state of the schemas of `model`, which workers share in `schemas`.
    pub(super) fn shared(schemas: AnswerSchemas, model: &str) -> Self {
        Self { shared: Some((schemas, model.to_owned())), ..Self::default() }
    }

    /// Returns how a model with native structured output is asked for an answer in `form`. If this worker does not know
    /// whether the schema is compiled, it asks what others know.
    pub(super) async fn method(&self, form: &AnswerForm) -> Method {
        let mut known = self.known(form);
        if let (None, Some((schemas, model))) = (known, &self.shared) {
            match schemas.find(model, &form.version).await {
                Ok(Some(state)) => known = Some(self.remember(form.name, state)),
                Ok(None) => {}
                // The first call with a schema may take longer, so not knowing costs nothing.
                Err(error) => {
                    tracing::warn!(model, error = %error, "it could not be read whether the schema of an answer is compiled");
                }
            }
        }
        match known {
            Some(Known::Failed) => Method::Tool,
            Some(Known::Compiled) => Method::Native { compiled: true },
            None => Method::Native { compiled: false },
        }
    }

    /// Records an answer in the schema of `form`.
    pub(super) fn record_answer(&self, form: &AnswerForm) {
        if self.known(form) != Some(Known::Compiled) {
            self.remember(form.name, SchemaState::compiled_now());
            self.share(form, Known::Compiled);
        }
    }

    /// Records that the schema of `form` could not be compiled.
    pub(super) fn record_failure(&self, form: &AnswerForm) {
        self.remember(form.name, SchemaState::failed_now());
        self.share(form, Known::Failed);
    }

    /// Tells other workers what is known, in a task of its own: a paid answer does not wait for it.
    fn share(&self, form: &AnswerForm, known: Known) {
        let Some((schemas, model)) = self.shared.clone() else { return };
        let (this, name, version) = (self.clone(), form.name, form.version.clone());
        let sharing = async move {
            let recorded = match known {
                Known::Compiled => schemas.record_compiled(&model, &version).await,
                Known::Failed => schemas.record_failed(&model, &version).await,
            };
            match recorded {
                Ok(state) => drop(this.remember(name, state)),
                Err(error) => {
                    tracing::warn!(model, error = %error, "it could not be recorded whether the schema of an answer is compiled");
                }
            }
        };
        tokio::spawn(sharing.in_current_span());
    }

    fn known(&self, form: &AnswerForm) -> Option<Known> {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.get(form.name).filter(|(_, until)| Instant::now() < *until).map(|(known, _)| *known)
    }

    fn remember(&self, form: &'static str, state: SchemaState) -> Known {
        let (known, left) = match state {
            SchemaState::Compiled(left) => (Known::Compiled, left),
            SchemaState::Failed(left) => (Known::Failed, left),
        };
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.insert(form, (known, Instant::now() + left));
        known
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn form(name: &'static str) -> AnswerForm {
        AnswerForm::of::<bool>(name, "purpose")
    }

    #[tokio::test(start_paused = true)]
    async fn a_schema_is_compiled_once_a_day_and_avoided_for_an_hour_after_a_failure() {
        let state = SchemaCompilation::default();
        let (a, b) = (form("a"), form("b"));
        let native = |compiled| Method::Native { compiled };
        assert_eq!(state.method(&a).await, native(false));
        state.record_answer(&a);
        assert_eq!((state.method(&a).await, state.method(&b).await), (native(true), native(false)));
        tokio::time::advance(12 * HOUR).await;
        state.record_answer(&a);
        tokio::time::advance(12 * HOUR).await;
        assert_eq!(
            state.method(&a).await,
            native(false),
            "Bedrock drops the grammar a day after its first use"
        );

        state.record_failure(&a);
        tokio::time::advance(HOUR - Duration::from_secs(1)).await;
        assert_eq!((state.method(&a).await, state.method(&b).await), (Method::Tool, native(false)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(state.method(&a).await, native(false));
    }
}
