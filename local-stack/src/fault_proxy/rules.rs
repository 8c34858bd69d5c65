//! The rules that define where and how often faults on the wire occur: `DynamoDb.UpdateItem=lost-answer:0.05`,
//! `S3.*=throttle:0.2`, `Sqs.*=refused:1`, `all=0.05`. If two rules set the same fault of an operation, the
//! later one applies. A rule without a fault, such as `all=0.05`, sets every fault except `hang` and
//! `refused`, which end only when the rules are replaced or the client gives up.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::wire_fault::WireFault;
use crate::faults::parse_latency;

/// Maximum delay for rules that set none.
const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(1);

/// A service behind the fault proxy, under the name by which the embedded AWS counts its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum TargetService {
    /// Simple Queue Service.
    Sqs,
    /// DynamoDB.
    DynamoDb,
    /// Key Management Service.
    Kms,
    /// Simple Storage Service.
    S3,
    /// Bedrock Runtime.
    Bedrock,
}

impl TargetService {
    const ALL: [Self; 5] = [Self::Sqs, Self::DynamoDb, Self::Kms, Self::S3, Self::Bedrock];

    /// Returns the name in rules and counts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqs => "Sqs",
            Self::DynamoDb => "DynamoDb",
            Self::Kms => "Kms",
            Self::S3 => "S3",
            Self::Bedrock => "Bedrock",
        }
    }
}

/// The operations that a rule applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    All,
    TargetService(TargetService),
    Operation(String),
}

/// A rule: the operations, the fault, and its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    target: Target,
    /// `None` means every fault that [`WireFault::is_in_every`] includes.
    fault: Option<WireFault>,
    probability: f64,
    max_delay: Option<Duration>,
    text: String,
}

/// The reason why a text is not a valid rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("fault rule {given:?}: {problem}")]
pub struct RuleError {
    given: String,
    problem: String,
}

/// The probability of every fault for one operation, and its maximum delay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Probabilities {
    probabilities: [f64; WireFault::ALL.len()],
    pub(super) max_delay: Duration,
}

impl Probabilities {
    /// Returns the probabilities that `rules` give `operation`, such as `S3.PutObject`.
    pub(super) fn of(rules: &[Rule], operation: &str) -> Self {
        let mut probabilities =
            Self { probabilities: [0.0; WireFault::ALL.len()], max_delay: DEFAULT_MAX_DELAY };
        for rule in rules.iter().filter(|rule| rule.target.covers(operation)) {
            for (probability, fault) in probabilities.probabilities.iter_mut().zip(WireFault::ALL) {
                if rule.fault.map_or_else(|| fault.is_in_every(), |selected| selected == fault) {
                    *probability = rule.probability;
                }
            }
            probabilities.max_delay = rule.max_delay.unwrap_or(probabilities.max_delay);
        }
        probabilities
    }

    /// Returns every fault with its probability, in the order of [`WireFault::ALL`].
    pub(super) fn each(&self) -> impl Iterator<Item = (WireFault, f64)> {
        WireFault::ALL.into_iter().zip(self.probabilities)
    }
}

/// Returns whether `rules` close the port of `service`.
pub(super) fn refuses(rules: &[Rule], service: TargetService) -> bool {
    let mut refusing = rules.iter().filter(|rule| rule.fault == Some(WireFault::Refused));
    refusing.rfind(|rule| rule.target.covers_service(service)).is_some_and(|rule| rule.probability > 0.0)
}

impl Target {
    /// Returns whether the target is the whole service.
    fn covers_service(&self, service: TargetService) -> bool {
        match self {
            Self::All => true,
            Self::TargetService(known) => *known == service,
            Self::Operation(_) => false,
        }
    }

    fn covers(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::TargetService(service) => operation.split('.').next() == Some(service.name()),
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
        let service =
            TargetService::ALL.into_iter().find(|known| known.name() == service).ok_or_else(|| {
                let known = TargetService::ALL.map(TargetService::name).join(", ");
                format!("there is no service {service:?}: the services are {known}")
            })?;
        match operation {
            "*" => Ok(Self::TargetService(service)),
            name if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self::Operation(text.to_owned()))
            }
            name => Err(format!("{name:?} is not an operation: give its name in the service's API, or *")),
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
        return Err("there are too many colons: give FAULT:PROBABILITY, or delay:PROBABILITY:MAX".to_owned());
    }
    let Some(second) = second else {
        let rule = Rule {
            target,
            fault: None,
            probability: probability(first)?,
            max_delay: None,
            text: given.to_owned(),
        };
        return Ok(rule);
    };
    let fault = WireFault::ALL.into_iter().find(|fault| fault.name() == first).ok_or_else(|| {
        format!(
            "there is no fault {first:?}: the faults are {}",
            WireFault::ALL.map(WireFault::name).join(", ")
        )
    })?;
    let receives = match &target {
        Target::All => true,
        Target::TargetService(service) => *service == TargetService::Sqs,
        Target::Operation(name) => name == "Sqs.ReceiveMessage",
    };
    if fault == WireFault::Repeat && !receives {
        return Err("only Sqs.ReceiveMessage can repeat a message".to_owned());
    }
    if fault == WireFault::Refused && matches!(target, Target::Operation(_)) {
        return Err("a connection is refused before its operation is known: give SERVICE.* or all".to_owned());
    }
    if third.is_some() && fault != WireFault::Delay {
        return Err("only a delay has a maximum".to_owned());
    }
    let max_delay = third.map(parse_latency).transpose()?;
    let probability = probability(second)?;
    if fault == WireFault::Refused && probability > 0.0 && probability < 1.0 {
        return Err("a port is either open or closed: the probability of refused is 0 or 1".to_owned());
    }
    Ok(Rule { target, fault: Some(fault), probability, max_delay, text: given.to_owned() })
}

