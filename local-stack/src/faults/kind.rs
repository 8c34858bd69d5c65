//! The stand-ins, and the faults that each of them supports.

use std::fmt;

/// A stand-in with faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// The language model.
    Bedrock,
    /// The stand-ins for the sources of evidence.
    Feeds,
}

impl StandIn {
    /// Returns whether this stand-in supports `fault`.
    pub(super) fn supports(self, fault: FaultKind) -> bool {
        match self {
            Self::Bedrock => true,
            Self::Feeds => matches!(
                fault,
                FaultKind::Throttle | FaultKind::Error | FaultKind::Latency | FaultKind::Malformed
            ),
        }
    }

    /// Returns the name that `--fault` uses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Feeds => "sources",
        }
    }
}

/// A kind of fault that a stand-in can inject into a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// 429: too many requests.
    Throttle,
    /// 500 and 503 in turn.
    Error,
    /// The answer is delayed.
    Latency,
    /// 200 with an answer that violates its schema.
    Malformed,
    /// Findings without citations.
    Uncited,
    /// Findings that cite evidence or quotes that do not exist.
    Hallucinated,
    /// The model refuses to answer.
    Refusal,
    /// Findings with numbers and dates that are not in the evidence.
    WrongNumbers,
    /// A risk level below the floor of the rules.
    UnderFloor,
    /// The model follows instructions in the evidence.
    Obedient,
    /// The model answers in a language that was not requested.
    OtherLanguage,
    /// 400: Bedrock cannot compile the schema of native structured output.
    Grammar,
    /// 200 with a body that cannot be parsed: cut JSON, HTML and a lone surrogate, in turn.
    Unreadable,
    /// An answer that does not state its tokens.
    WithoutUsage,
    /// A whole answer that a guardrail or a content filter says it changed, in turn.
    Intervened,
    /// The verifier calls every claim supported.
    VerifierApproves,
    /// The verifier calls the first claim contradicted.
    VerifierContradicts,
    /// The verifier refuses to answer.
    VerifierRefuses,
    /// The verifier's answer violates its schema.
    VerifierMalformed,
    /// The verifier never answers.
    VerifierHangs,
    /// The verifier leaves out one claim, or judges one twice, in turn.
    VerifierMiscounts,
    /// The verifier judges claims that do not exist.
    VerifierUnknownIds,
}

impl FaultKind {
    /// Every kind, in the order in which error messages list them.
    pub(super) const ALL: [Self; 22] = [
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
        Self::Grammar,
        Self::Unreadable,
        Self::WithoutUsage,
        Self::Intervened,
        Self::VerifierApproves,
        Self::VerifierContradicts,
        Self::VerifierRefuses,
        Self::VerifierMalformed,
        Self::VerifierHangs,
        Self::VerifierMiscounts,
        Self::VerifierUnknownIds,
    ];

    /// Returns the field's name in JSON and in `--fault`.
    pub(super) fn name(self) -> &'static str {
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
            Self::Grammar => "grammar",
            Self::Unreadable => "unreadable",
            Self::WithoutUsage => "withoutUsage",
            Self::Intervened => "intervened",
            Self::VerifierApproves => "verifierApproves",
            Self::VerifierContradicts => "verifierContradicts",
            Self::VerifierRefuses => "verifierRefuses",
            Self::VerifierMalformed => "verifierMalformed",
            Self::VerifierHangs => "verifierHangs",
            Self::VerifierMiscounts => "verifierMiscounts",
            Self::VerifierUnknownIds => "verifierUnknownIds",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
