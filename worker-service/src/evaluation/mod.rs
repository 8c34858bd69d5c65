//! Assessments that belong to no report: a stored one through another prompt or model, and a set of
//! cases through the configured one. They keep nothing, and no budget bounds them: they are an operator's, and
//! say what they cost.

pub mod case;
pub mod evaluate;
pub mod replay;

use aws_adapters::SdkConfig;
use domain::evidence::SourceName;

use crate::{
    assess::{Assessor, model::Model, prompt::Prompt},
    concurrency_limit::ConcurrencyLimit,
    settings::ModelSettings,
};

/// What is tried instead of what is configured.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Another model.
    pub model: Option<String>,
    /// Another version of the prompt.
    pub prompt: Option<String>,
}

/// An assessor over `bedrock` as `settings` say, but for what is tried `instead`.
fn assessor(
    bedrock: &SdkConfig,
    settings: &ModelSettings,
    instead: &Overrides,
    mandatory: Vec<SourceName>,
) -> Result<Assessor, String> {
    let mut settings = settings.clone();
    if let Some(model) = &instead.model {
        settings.ids = vec![model.clone()];
    }
    if let Some(version) = &instead.prompt {
        settings.prompt = Prompt::find(version)?;
    }
    let models = Model::configured(bedrock, &settings).map_err(|errors| errors.join("; "))?;
    Ok(Assessor::new(models, settings.prompt, ConcurrencyLimit::new(1), mandatory, sources::rulebook()))
}
