//! The catalogue of models: their capabilities, prices and account quotas. The built-in part is
//! `models.toml`; an operator's file adds to it.

use std::{fs, str::FromStr, sync::LazyLock};

use aws_adapters::quota::Limits;
use serde::{Deserialize, Serialize};

use super::price::{GuardrailPrices, ListPrice, Price, Tier};

/// Prefixes of cross-Region inference profiles ("Supported Regions and models for inference
/// profiles").
const PROFILES: [&str; 8] = ["global", "us", "eu", "apac", "jp", "au", "ca", "us-gov"];

/// A catalogue of models, as read from one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Changes whenever a price changes; recorded with each report.
    #[serde(default)]
    version: Option<String>,
    #[serde(rename = "model", default)]
    models: Vec<Entry>,
    #[serde(default)]
    guardrail: GuardrailEntry,
}

/// Prices of the policies of guardrails, in US dollars per 1,000 units of text.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardrailEntry {
    contextual_grounding: Option<f64>,
    content: Option<f64>,
    topic: Option<f64>,
    word: Option<f64>,
    sensitive_information: Option<f64>,
    automated_reasoning: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    structured_output: Option<StructuredOutput>,
    tool_choice: Option<ToolChoice>,
    prompt_cache: Option<bool>,
    cache_minimum: Option<u64>,
    temperature: Option<f32>,
    burndown: Option<u64>,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    price: Option<Vec<PriceEntry>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceEntry {
    profiles: Option<Vec<String>>,
    regions: Option<Vec<String>>,
    tiers: Option<Vec<Tier>>,
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

/// The method that makes a model's answer follow the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StructuredOutput {
    /// The model's own constrained decoding (`outputConfig`).
    Native,
    /// A tool that the model is forced to call.
    #[default]
    Tool,
}

/// How Converse makes a model call the tool that carries its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToolChoice {
    /// By the name of the tool.
    #[default]
    Tool,
    /// By the rule that some tool must be called, of which there is one.
    Any,
}

/// Capabilities, quota and price of a configured model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelSpec {
    /// The method that makes the model's answer follow the schema.
    pub(crate) structured_output: StructuredOutput,
    /// How the model is made to call the tool, if the answer is the input of one.
    pub(crate) tool_choice: ToolChoice,
    /// Minimum number of tokens that the model caches; `None` if it caches nothing, or if the number is
    /// unknown.
    pub(crate) cache_minimum: Option<u64>,
    /// Temperature to send; `None` for models that reject one.
    pub(crate) temperature: Option<f32>,
    /// Number of quota tokens that one output token uses up (Bedrock's burndown rate).
    pub(crate) burndown: u64,
    /// The account's quota for the model; `None` if it is not configured.
    pub(crate) limits: Option<Limits>,
    /// Price of the model's tokens.
    pub(crate) price: Price,
}

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    toml::from_str(include_str!("models.toml")).expect("models.toml is valid")
});

impl Catalogue {
    /// Returns the built-in catalogue.
    pub(crate) fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Returns the version of the prices, as reports record it.
    pub(crate) fn version(&self) -> String {
        let built_in = BUILT_IN.version.as_deref().unwrap_or_default();
        match &self.version {
            Some(added) if added != built_in => format!("{built_in}, {added}"),
            _ => built_in.to_owned(),
        }
    }

    /// Returns the prices of the policies of guardrails.
    ///
    /// # Errors
    /// Returns a message for the operator if a price is out of range.
    pub(crate) fn guardrail_prices(&self) -> Result<GuardrailPrices, String> {
        let price = |member: fn(&GuardrailEntry) -> Option<f64>| {
            member(&self.guardrail).or(member(&BUILT_IN.guardrail)).unwrap_or_default()
        };
        let prices = GuardrailPrices {
            contextual_grounding: price(|entry| entry.contextual_grounding),
            content: price(|entry| entry.content),
            topic: price(|entry| entry.topic),
            word: price(|entry| entry.word),
            sensitive_information: price(|entry| entry.sensitive_information),
            automated_reasoning: price(|entry| entry.automated_reasoning),
        };
        if prices.all().into_iter().all(|price| (0.0..=100_000.0).contains(&price)) {
            return Ok(prices);
        }
        Err("a price of the guardrail in DOSSIER_MODELS is out of range: use numbers from 0 to 100000"
            .to_owned())
    }

