//! The companies of the demo, both of the invented world behind the feeds.

use serde_json::{Value, json};

/// A company to be reported on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// As its registry writes it.
    pub name: &'static str,
    /// Its number there.
    pub number: &'static str,
    /// Country of the registry, ISO 3166-1 alpha-2.
    pub country: &'static str,
}

/// One that nothing speaks against, and one that is on a sanctions list.
pub const SAMPLES: [Sample; 2] = [
    Sample { name: "星見川精機株式会社", number: "1010401998301", country: "JP" },
    Sample { name: "Calder Vane Shipping Ltd", number: "99104372", country: "GB" },
];

impl Sample {
    /// The body of `POST /v1/reports`.
    pub fn request(&self) -> Value {
        json!({ "companyName": self.name, "corporateNumber": self.number, "country": self.country })
    }
}
