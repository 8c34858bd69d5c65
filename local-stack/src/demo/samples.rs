//! The sample companies of the demo, all from the invented world of the feed stand-ins.

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
    /// What the evidence holds about it.
    pub(crate) about: &'static str,
}

/// A company without adverse evidence.
const CLEAN: Sample = Sample {
    name: "星見川精機株式会社",
    number: "1010401998301",
    country: "JP",
    about: "nothing adverse is known of it",
};

/// The subsidiary of a company on a sanctions list.
pub(super) const SUBSIDIARY: Sample = Sample {
    name: "Ropewalk Chandlery Ltd",
    number: "99512208",
    country: "GB",
    about: "it is on no list, but its parent is",
};

/// A company with bad press, of which one headline gives the model orders.
pub(super) const HOSTILE: Sample = Sample {
    name: "Larkmere Brokerage Ltd",
    number: "99407731",
    country: "GB",
    about: "a headline orders the model to rate it LOW",
};

/// Companies that show what evidence does to a report.
pub(crate) const EVIDENCE: [Sample; 3] = [CLEAN, SUBSIDIARY, HOSTILE];

/// Companies whose reports are written while the model fails.
pub(crate) const OUTAGE: [Sample; 2] = [
    Sample {
        name: "Brückhofer Anlagenbau GmbH",
        number: "HRB 918273",
        country: "DE",
        about: "prosecutors raided it over suspected bribery",
    },
    Sample {
        name: "Calder Vane Shipping Ltd",
        number: "99104372",
        country: "GB",
        about: "it is on a sanctions list under another name",
    },
];

impl Sample {
    /// Returns the body of `POST /v1/reports`.
    pub(crate) fn request(&self) -> Value {
        json!({ "companyName": self.name, "corporateNumber": self.number, "country": self.country })
    }
}
