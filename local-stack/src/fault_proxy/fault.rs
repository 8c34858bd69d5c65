//! What can go wrong on the wire, and the rules that say where and how often: `DynamoDb.UpdateItem=lost-answer:0.05`,
//! `S3.*=throttle:0.2`, `all=0.05`. Of two rules for the same fault of the same operation the later one counts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::faults::parse_latency;

/// The longest delay where a rule names none.
pub const DELAY_MAX: Duration = Duration::from_secs(1);

/// A way in which an exchange can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The request is held up before it is passed on.
    Delay,
    /// The connection is closed, and the service never sees the request.
    LostRequest,
    /// The service's own refusal for too many requests.
    Throttle,
    /// 503 in the service's own shape.
    Unavailable,
    /// 500 in the service's own shape.
    InternalError,
    /// The service carries the request out, and the connection is closed without its answer.
    LostAnswer,
    /// A message that `ReceiveMessage` hands out becomes visible again at once, for somebody else to receive.
    Repeat,
}

impl Kind {
    /// Every kind, in the order in which an exchange would meet them.
    pub const ALL: [Self; 7] = [
        Self::Delay,
        Self::LostRequest,
        Self::Throttle,
        Self::Unavailable,
        Self::InternalError,
        Self::LostAnswer,
        Self::Repeat,
    ];

    /// Its name in rules and counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::LostRequest => "lost-request",
            Self::Throttle => "throttle",
            Self::Unavailable => "unavailable",
            Self::InternalError => "internal-error",
            Self::LostAnswer => "lost-answer",
            Self::Repeat => "repeat",
        }
    }
}

/// A service behind the rig, under the name that the embedded AWS counts its calls by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Simple Queue Service.
    Sqs,
    /// DynamoDB.
    DynamoDb,
    /// Simple Storage Service.
    S3,
    /// Bedrock Runtime.
    Bedrock,
}

impl Service {
    const ALL: [Self; 4] = [Self::Sqs, Self::DynamoDb, Self::S3, Self::Bedrock];

    /// Its name in rules and counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqs => "Sqs",
            Self::DynamoDb => "DynamoDb",
            Self::S3 => "S3",
            Self::Bedrock => "Bedrock",
        }
    }
}

/// Which operations a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    All,
    Service(Service),
    Operation(String),
}

/// A rule: where, what, how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    target: Target,
    /// None means every kind.
    kind: Option<Kind>,
    probability: f64,
    delay_max: Option<Duration>,
    given: String,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("rig rule {given:?}: {problem}")]
pub struct RuleError {
    given: String,
    problem: String,
}

/// What the rules say of one operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chances {
    probabilities: [f64; Kind::ALL.len()],
    pub(super) delay_max: Duration,
}

impl Chances {
    /// What `rules` say of `operation`, such as `S3.PutObject`.
    pub(super) fn of(rules: &[Rule], operation: &str) -> Self {
        let mut chances = Self { probabilities: [0.0; Kind::ALL.len()], delay_max: DELAY_MAX };
        for rule in rules.iter().filter(|rule| rule.target.covers(operation)) {
            for (probability, kind) in chances.probabilities.iter_mut().zip(Kind::ALL) {
                if rule.kind.is_none_or(|wanted| wanted == kind) {
                    *probability = rule.probability;
                }
            }
            chances.delay_max = rule.delay_max.unwrap_or(chances.delay_max);
        }
        chances
    }

    /// Every kind with its probability, in the order of [`Kind::ALL`].
    pub(super) fn each(&self) -> impl Iterator<Item = (Kind, f64)> {
        Kind::ALL.into_iter().zip(self.probabilities)
    }
}

impl Target {
    fn covers(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Service(service) => operation.split('.').next() == Some(service.name()),
            Self::Operation(name) => name == operation,
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let (service, operation) = text.split_once('.').ok_or_else(|| {
            format!("{text:?} names no operation: give SERVICE.OPERATION, SERVICE.* or all")
        })?;
        let service = Service::ALL.into_iter().find(|known| known.name() == service).ok_or_else(|| {
            let known = Service::ALL.map(Service::name).join(", ");
            format!("there is no service {service:?}: the rig stands before {known}")
        })?;
        match operation {
            "*" => Ok(Self::Service(service)),
            name if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self::Operation(text.to_owned()))
            }
            name => Err(format!("{name:?} is no operation: give its name in the service's API, or *")),
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(given: &str) -> Result<Self, RuleError> {
        parse(given).map_err(|problem| RuleError { given: given.to_owned(), problem })
    }
}