    /// Returns the specification of the model `id`, called in `region` at `tier`. `id` is the id of a model
    /// or of an inference profile, or the ARN of either.
    ///
    /// # Errors
    /// Returns a message for the operator if the model is unknown or has no price for this region and tier.
    pub(crate) fn find(&self, id: &str, region: &str, tier: Tier) -> Result<ModelSpec, String> {
        let (profile, base) = split(id);
        let entries: Vec<&Entry> = [self, Self::built_in()]
            .into_iter()
            .flat_map(|catalogue| [id, base].map(|id| catalogue.models.iter().find(|entry| entry.id == id)))
            .flatten()
            .collect();
        if entries.is_empty() {
            return Err(format!("the model {id} is unknown: add it with its price to DOSSIER_MODELS"));
        }
        let price = entries
            .iter()
            .find_map(|entry| entry.price.as_ref())
            .and_then(|prices| prices.iter().find(|price| price.applies_to(profile, region, tier)))
            .map(PriceEntry::price)
            .ok_or_else(|| {
                format!(
                    "the model {id} has no price for the region {region} and the service tier {}: add one to \
                     DOSSIER_MODELS",
                    tier.as_str()
                )
            })?;
        price.check().map_err(|why| format!("the price of the model {id} {why}"))?;
        let first = |member: fn(&Entry) -> Option<u64>| entries.iter().find_map(|entry| member(entry));
        let limits = match (first(|entry| entry.requests_per_minute), first(|entry| entry.tokens_per_minute))
        {
            (None, None) => None,
            (requests, tokens) => Some(Limits {
                requests: requests.unwrap_or(u64::from(u32::MAX)).max(1),
                tokens: tokens.unwrap_or(u64::from(u32::MAX)).max(1),
            }),
        };
        Ok(ModelSpec {
            structured_output: entries.iter().find_map(|entry| entry.structured_output).unwrap_or_default(),
            tool_choice: entries.iter().find_map(|entry| entry.tool_choice).unwrap_or_default(),
            cache_minimum: entries
                .iter()
                .find_map(|entry| entry.prompt_cache)
                .unwrap_or_default()
                .then(|| first(|entry| entry.cache_minimum))
                .flatten(),
            temperature: entries.iter().find_map(|entry| entry.temperature),
            burndown: first(|entry| entry.burndown).unwrap_or(1).max(1),
            limits,
            price,
        })
    }
}

/// Returns the list price of the model or inference profile `id` in `region`, or `None` if the built-in
/// catalogue does not have the model.
pub fn list_price(id: &str, region: &str) -> Option<ListPrice> {
    let ModelSpec { price, burndown, .. } = Catalogue::built_in().find(id, region, Tier::Default).ok()?;
    Some(ListPrice {
        input: price.input,
        output: price.output,
        cache_read: price.cache_read.unwrap_or(price.input),
        cache_write: price.cache_write.unwrap_or(price.input),
        burndown,
    })
}

/// Splits `id` into the prefix of its inference profile, which may be empty, and the id of the model.
pub(super) fn split(id: &str) -> (&str, &str) {
    // An example: arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.vendor.model-v1:0
    let name = if id.starts_with("arn:") { id.rsplit('/').next().unwrap_or(id) } else { id };
    match name.split_once('.') {
        Some((prefix, base)) if PROFILES.contains(&prefix) => (prefix, base),
        _ => ("", name),
    }
}

impl FromStr for Catalogue {
    type Err = String;

    /// Reads a catalogue from `value`, which is TOML text if it contains an equals sign, and otherwise the
    /// path of a file.
    fn from_str(value: &str) -> Result<Self, String> {
        let text = if value.contains('=') {
            value.to_owned()
        } else {
            fs::read_to_string(value).map_err(|error| format!("{value}: {error}"))?
        };
        toml::from_str(&text).map_err(|error| error.to_string())
    }
}

impl StructuredOutput {
    /// Returns the name of the method in catalogue files and reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Tool => "tool",
        }
    }
}

