//! The models that are known: what they can do, what they cost, and what the account may ask of them.
//! Built in as `models.toml`; an operator's file adds to it.

use std::{fs, str::FromStr, sync::LazyLock};

use aws_adapters::quota::Limits;
use domain::{report::Usage, usage::MicroUsd};
use serde::{Deserialize, Serialize};

/// Prefixes of cross-Region inference profiles ("Supported Regions and models for inference
/// profiles").
const PROFILES: [&str; 8] = ["global", "us", "eu", "apac", "jp", "au", "ca", "us-gov"];

/// The models of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Changes with every change of a price; recorded with each report.
    #[serde(default)]
    version: Option<String>,
    #[serde(rename = "model", default)]
    models: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    structured_output: Option<StructuredOutput>,
    prompt_cache: Option<bool>,
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

/// How a model is brought to answer in the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StructuredOutput {
    /// By the model's own constrained decoding (`outputConfig`).
    Native,
    /// By a tool that it is forced to call.
    #[default]
    Tool,
}

/// A service tier of Bedrock ("Service tiers for optimizing performance and cost").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are Bedrock's")]
pub enum Tier {
    #[default]
    Default,
    Priority,
    Flex,
    Reserved,
}

/// Prices in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Of tokens sent.
    pub input: f64,
    /// Of tokens written by the model.
    pub output: f64,
    /// Of tokens read from the prompt cache; as tokens sent where there is none.
    pub cache_read: Option<f64>,
    /// Of tokens written to the prompt cache; as tokens sent where there is none.
    pub cache_write: Option<f64>,
}

/// Tokens of one call, as Bedrock counts them: what is read from or written to the cache is no part
/// of `input`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are Bedrock's")]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

/// What a configured model can do and costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// How it is brought to answer in the schema.
    pub structured_output: StructuredOutput,
    /// Whether the system prompt and the schema are marked for the prompt cache.
    pub prompt_cache: bool,
    /// Sent as it stands.
    pub temperature: Option<f32>,
    /// How many tokens of quota one token of an answer counts.
    pub burndown: u64,
    /// What the account may ask of it; none where that is not configured.
    pub limits: Option<Limits>,
    /// What it costs.
    pub price: Price,
}

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    toml::from_str(include_str!("models.toml")).expect("models.toml is valid")
});

impl Catalogue {
    /// The models that this version of Dossier knows.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The version of the prices, as reports record it.
    pub fn version(&self) -> String {
        let built_in = BUILT_IN.version.as_deref().unwrap_or_default();
        match &self.version {
            Some(own) if own != built_in => format!("{built_in}, {own}"),
            _ => built_in.to_owned(),
        }
    }

    /// What is known of the model `id` where it is asked in `region` at `tier`. `id` may be that of a model,
    /// of an inference profile, or the ARN of either.
    ///
    /// # Errors
    /// What lacks, in words for the operator.
    pub fn find(&self, id: &str, region: &str, tier: Tier) -> Result<Known, String> {
        let (profile, base) = split(id);
        let entries: Vec<&Entry> = [self, Self::built_in()]
            .into_iter()
            .flat_map(|catalogue| [id, base].map(|id| catalogue.models.iter().find(|entry| entry.id == id)))
            .flatten()
            .collect();
        if entries.is_empty() {
            return Err(format!(
                "the model {id} is not known: give it an entry with its price in DOSSIER_MODELS"
            ));
        }
        let fits = |entry: &&PriceEntry| {
            let named = |list: &Option<Vec<String>>, what: &str| {
                list.as_ref().is_none_or(|list| list.iter().any(|known| known == what))
            };
            let of_tier = match &entry.tiers {
                Some(tiers) => tiers.contains(&tier),
                None => tier == Tier::Default,
            };
            named(&entry.profiles, profile) && named(&entry.regions, region) && of_tier
        };
        let price = entries
            .iter()
            .find_map(|entry| entry.price.as_ref())
            .and_then(|prices| prices.iter().find(fits))
            .map(PriceEntry::price)
            .ok_or_else(|| {
                format!(
                    "no price of the model {id} is known for the region {region} and the service tier {}: give it \
                     one in DOSSIER_MODELS",
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
        Ok(Known {
            structured_output: entries.iter().find_map(|entry| entry.structured_output).unwrap_or_default(),
            prompt_cache: entries.iter().find_map(|entry| entry.prompt_cache).unwrap_or_default(),
            temperature: entries.iter().find_map(|entry| entry.temperature),
            burndown: first(|entry| entry.burndown).unwrap_or(1).max(1),
            limits,
            price,
        })
    }
}

/// The prefix of the inference profile, if there is one, and the id of the model.
fn split(id: &str) -> (&str, &str) {
    // arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.vendor.model-v1:0
    let name = if id.starts_with("arn:") { id.rsplit('/').next().unwrap_or(id) } else { id };
    match name.split_once('.') {
        Some((prefix, base)) if PROFILES.contains(&prefix) => (prefix, base),
        _ => ("", name),
    }
}

impl FromStr for Catalogue {
    type Err = String;

    /// Reads a file's path, or the text itself, which is told from a path by an equals sign.
    fn from_str(value: &str) -> Result<Self, String> {
        let text = if value.contains('=') {
            value.to_owned()
        } else {
            fs::read_to_string(value).map_err(|error| format!("{value}: {error}"))?
        };
        toml::from_str(&text).map_err(|error| error.to_string())
    }
}

impl Tier {
    /// Its name as Bedrock has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Priority => "priority",
            Self::Flex => "flex",
            Self::Reserved => "reserved",
        }
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Default, Self::Priority, Self::Flex, Self::Reserved]
            .into_iter()
            .find(|tier| tier.as_str() == text)
            .ok_or_else(|| "it is none of default, priority, flex, reserved".to_owned())
    }
}