fn parse(given: &str) -> Result<Rule, String> {
    let (target, fault) = given.split_once('=').ok_or(
        "give it as TARGET=FAULT:PROBABILITY, such as DynamoDb.UpdateItem=lost-answer:0.05, or all=0.05 for every fault",
    )?;
    let target: Target = target.parse()?;
    let mut parts = fault.split(':');
    let first = parts.next().unwrap_or_default();
    let second = parts.next();
    let third = parts.next();
    if parts.next().is_some() {
        return Err(
            "there are too many colons: give FAULT:PROBABILITY, or delay:PROBABILITY:LONGEST".to_owned()
        );
    }
    let Some(second) = second else {
        let rule = Rule {
            target,
            kind: None,
            probability: probability(first)?,
            delay_max: None,
            given: given.to_owned(),
        };
        return Ok(rule);
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == first).ok_or_else(|| {
        format!("there is no fault {first:?}: the faults are {}", Kind::ALL.map(Kind::name).join(", "))
    })?;
    let receives = match &target {
        Target::All => true,
        Target::Service(service) => *service == Service::Sqs,
        Target::Operation(name) => name == "Sqs.ReceiveMessage",
    };
    if kind == Kind::Repeat && !receives {
        return Err("only Sqs.ReceiveMessage can repeat what it hands out".to_owned());
    }
    if third.is_some() && kind != Kind::Delay {
        return Err("only a delay has a longest duration".to_owned());
    }
    let delay_max = third.map(parse_latency).transpose()?;
    Ok(Rule {
        target,
        kind: Some(kind),
        probability: probability(second)?,
        delay_max,
        given: given.to_owned(),
    })
}

fn probability(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| format!("{text:?} is not a probability: give a number from 0 to 1"))
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.given)
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(rules: &[&str], operation: &str, kind: Kind) -> f64 {
        let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let chances = Chances::of(&rules, operation);
        chances.each().find(|(known, _)| *known == kind).unwrap().1
    }

    #[test]
    fn the_later_of_two_rules_for_a_fault_counts_and_leaves_the_others() {
        let rules = ["all=0.05", "DynamoDb.*=throttle:0.5", "DynamoDb.GetItem=throttle:0"];
        assert_eq!(chance(&rules, "DynamoDb.PutItem", Kind::Throttle), 0.5);
        assert_eq!(chance(&rules, "DynamoDb.GetItem", Kind::Throttle), 0.0);
        assert_eq!(chance(&rules, "DynamoDb.GetItem", Kind::LostAnswer), 0.05);
        assert_eq!(chance(&rules, "S3.PutObject", Kind::Throttle), 0.05);
        assert_eq!(chance(&["S3.*=delay:1"], "Sqs.SendMessage", Kind::Delay), 0.0);
    }

    #[test]
    fn a_delay_may_name_its_longest_duration() {
        let rules = ["Bedrock.Converse=delay:1:250ms".parse().unwrap()];
        assert_eq!(Chances::of(&rules, "Bedrock.Converse").delay_max, Duration::from_millis(250));
        assert_eq!(Chances::of(&rules, "S3.GetObject").delay_max, DELAY_MAX);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_the_reason() {
        for (given, reason) in [
            ("all", "TARGET=FAULT:PROBABILITY"),
            ("DynamoDb=throttle:1", "names no operation"),
            ("Kinesis.*=throttle:1", "the rig stands before Sqs, DynamoDb, S3, Bedrock"),
            ("S3.=throttle:1", "is no operation"),
            ("S3.*=slow:1", "the faults are delay, lost-request"),
            ("S3.*=throttle:2", "not a probability"),
            ("all=NaN", "not a probability"),
            ("all=throttle", "not a probability"),
            ("S3.*=throttle:1:2s", "only a delay"),
            ("S3.*=delay:1:2", "not a duration"),
            ("S3.*=delay:1:2s:3", "too many colons"),
            ("S3.GetObject=repeat:1", "only Sqs.ReceiveMessage"),
        ] {
            let error = given.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(given), "{error}");
        }
    }
}
