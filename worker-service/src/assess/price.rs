//! The cost of tokens: service tiers, token counts and prices.

use std::str::FromStr;

use domain::{report::Usage, usage::MicroUsd};
use serde::{Deserialize, Serialize};

/// A service tier, by its name in Bedrock ("Service tiers for optimizing performance and cost").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    #[default]
    Default,
    Priority,
    Flex,
    Reserved,
}

/// Token counts of one call, as Bedrock reports them: `input` does not include tokens read from or written to
/// the prompt cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

/// Prices in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price {
    /// Price of input tokens.
    pub(crate) input: f64,
    /// Price of output tokens.
    pub(crate) output: f64,
    /// Price of tokens read from the prompt cache; `None` means the price of input tokens.
    pub(crate) cache_read: Option<f64>,
    /// Price of tokens written to the prompt cache; `None` means the price of input tokens.
    pub(crate) cache_write: Option<f64>,
}

/// List prices of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListPrice {
    /// Price of input tokens.
    pub input: f64,
    /// Price of output tokens.
    pub output: f64,
    /// Price of tokens read from the prompt cache.
    pub cache_read: f64,
    /// Price of tokens written to the prompt cache.
    pub cache_write: f64,
    /// Number of quota tokens that one output token uses up.
    pub burndown: u64,
}

/// Units of text that the policies of a guardrail processed in one call. A unit has up to 1,000 characters. The
/// units that cost nothing are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GuardrailUnits {
    pub(crate) contextual_grounding: u64,
    pub(crate) content: u64,
    pub(crate) topic: u64,
    pub(crate) word: u64,
    pub(crate) sensitive_information: u64,
    pub(crate) automated_reasoning: u64,
}

/// Prices of the policies of a guardrail, in US dollars per 1,000 units of text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct GuardrailPrices {
    pub(crate) contextual_grounding: f64,
    pub(crate) content: f64,
    pub(crate) topic: f64,
    pub(crate) word: f64,
    pub(crate) sensitive_information: f64,
    pub(crate) automated_reasoning: f64,
}

impl GuardrailUnits {
    /// Returns the units by the name of their policy.
    pub(crate) fn by_policy(self) -> [(&'static str, u64); 6] {
        [
            ("contextual_grounding", self.contextual_grounding),
            ("content", self.content),
            ("topic", self.topic),
            ("word", self.word),
            ("sensitive_information", self.sensitive_information),
            ("automated_reasoning", self.automated_reasoning),
        ]
    }
}

impl GuardrailPrices {
    /// Returns the cost of `units`.
    pub(crate) fn cost(self, units: GuardrailUnits) -> MicroUsd {
        let counts = units.by_policy().map(|(_, count)| count);
        // The price of a thousand units is that of a million, divided by a thousand.
        let cost = |(count, price): (u64, f64)| MicroUsd::of_tokens(count, price * 1_000.0);
        counts.into_iter().zip(self.all()).map(cost).sum()
    }

    /// Returns the maximum cost of `units` of text, of which every policy may process all: which policies the
    /// guardrail has is known only afterwards.
    pub(crate) fn max_cost(self, units: u64) -> MicroUsd {
        self.cost(GuardrailUnits {
            contextual_grounding: units,
            content: units,
            topic: units,
            word: units,
            sensitive_information: units,
            automated_reasoning: units,
        })
    }

    /// Returns the prices in the order of [`GuardrailUnits::by_policy`].
    pub(crate) fn all(self) -> [f64; 6] {
        [
            self.contextual_grounding,
            self.content,
            self.topic,
            self.word,
            self.sensitive_information,
            self.automated_reasoning,
        ]
    }
}

impl Tier {
    /// Returns Bedrock's name of the tier.
    pub(crate) fn as_str(self) -> &'static str {
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
            .ok_or_else(|| "use default, priority, flex or reserved".to_owned())
    }
}

impl Price {
    /// Checks that each price is between 0 and 100,000 US dollars.
    ///
    /// # Errors
    /// Returns the end of a sentence that begins with "the price of the model …" if a price is out of this
    /// range.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let prices = [Some(self.input), Some(self.output), self.cache_read, self.cache_write];
        if prices.into_iter().flatten().all(|price| (0.0..=100_000.0).contains(&price)) {
            Ok(())
        } else {
            Err("is out of range: use numbers from 0 to 100000")
        }
    }

    /// Returns the cost of `tokens`.
    pub(crate) fn cost(&self, tokens: Tokens) -> MicroUsd {
        [
            MicroUsd::of_tokens(tokens.input, self.input),
            MicroUsd::of_tokens(tokens.output, self.output),
            MicroUsd::of_tokens(tokens.cache_read, self.cache_read.unwrap_or(self.input)),
            MicroUsd::of_tokens(tokens.cache_write, self.cache_write.unwrap_or(self.input)),
        ]
        .into_iter()
        .sum()
    }

    /// Returns the maximum cost of a call with `input` tokens and at most `output` tokens: all input is
    /// written to the cache if that costs more, and the answer has its maximum length.
    pub(crate) fn max_cost(&self, input: u64, output: u64) -> MicroUsd {
        let dearest = self.cache_write.unwrap_or_default().max(self.input);
        MicroUsd::of_tokens(input, dearest).plus(MicroUsd::of_tokens(output, self.output))
    }

    /// Returns the usage of one answered call.
    pub(crate) fn usage(&self, tokens: Tokens) -> Usage {
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

    #[test]
    fn each_policy_of_a_guardrail_has_its_price_and_the_maximum_counts_all_of_them() {
        let prices = GuardrailPrices {
            contextual_grounding: 0.1,
            content: 0.15,
            topic: 0.2,
            word: 0.0,
            sensitive_information: 0.3,
            automated_reasoning: 0.4,
        };
        let grounding = GuardrailUnits { contextual_grounding: 20, ..GuardrailUnits::default() };
        assert_eq!(prices.cost(grounding), MicroUsd::new(2_000));
        let all = GuardrailUnits {
            content: 2,
            topic: 3,
            word: 4,
            sensitive_information: 5,
            automated_reasoning: 6,
            ..grounding
        };
        assert_eq!(prices.cost(all), MicroUsd::new(2_000 + 300 + 600 + 1_500 + 2_400));
        assert_eq!(prices.max_cost(20), MicroUsd::new(20 * (100 + 150 + 200 + 300 + 400)));
    }

    #[test]
    fn a_call_costs_each_kind_of_token_and_never_more_than_the_maximum() {
        let price = Price { input: 3.0, output: 15.0, cache_read: Some(0.3), cache_write: Some(3.75) };
        let tokens = Tokens { input: 100, output: 10, cache_read: 1000, cache_write: 200 };
        assert_eq!(price.cost(tokens), MicroUsd::new(300 + 150 + 300 + 750));
        assert!(price.max_cost(1300, 10) >= price.cost(tokens));
        assert_eq!(price.usage(tokens).input_tokens, 1300);
    }
}