impl PriceEntry {
    /// Returns whether the entry applies to a call through `profile` in `region` at `tier`. An entry without
    /// profiles or regions applies to all of them, one without tiers only to the default tier.
    fn applies_to(&self, profile: &str, region: &str, tier: Tier) -> bool {
        let includes = |names: &Option<Vec<String>>, name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|listed| listed == name))
        };
        let at_tier = match &self.tiers {
            Some(tiers) => tiers.contains(&tier),
            None => tier == Tier::Default,
        };
        includes(&self.profiles, profile) && includes(&self.regions, region) && at_tier
    }

    fn price(&self) -> Price {
        let Self { input, output, cache_read, cache_write, .. } = *self;
        Price { input, output, cache_read, cache_write }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(added: &str, id: &str, region: &str, tier: Tier) -> Result<ModelSpec, String> {
        added.parse::<Catalogue>().unwrap().find(id, region, tier)
    }

    #[test]
    fn every_built_in_model_has_a_price_under_its_own_id_and_under_each_profile() {
        for entry in &Catalogue::built_in().models {
            for prefix in ["", "us.", "eu.", "global."] {
                let id = format!("{prefix}{}", entry.id);
                Catalogue::built_in().find(&id, "eu-west-1", Tier::Default).unwrap();
            }
        }
    }

    #[test]
    fn a_profile_or_its_arn_has_the_price_of_its_geography() {
        let price = |id: &str| find("model=[]", id, "eu-west-1", Tier::Default).unwrap().price.input;
        assert_eq!(price("global.anthropic.claude-sonnet-4-6"), 3.0);
        assert_eq!(price("eu.anthropic.claude-sonnet-4-6"), 3.3);
        assert_eq!(
            price("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-6"),
            3.3
        );
    }

    #[test]
    fn an_operators_entry_overrides_only_the_members_it_names() {
        let added = r#"version = "bank-1"
            [[model]]
            id = "anthropic.claude-sonnet-4-6"
            tokens_per_minute = 200000
            structured_output = "tool""#;
        let spec = find(added, "eu.anthropic.claude-sonnet-4-6", "eu-west-1", Tier::Default).unwrap();
        assert_eq!(spec.structured_output, StructuredOutput::Tool);
        assert_eq!(spec.limits.unwrap().tokens, 200_000);
        assert_eq!((spec.price.input, spec.burndown, spec.cache_minimum), (3.3, 5, Some(2_048)));
        assert!(added.parse::<Catalogue>().unwrap().version().ends_with(", bank-1"));
    }

    #[test]
    fn a_model_is_forced_to_call_the_tool_in_a_way_that_it_supports() {
        let choice =
            |added: &str, id: &str| find(added, id, "eu-west-1", Tier::Default).map(|spec| spec.tool_choice);
        assert_eq!(choice("model=[]", "anthropic.claude-haiku-4-5-20251001-v1:0"), Ok(ToolChoice::Tool));
        assert_eq!(choice("model=[]", "mistral.mistral-large-3-675b-instruct"), Ok(ToolChoice::Any));
        let added = r#"model=[{id="m",tool_choice="any",price=[{input=1,output=1}]}]"#;
        assert_eq!(choice(added, "m"), Ok(ToolChoice::Any));
        let unknown = added.replace("any", "auto").parse::<Catalogue>().unwrap_err();
        assert!(unknown.contains("`tool` or `any`"), "{unknown}");
    }

    #[test]
    fn prices_differ_by_region_and_tier_and_a_model_without_a_price_is_rejected() {
        let added = r#"model=[{id="m",price=[{regions=["ap-northeast-1"],input=2,output=2},{tiers=["flex"],input=0.5,output=1},{input=1,output=1}]}]"#;
        let price = |region, tier| find(added, "m", region, tier).map(|spec| spec.price.input);
        assert_eq!(price("ap-northeast-1", Tier::Default), Ok(2.0));
        assert_eq!(price("eu-west-1", Tier::Default), Ok(1.0));
        assert_eq!(price("eu-west-1", Tier::Flex), Ok(0.5));
        assert!(price("eu-west-1", Tier::Priority).unwrap_err().contains("priority"));
        assert!(find(added, "other", "x", Tier::Default).unwrap_err().contains("DOSSIER_MODELS"));
        for bad in [r#"model=[{id="m",price=[{input=-1,output=1}]}]"#, r#"model=[{id="m"}]"#] {
            assert!(find(bad, "m", "x", Tier::Default).is_err(), "{bad}");
        }
        let built_in = Catalogue::built_in().guardrail_prices().unwrap();
        assert_eq!((built_in.contextual_grounding, built_in.content), (0.1, 0.15));
        let cheap: Catalogue = "guardrail={contextual_grounding=0.05}".parse().unwrap();
        let cheap = cheap.guardrail_prices().unwrap();
        assert_eq!((cheap.contextual_grounding, cheap.content), (0.05, 0.15));
        let negative: Catalogue = "guardrail={topic=-1}".parse().unwrap();
        assert!(negative.guardrail_prices().unwrap_err().contains("DOSSIER_MODELS"));
        for bad in ["model=1", "modell=[]", "/no/such/file"] {
            assert!(bad.parse::<Catalogue>().is_err(), "{bad}");
        }
    }
}
