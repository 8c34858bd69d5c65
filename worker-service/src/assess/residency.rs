//! Where Bedrock may process the prompts and answers of reports: an inference profile routes calls to several Regions
//! ("Increase throughput with cross-Region inference", Amazon Bedrock User Guide, 2026-11-29).

use std::str::FromStr;

/// The widest place to which calls may be routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residency {
    /// Anywhere, as the profile says.
    Any,
    /// The geography of the Region, such as Europe.
    Geography,
    /// The Region alone.
    Region,
}

impl FromStr for Residency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Self::Any),
            "geography" => Ok(Self::Geography),
            "region" => Ok(Self::Region),
            _ => Err("use any, geography or region"),
        }
    }
}

/// The profiles that stay in the geography of a Region, by the first part of the Region's name.
const GEOGRAPHIES: [(&str, &[&str]); 5] = [
    ("us-gov", &["us-gov"]),
    ("us", &["us"]),
    ("eu", &["eu"]),
    ("ap", &["apac", "jp", "au"]),
    ("ca", &["ca"]),
];

impl Residency {
    /// Checks that calls of the model `id` from `region` stay in this place. `profile` is the prefix of its inference
    /// profile, or empty.
    ///
    /// # Errors
    /// Returns a message for the operator if they may not.
    pub(super) fn check(self, id: &str, profile: &str, region: &str) -> Result<(), String> {
        // The name of an application inference profile does not say where it routes.
        let is_opaque = id.contains(":application-inference-profile/");
        let is_allowed = match self {
            Self::Any => true,
            Self::Region => profile.is_empty() && !id.contains("inference-profile/"),
            Self::Geography => !is_opaque && (profile.is_empty() || stays(profile, region)),
        };
        if is_allowed {
            return Ok(());
        }
        let place = if self == Self::Region { "the Region" } else { "the geography of the Region" };
        Err(format!(
            "the model {id} may be called outside {place} {region}, which DOSSIER_MODEL_RESIDENCY forbids: name another \
             model or profile in DOSSIER_MODEL_ID and DOSSIER_VERIFIER_MODEL_ID"
        ))
    }
}

fn stays(profile: &str, region: &str) -> bool {
    let geography = GEOGRAPHIES
        .iter()
        .find(|(name, _)| region.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')));
    geography.is_some_and(|(_, profiles)| profiles.contains(&profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_stay_in_the_place_that_is_set() {
        use Residency::{Any, Geography, Region};
        let application = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/x1";
        for (id, profile, region, expected) in [
            ("anthropic.m", "", "eu-central-1", [true, true, true]),
            ("eu.anthropic.m", "eu", "eu-central-1", [true, true, false]),
            ("us.anthropic.m", "us", "eu-central-1", [true, false, false]),
            ("global.anthropic.m", "global", "eu-central-1", [true, false, false]),
            ("jp.anthropic.m", "jp", "ap-northeast-1", [true, true, false]),
            ("us.anthropic.m", "us", "us-gov-west-1", [true, false, false]),
            ("eu.anthropic.m", "eu", "af-south-1", [true, false, false]),
            (application, "", "eu-central-1", [true, false, false]),
        ] {
            let found =
                [Any, Geography, Region].map(|residency| residency.check(id, profile, region).is_ok());
            assert_eq!(found, expected, "{id} in {region}");
        }
        let error = Region.check("eu.m", "eu", "eu-west-1").unwrap_err();
        assert!(error.contains("eu.m") && error.contains("eu-west-1"), "{error}");
    }
}
