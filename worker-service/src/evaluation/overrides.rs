//! Overrides of the configured model or prompt, which an operator wants to try.

use aws_adapters::SdkConfig;
use domain::evidence::SourceName;

use crate::{
    assess::{Assessor, Model, ModelSettings, Prompt, configured_verifier},
    concurrency_limit::ConcurrencyLimit,
};

/// Values that override the settings of the model.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Id of the model to use; `None` means the configured models.
    pub model: Option<String>,
    /// Version of the prompt to use; `None` means the configured one.
    pub prompt: Option<String>,
}

impl Overrides {
    /// Creates an assessor that uses `settings` with these overrides, and calls models with `bedrock`.
    ///
    /// # Errors
    /// Returns a message for the operator if the model or the prompt cannot be used.
    pub(super) fn assessor(
        &self,
        bedrock: &SdkConfig,
        settings: &ModelSettings,
        mandatory: Vec<SourceName>,
    ) -> Result<Assessor, String> {
        // As for reports, claims are verified by the configured verifier, whatever model is tried.
        let verifier = configured_verifier(bedrock, settings, None)?;
        let mut settings = settings.clone();
        if let Some(model) = &self.model {
            settings.ids = vec![model.clone()];
        }
        if let Some(version) = &self.prompt {
            settings.prompt = Prompt::find(version)?;
        }
        let models = Model::configured(bedrock, &settings).map_err(|errors| errors.join("; "))?;
        let concurrency = ConcurrencyLimit::new(1);
        let assessor = Assessor::new(models, settings.prompt, concurrency, mandatory, sources::rulebook());
        Ok(assessor.with_verifier(verifier))
    }
}