fn probability(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| format!("{text:?} is not a probability: give a number from 0 to 1"))
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
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
        rule.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(rules: &[&str], operation: &str, fault: WireFault) -> f64 {
        let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let probabilities = Probabilities::of(&rules, operation);
        probabilities.each().find(|(known, _)| *known == fault).unwrap().1
    }

    #[test]
    fn a_later_rule_overrides_an_earlier_one_for_the_same_fault_only() {
        let rules = ["all=0.05", "DynamoDb.*=throttle:0.5", "DynamoDb.GetItem=throttle:0"];
        assert_eq!(chance(&rules, "DynamoDb.PutItem", WireFault::Throttle), 0.5);
        assert_eq!(chance(&rules, "DynamoDb.GetItem", WireFault::Throttle), 0.0);
        assert_eq!(chance(&rules, "DynamoDb.GetItem", WireFault::LostAnswer), 0.05);
        assert_eq!(chance(&rules, "S3.PutObject", WireFault::Throttle), 0.05);
        assert_eq!(chance(&["S3.*=delay:1"], "Sqs.SendMessage", WireFault::Delay), 0.0);
    }

    #[test]
    fn a_rule_without_a_fault_sets_neither_hang_nor_refused() {
        for fault in WireFault::ALL {
            let expected = if matches!(fault, WireFault::Hang | WireFault::Refused) { 0.0 } else { 0.05 };
            assert_eq!(chance(&["all=0.05"], "S3.GetObject", fault), expected, "{fault:?}");
        }
        assert_eq!(chance(&["all=hang:0.5"], "S3.GetObject", WireFault::Hang), 0.5);
    }

    #[test]
    fn only_a_rule_for_a_whole_service_closes_its_port() {
        let closed = |rules: &[&str], service| {
            refuses(&rules.iter().map(|rule| rule.parse().unwrap()).collect::<Vec<_>>(), service)
        };
        assert!(closed(&["Sqs.*=refused:1"], TargetService::Sqs));
        assert!(!closed(&["Sqs.*=refused:1"], TargetService::S3));
        assert!(closed(&["all=refused:1"], TargetService::Bedrock));
        assert!(!closed(&["all=refused:1", "S3.*=refused:0"], TargetService::S3));
        assert!(!closed(&["all=1", "S3.*=hang:1"], TargetService::S3));
    }

    #[test]
    fn a_delay_may_set_its_maximum() {
        let rules = ["Bedrock.Converse=delay:1:250ms".parse().unwrap()];
        assert_eq!(Probabilities::of(&rules, "Bedrock.Converse").max_delay, Duration::from_millis(250));
        assert_eq!(Probabilities::of(&rules, "S3.GetObject").max_delay, DEFAULT_MAX_DELAY);
    }

    #[test]
    fn invalid_rules_are_rejected_with_the_reason() {
        for (given, reason) in [
            ("all", "TARGET=FAULT:PROBABILITY"),
            ("DynamoDb=throttle:1", "names no operation"),
            ("Kinesis.*=throttle:1", "the services are Sqs, DynamoDb, Kms, S3, Bedrock"),
            ("S3.=throttle:1", "is not an operation"),
            ("S3.*=slow:1", "the faults are refused, delay, lost-request"),
            ("S3.*=throttle:2", "not a probability"),
            ("all=NaN", "not a probability"),
            ("all=throttle", "not a probability"),
            ("S3.*=throttle:1:2s", "only a delay"),
            ("S3.*=delay:1:2", "not a duration"),
            ("S3.*=delay:1:2s:3", "too many colons"),
            ("S3.GetObject=repeat:1", "only Sqs.ReceiveMessage"),
            ("S3.GetObject=refused:1", "give SERVICE.* or all"),
            ("S3.*=refused:0.5", "0 or 1"),
        ] {
            let error = given.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(given), "{error}");
        }
    }
}
