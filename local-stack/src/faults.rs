//! Faults of the stand-ins: what can go wrong, how often, and how it is asked for: `--fault` at start, `PUT /faults`
//! while running. Probabilities are between 0 and 1.

mod arg;
mod http;
mod parse;
mod plan;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use arg::{FaultArg, FaultArgError, from_args};
pub use http::admin;
pub use parse::{FaultErrors, FaultProblem, parse_latency};
pub use plan::{FaultPlan, Outcome, Roll};

/// A stand-in that faults can be asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandIn {
    /// The language model.
    Bedrock,
    /// The evidence feeds.
    Feeds,
}

impl StandIn {
    /// Whether `fault` means something for this stand-in.
    pub fn knows(self, fault: FaultKind) -> bool {
        match self {
            Self::Bedrock => true,
            Self::Feeds => matches!(
                fault,
                FaultKind::Throttle | FaultKind::Error | FaultKind::Latency | FaultKind::Malformed
            ),
        }
    }

    /// The name used by `--fault`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Feeds => "feeds",
        }
    }
}

/// A way in which a call can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// 429: too many requests.
    Throttle,
    /// 500 and 503 in turn.
    Error,
    /// The answer comes late.
    Latency,
    /// 200 with an answer that breaks its schema.
    Malformed,
    /// Findings without citations.
    Uncited,
    /// Findings that cite evidence or words that do not exist.
    Hallucinated,
    /// The model declines.
    Refusal,
    /// Findings with numbers and dates that no evidence has.
    WrongNumbers,
    /// A level under the floor that the rules give.
    UnderFloor,
    /// The model does what instructions in the evidence say.
    Obedient,
    /// The model answers in another language than it was asked to.
    OtherLanguage,
}

impl FaultKind {
    /// Every kind, those of the contract first.
    pub const ALL: [Self; 11] = [
        Self::Throttle,
        Self::Error,
        Self::Latency,
        Self::Malformed,
        Self::Uncited,
        Self::Hallucinated,
        Self::Refusal,
        Self::WrongNumbers,
        Self::UnderFloor,
        Self::Obedient,
        Self::OtherLanguage,
    ];

    /// The field's name in JSON and in `--fault`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error => "error",
            Self::Latency => "latency",
            Self::Malformed => "malformed",
            Self::Uncited => "uncited",
            Self::Hallucinated => "hallucinated",
            Self::Refusal => "refusal",
            Self::WrongNumbers => "wrongNumbers",
            Self::UnderFloor => "underFloor",
            Self::Obedient => "obedient",
            Self::OtherLanguage => "otherLanguage",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The faults in force. In JSON absent fields mean "never", and unknown fields are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Faults {
    /// Probability of a refusal for too many requests.
    pub throttle: f64,
    /// Probability of a server error.
    pub error: f64,
    /// Delay of every answer.
    pub latency: Duration,
    /// Probability of an answer that breaks its schema.
    pub malformed: f64,
    /// Probability of findings without citations.
    pub uncited: f64,
    /// Probability of citations of what does not exist.
    pub hallucinated: f64,
    /// Probability that the model declines.
    pub refusal: f64,
    /// Probability of numbers and dates that no evidence has.
    pub wrong_numbers: f64,
    /// Probability of a level under the floor.
    pub under_floor: f64,
    /// Probability that the model obeys instructions in the evidence.
    pub obedient: f64,
    /// Probability of an answer in another language.
    pub other_language: f64,
}

impl Faults {
    /// Reads the JSON object of the contract.
    ///
    /// # Errors
    /// Every unknown field, every number that is no probability, and a latency that is no duration, together.
    pub fn from_json(value: &Value) -> Result<Self, FaultErrors> {
        parse::faults(value)
    }

    /// Whether this kind of fault is asked for.
    pub fn has(&self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Latency => !self.latency.is_zero(),
            FaultKind::Throttle => self.throttle > 0.0,
            FaultKind::Error => self.error > 0.0,
            FaultKind::Malformed => self.malformed > 0.0,
            FaultKind::Uncited => self.uncited > 0.0,
            FaultKind::Hallucinated => self.hallucinated > 0.0,
            FaultKind::Refusal => self.refusal > 0.0,
            FaultKind::OtherLanguage => self.other_language > 0.0,
            FaultKind::Obedient => self.obedient > 0.0,
            FaultKind::UnderFloor => self.under_floor > 0.0,
            FaultKind::WrongNumbers => self.wrong_numbers > 0.0,
        }
    }

    /// The field of a probability; none for the latency.
    fn probability_mut(&mut self, kind: FaultKind) -> Option<&mut f64> {
        Some(match kind {
            FaultKind::Latency => return None,
            FaultKind::Throttle => &mut self.throttle,
            FaultKind::Error => &mut self.error,
            FaultKind::Malformed => &mut self.malformed,
            FaultKind::Uncited => &mut self.uncited,
            FaultKind::Hallucinated => &mut self.hallucinated,
            FaultKind::Refusal => &mut self.refusal,
            FaultKind::OtherLanguage => &mut self.other_language,
            FaultKind::Obedient => &mut self.obedient,
            FaultKind::UnderFloor => &mut self.under_floor,
            FaultKind::WrongNumbers => &mut self.wrong_numbers,
        })
    }

    /// The faults that mean something for `stand_in`, and the names of the given ones that do not.
    pub fn kept_for(mut self, stand_in: StandIn) -> (Self, Vec<FaultKind>) {
        let ignored: Vec<FaultKind> =
            FaultKind::ALL.into_iter().filter(|kind| self.has(*kind) && !stand_in.knows(*kind)).collect();
        for kind in &ignored {
            match self.probability_mut(*kind) {
                Some(probability) => *probability = 0.0,
                None => self.latency = Duration::ZERO,
            }
        }
        (self, ignored)
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
                None => Self::from(parse::format_latency(faults.latency)),
            };
            object.insert(kind.name().to_owned(), value);
        }
        Self::Object(object)
    }
}
