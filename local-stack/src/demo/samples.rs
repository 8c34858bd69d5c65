//! The sample companies of the demo, both from the invented world of the feed stand-ins.

use serde_json::{Value, json};

/// A company to report on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Name as in its registry.
    pub(crate) name: &'static str,
    /// Registration number.
    number: &'static str,
    /// Country of the registry, ISO 3166-1 alpha-2.
    country: &'static str,
}

/// A company without adverse evidence, and a company on a sanctions list.
pub(crate) const SAMPLES: [Sample; 2] = [
    Sample { name: "星見川精機株式会社", number: "1010401998301", country: "JP" },
    Sample { name: "Calder Vane Shipping Ltd", number: "99104372", country: "GB" },
];

impl Sample {
    /// Returns the body of `POST /v1/reports`.
    pub(crate) fn request(&self) -> Value {
        json!({ "companyName": self.name, "corporateNumber": self.number, "country": self.country })
    }
}
