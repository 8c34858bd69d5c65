//! The ApplyGuardrail operation: a guardrail whose only policy is contextual grounding. It scores the text by
//! the same simple rule by which the stand-in judges claims.

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::judge::{Verdict, judge};
use super::prompt::{CitedEvidence, Claim, ClaimKind};
use super::wire::{ConverseError, ErrorKind};
use crate::faults::{Misjudgement, Outcome};

/// The score from which on a text is grounded.
const THRESHOLD: f64 = 0.7;
/// Limits of the API, in characters: of the sources, of the question, and of the text.
const LIMITS: [(&str, usize); 3] =
    [("grounding_source", 100_000), ("query", 1_000), ("guard_content", 5_000)];
/// Number of characters of one unit of text.
const UNIT_CHARS: usize = 1_000;

#[derive(Debug, Deserialize)]
struct ApplyRequest {
    content: Vec<ContentBlock>,
}

#[derive(Debug, Deserialize)]
struct ContentBlock {
    text: TextBlock,
}

#[derive(Debug, Deserialize)]
struct TextBlock {
    text: String,
    #[serde(default)]
    qualifiers: Vec<String>,
}

/// Returns whether the request is for this operation.
pub(super) fn serves(method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    method == Method::POST && matches!(parts.as_slice(), ["", "guardrail", _, "version", _, "apply"])
}

/// Returns the answer to the request with this `body`, with the fault of `outcome`.
pub(super) fn apply(body: &[u8], outcome: Outcome) -> Result<Value, ConverseError> {
    let request: ApplyRequest = serde_json::from_slice(body).map_err(|error| {
        ConverseError::validation(format!("the body is not an ApplyGuardrail request: {error}"))
    })?;
    let with = |qualifier: &str| -> String {
        let blocks = request.content.iter().map(|block| &block.text);
        let texts = blocks.filter(|block| block.qualifiers.iter().any(|found| found == qualifier));
        texts.map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
    };
    for (qualifier, max) in LIMITS {
        match with(qualifier).chars().count() {
            0 => return Err(ConverseError::validation(format!("no text has the qualifier {qualifier}"))),
            length if length > max => {
                let message = format!("the text of {qualifier} has {length} characters, the limit is {max}");
                return Err(ConverseError::validation(message));
            }
            _ => {}
        }
    }
    let cited = CitedEvidence { title: String::new(), text: with("grounding_source"), quotes: Vec::new() };
    let claim = Claim {
        id: String::new(),
        kind: ClaimKind::Finding,
        claim: with("guard_content"),
        evidence: vec![cited],
    };
    let verdict = match outcome {
        Outcome::Refusal => {
            return Err(ConverseError::new(ErrorKind::AccessDenied, "refused (injected fault)"));
        }
        Outcome::Verifier(Misjudgement::Approve) => Verdict::Supported,
        Outcome::Verifier(Misjudgement::Contradict) => Verdict::Contradicted,
        _ => judge(&claim, "").0,
    };
    let score = match verdict {
        Verdict::Supported => 0.95,
        Verdict::NotStated => 0.3,
        Verdict::Contradicted => 0.02,
    };
    let detected = score < THRESHOLD;
    let filter = json!({
        "type": "GROUNDING",
        "score": score,
        "threshold": THRESHOLD,
        "detected": detected,
        "action": if detected { "BLOCKED" } else { "NONE" },
    });
    let filters = match outcome {
        // A guardrail without a contextual grounding policy answers without a score.
        Outcome::Malformed(_) | Outcome::Verifier(Misjudgement::Miscount(_) | Misjudgement::UnknownIds) => {
            json!([])
        }
        _ => json!([filter]),
    };
    let characters: usize = LIMITS.iter().map(|(qualifier, _)| with(qualifier).chars().count()).sum();
    Ok(json!({
        "action": if detected { "GUARDRAIL_INTERVENED" } else { "NONE" },
        "outputs": [],
        "assessments": [{"contextualGroundingPolicy": {"filters": filters}}],
        "usage": {
            "topicPolicyUnits": 0,
            "contentPolicyUnits": 0,
            "wordPolicyUnits": 0,
            "sensitiveInformationPolicyUnits": 0,
            "sensitiveInformationPolicyFreeUnits": 0,
            "contextualGroundingPolicyUnits": characters.div_ceil(UNIT_CHARS),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str, source: &str) -> Vec<u8> {
        let block = |text: &str, qualifier: &str| json!({"text": {"text": text, "qualifiers": [qualifier]}});
        let content = [
            block(source, "grounding_source"),
            block("What is stated about Acme?", "query"),
            block(text, "guard_content"),
        ];
        json!({"source": "OUTPUT", "content": content}).to_string().into_bytes()
    }

    #[test]
    fn a_text_is_scored_against_its_source() {
        let score = |text: &str, outcome| {
            let answer = apply(&body(text, "Acme was fined 90 million euros."), outcome).unwrap();
            answer.pointer("/assessments/0/contextualGroundingPolicy/filters/0/score").cloned()
        };
        assert_eq!(score("Acme was fined 90 million euros.", Outcome::Answer), Some(json!(0.95)));
        assert_eq!(score("Acme was fined 900 million euros.", Outcome::Answer), Some(json!(0.02)));
        let approve = Outcome::Verifier(Misjudgement::Approve);
        assert_eq!(score("Acme was fined 900 million euros.", approve), Some(json!(0.95)));
        assert_eq!(score("Acme was fined 90 million euros.", Outcome::Malformed(0)), None);
        let long = apply(&body(&"x".repeat(5_001), "y"), Outcome::Answer).unwrap_err();
        assert!(long.message.contains("the limit is 5000"), "{}", long.message);
    }
}