impl StructuredOutput {
    /// Its name in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Tool => "tool",
        }
    }
}

impl PriceEntry {
    fn price(&self) -> Price {
        let Self { input, output, cache_read, cache_write, .. } = *self;
        Price { input, output, cache_read, cache_write }
    }
}

impl Price {
    fn check(&self) -> Result<(), &'static str> {
        let all = [Some(self.input), Some(self.output), self.cache_read, self.cache_write];
        let fair = |price: f64| (0.0..=100_000.0).contains(&price);
        if all.into_iter().flatten().all(fair) {
            Ok(())
        } else {
            Err("is none: use numbers from 0 to 100000")
        }
    }

    /// What these tokens cost.
    pub fn cost(&self, tokens: Tokens) -> MicroUsd {
        [
            MicroUsd::of_tokens(tokens.input, self.input),
            MicroUsd::of_tokens(tokens.output, self.output),
            MicroUsd::of_tokens(tokens.cache_read, self.cache_read.unwrap_or(self.input)),
            MicroUsd::of_tokens(tokens.cache_write, self.cache_write.unwrap_or(self.input)),
        ]
        .into_iter()
        .sum()
    }

    /// The most that a call can cost: everything sent is written to the cache, and the whole answer is used.
    pub fn most(&self, input: u64, output: u64) -> MicroUsd {
        let dearest = self.cache_write.unwrap_or_default().max(self.input);
        MicroUsd::of_tokens(input, dearest).plus(MicroUsd::of_tokens(output, self.output))
    }

    /// What one answered call used.
    pub fn usage(&self, tokens: Tokens) -> Usage {
        Usage {
            input_tokens: tokens.input + tokens.cache_read + tokens.cache_write,
            output_tokens: tokens.output,
            cost_usd: self.cost(tokens).usd(),
            model_calls: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(own: &str, id: &str, region: &str, tier: Tier) -> Result<Known, String> {
        own.parse::<Catalogue>().unwrap().find(id, region, tier)
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
    fn an_operators_entry_adds_what_it_names_and_keeps_the_rest() {
        let own = r#"version = "bank-1"
            [[model]]
            id = "anthropic.claude-sonnet-4-6"
            tokens_per_minute = 200000
            structured_output = "tool""#;
        let known = find(own, "eu.anthropic.claude-sonnet-4-6", "eu-west-1", Tier::Default).unwrap();
        assert_eq!(known.structured_output, StructuredOutput::Tool);
        assert_eq!(known.limits.unwrap().tokens, 200_000);
        assert_eq!((known.price.input, known.burndown, known.prompt_cache), (3.3, 5, true));
        assert!(own.parse::<Catalogue>().unwrap().version().ends_with(", bank-1"));
    }

    #[test]
    fn prices_differ_by_region_and_tier_and_what_has_none_is_refused() {
        let own = r#"model=[{id="m",price=[{regions=["ap-northeast-1"],input=2,output=2},{tiers=["flex"],input=0.5,output=1},{input=1,output=1}]}]"#;
        let price = |region, tier| find(own, "m", region, tier).map(|known| known.price.input);
        assert_eq!(price("ap-northeast-1", Tier::Default), Ok(2.0));
        assert_eq!(price("eu-west-1", Tier::Default), Ok(1.0));
        assert_eq!(price("eu-west-1", Tier::Flex), Ok(0.5));
        assert!(price("eu-west-1", Tier::Priority).unwrap_err().contains("priority"));
        assert!(find(own, "other", "x", Tier::Default).unwrap_err().contains("DOSSIER_MODELS"));
        for bad in [r#"model=[{id="m",price=[{input=-1,output=1}]}]"#, r#"model=[{id="m"}]"#] {
            assert!(find(bad, "m", "x", Tier::Default).is_err(), "{bad}");
        }
        for bad in ["model=1", "modell=[]", "/no/such/file"] {
            assert!(bad.parse::<Catalogue>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_call_costs_each_kind_of_token_and_never_more_than_was_expected() {
        let price = Price { input: 3.0, output: 15.0, cache_read: Some(0.3), cache_write: Some(3.75) };
        let tokens = Tokens { input: 100, output: 10, cache_read: 1000, cache_write: 200 };
        assert_eq!(price.cost(tokens), MicroUsd::new(300 + 150 + 300 + 750));
        assert!(price.most(1300, 10) >= price.cost(tokens));
        assert_eq!(price.usage(tokens).input_tokens, 1300);
    }
}
