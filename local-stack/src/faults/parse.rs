//! Converts JSON to faults and back, and reports every problem at once.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::kind::FaultKind;
use super::set::Faults;

/// Maximum latency. A longer one is a mistake, because no client waits that long.
const MAX_LATENCY: Duration = Duration::from_secs(60 * 60);

/// One problem of a faults document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultProblem {
    /// The field with the problem, or an empty string for the whole document.
    pub field: String,
    /// The problem, and what is accepted.
    pub message: String,
}

/// All problems of a faults document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultErrors(pub Vec<FaultProblem>);

impl fmt::Display for FaultErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            if !problem.field.is_empty() {
                write!(formatter, "{}: ", problem.field)?;
            }
            formatter.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for FaultErrors {}

impl Faults {
    /// Parses the JSON object of `PUT /faults`.
    ///
    /// # Errors
    /// Returns an error if `value` is not an object. Otherwise returns all problems at once: unknown fields,
    /// values that are not probabilities, and an invalid latency.
    pub fn from_json(value: &Value) -> Result<Self, FaultErrors> {
        faults(value)
    }
}

impl TryFrom<Value> for Faults {
    type Error = FaultErrors;

    fn try_from(value: Value) -> Result<Self, FaultErrors> {
        Self::from_json(&value)
    }
}

impl From<Faults> for Value {
    fn from(mut faults: Faults) -> Self {
        let mut object = serde_json::Map::new();
        for kind in FaultKind::ALL {
            if !faults.has(kind) {
                continue;
            }
            let value = match faults.probability_mut(kind) {
                Some(probability) => Self::from(*probability),
                None => Self::from(format_latency(faults.latency)),
            };
            object.insert(kind.name().to_owned(), value);
        }
        Self::Object(object)
    }
}

fn faults(value: &Value) -> Result<Faults, FaultErrors> {
    let Value::Object(fields) = value else {
        return Err(FaultErrors(vec![FaultProblem {
            field: String::new(),
            message: "the faults must be a JSON object, such as {\"throttle\": 0.2}; {} ends all faults"
                .to_owned(),
        }]));
    };
    let mut faults = Faults::default();
    let mut problems = Vec::new();
    for (name, value) in fields {
        let outcome = match FaultKind::from_name(name) {
            Some(kind) => set(&mut faults, kind, value),
            None => Err(format!(
                "there is no such fault: the faults are {}",
                FaultKind::ALL.map(FaultKind::name).join(", ")
            )),
        };
        if let Err(message) = outcome {
            problems.push(FaultProblem { field: name.clone(), message });
        }
    }
    if problems.is_empty() { Ok(faults) } else { Err(FaultErrors(problems)) }
}

fn set(faults: &mut Faults, kind: FaultKind, value: &Value) -> Result<(), String> {
    match faults.probability_mut(kind) {
        Some(probability) => {
            *probability = value
                .as_f64()
                .filter(|number| (0.0..=1.0).contains(number))
                .ok_or_else(|| format!("{value} is not a probability: give a number from 0 to 1"))?;
        }
        None => {
            faults.latency = value
                .as_str()
                .ok_or_else(|| {
                    format!("{value} is not a duration: give a string such as \"20s\" or \"250ms\"")
                })
                .and_then(parse_latency)?;
        }
    }
    Ok(())
}

/// Parses a duration such as `250ms`, `20s`, `1.5s` or `2m`, up to one hour.
///
/// # Errors
/// Returns a message if the text is not a number with one of these units, or is longer than one hour.
pub(crate) fn parse_latency(text: &str) -> Result<Duration, String> {
    let invalid =
        || format!("{text:?} is not a duration: give a number with ms, s or m, such as \"20s\" or \"250ms\"");
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(invalid)?;
    let (number, unit) = text.split_at(split);
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(invalid()),
    };
    let seconds = number.parse::<f64>().map_err(|_| invalid())? * seconds_per_unit;
    if seconds > MAX_LATENCY.as_secs_f64() {
        return Err(format!("{text:?} is more than an hour, which is the longest latency"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Returns the text that [`parse_latency`] parses.
pub(super) fn format_latency(latency: Duration) -> String {
    if latency.subsec_nanos() == 0 {
        format!("{}s", latency.as_secs())
    } else {
        format!("{}ms", latency.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_problem_is_reported_at_once() {
        let errors = Faults::from_json(
            &json!({"throttle": 1.5, "latency": 20, "eror": 1, "refusal": "yes", "error": 0.5}),
        )
        .unwrap_err();
        let mut fields: Vec<_> = errors.0.iter().map(|problem| problem.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["eror", "latency", "refusal", "throttle"]);
        let text = errors.to_string();
        assert!(text.contains("throttle: 1.5 is not a probability"), "{text}");
        assert!(text.contains("eror: there is no such fault"), "{text}");
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, milliseconds) in
            [("20s", 20_000), ("250ms", 250), ("1.5s", 1_500), ("2m", 120_000), ("0s", 0)]
        {
            assert_eq!(parse_latency(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "20", "s", "-1s", "1h", "1 s", "1.2.3s", "61m", "9999999999999999999999s"] {
            assert!(parse_latency(text).is_err(), "{text}");
        }
    }

    #[test]
    fn faults_survive_a_round_trip_through_json() {
        let given = json!({"throttle": 0.2, "latency": "250ms", "refusal": 1.0});
        let faults: Faults = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(&faults).unwrap(), given);
        assert_eq!(serde_json::to_value(Faults::default()).unwrap(), json!({}));
    }
}
