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
    fn a_call_costs_each_kind_of_token_and_never_more_than_the_maximum() {
        let price = Price { input: 3.0, output: 15.0, cache_read: Some(0.3), cache_write: Some(3.75) };
        let tokens = Tokens { input: 100, output: 10, cache_read: 1000, cache_write: 200 };
        assert_eq!(price.cost(tokens), MicroUsd::new(300 + 150 + 300 + 750));
        assert!(price.max_cost(1300, 10) >= price.cost(tokens));
        assert_eq!(price.usage(tokens).input_tokens, 1300);
    }
}
