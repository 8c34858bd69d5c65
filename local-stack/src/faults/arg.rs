//! The value of `--fault`: `bedrock=throttle:0.2`, `sources=latency:20s`, `bedrock=malformed` (always).

use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

use super::kind::{FaultKind, StandIn};
use super::parse::format_latency;
use super::set::Faults;

/// One fault of one stand-in, as given on the command line.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultArg {
    stand_in: StandIn,
    kind: FaultKind,
    value: Value,
}

impl FaultArg {
    /// Returns the fault that delays every answer of `stand_in`.
    pub(crate) fn latency(stand_in: StandIn, latency: Duration) -> Self {
        Self { stand_in, kind: FaultKind::Latency, value: json!(format_latency(latency)) }
    }

    /// Returns whether this is the latency of `stand_in`.
    pub(crate) fn is_latency_of(&self, stand_in: StandIn) -> bool {
        (self.stand_in, self.kind) == (stand_in, FaultKind::Latency)
    }
}

/// The reason why a value of `--fault` is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("fault {given:?}: {problem}")]
pub struct FaultArgError {
    given: String,
    problem: String,
}

impl FromStr for FaultArg {
    type Err = FaultArgError;

    fn from_str(given: &str) -> Result<Self, FaultArgError> {
        parse(given).map_err(|problem| FaultArgError { given: given.to_owned(), problem })
    }
}

fn parse(given: &str) -> Result<FaultArg, String> {
    let (stand_in, fault) = given
        .split_once('=')
        .ok_or("give it as STAND-IN=FAULT[:VALUE], such as bedrock=throttle:0.2 or sources=latency:20s")?;
    let stand_in = match stand_in {
        "bedrock" => StandIn::Bedrock,
        // `feeds` is the former name of the stand-ins for the sources.
        "sources" | "feeds" => StandIn::Feeds,
        other => return Err(format!("there is no stand-in {other:?}: give bedrock or sources")),
    };
    let (name, value) = match fault.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (fault, None),
    };
    let known = || {
        let known = FaultKind::ALL.into_iter().filter(|kind| stand_in.supports(*kind));
        known.map(FaultKind::name).collect::<Vec<_>>().join(", ")
    };
    let kind = FaultKind::from_name(name)
        .filter(|kind| stand_in.supports(*kind))
        .ok_or_else(|| format!("{} has no fault {name:?}: its faults are {}", stand_in.name(), known()))?;
    let value = match (kind, value) {
        (FaultKind::Latency, None) => {
            return Err("a latency needs a duration, such as latency:20s".to_owned());
        }
        (FaultKind::Latency, Some(text)) => json!(text),
        (_, None) => json!(1.0),
        (_, Some(text)) => text
            .parse::<f64>()
            .map(|number| json!(number))
            .map_err(|_| format!("{text:?} is not a probability: give a number from 0 to 1"))?,
    };
    let mut object = serde_json::Map::new();
    object.insert(kind.name().to_owned(), value.clone());
    Faults::from_json(&Value::Object(object)).map_err(|errors| errors.to_string())?;
    Ok(FaultArg { stand_in, kind, value })
}

/// Returns the faults of one stand-in from all `--fault` values. If two values set the same fault, the later
/// one applies.
pub(crate) fn from_args(args: &[FaultArg], stand_in: StandIn) -> Faults {
    let object = args
        .iter()
        .filter(|arg| arg.stand_in == stand_in)
        .map(|arg| (arg.kind.name().to_owned(), arg.value.clone()))
        .collect();
    // Each value was validated when its argument was parsed.
    Faults::from_json(&Value::Object(object)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(given: &[&str]) -> Vec<FaultArg> {
        given.iter().map(|arg| arg.parse().unwrap()).collect()
    }

    #[test]
    fn arguments_are_combined_per_stand_in() {
        let args = args(&[
            "bedrock=throttle:0.2",
            "sources=latency:20s",
            "bedrock=malformed",
            "bedrock=throttle:0.4",
        ]);
        assert_eq!(
            from_args(&args, StandIn::Bedrock),
            Faults { throttle: 0.4, malformed: 1.0, ..Faults::default() }
        );
        assert_eq!(
            from_args(&args, StandIn::Feeds),
            Faults { latency: Duration::from_secs(20), ..Faults::default() }
        );
    }

    #[test]
    fn a_latency_can_be_given_as_a_duration() {
        for millis in [0, 250, 1_500, 20_000] {
            let latency = Duration::from_millis(millis);
            let arg = FaultArg::latency(StandIn::Bedrock, latency);
            assert!(arg.is_latency_of(StandIn::Bedrock) && !arg.is_latency_of(StandIn::Feeds));
            assert_eq!(from_args(&[arg], StandIn::Bedrock).latency, latency);
        }
    }

    #[test]
    fn invalid_arguments_are_rejected_with_the_reason() {
        for (given, reason) in [
            ("throttle:0.2", "STAND-IN=FAULT"),
            ("sqs=throttle", "no stand-in"),
            ("bedrock=slow:2s", "has no fault"),
            ("sources=uncited", "its faults are throttle, error, latency, malformed"),
            ("bedrock=latency", "needs a duration"),
            ("bedrock=latency:20", "not a duration"),
            ("bedrock=error:2", "not a probability"),
            ("bedrock=error:NaN", "not a probability"),
            ("bedrock=error:often", "not a probability"),
        ] {
            let error = given.parse::<FaultArg>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(given), "{error}");
        }
    }
}
