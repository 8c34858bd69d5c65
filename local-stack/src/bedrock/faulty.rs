//! Faulty answers, of the kinds that real models and Bedrock give.

use serde_json::{Value, json};

use super::answer_format::AnswerFormat;
use super::judge::judge;
use super::prompt::{ClaimsPrompt, Evidence, Prompt};
use super::wire::{ConverseAnswer, ConverseError, ErrorKind};
use super::writer::{Assessment, Citation, DraftFinding};
use crate::faults::{Misjudgement, Outcome};

/// Sentence with a date and a number that are in no evidence.
const WRONG_NUMBERS: &str = " On 31 February 1987 it paid 987,654,321 for that.";
/// Text in German, a language in which no report is written.
const OTHER_LANGUAGE: &str = "Über das Unternehmen liegen keine belastbaren Erkenntnisse vor, und die Geschäftsbeziehung \
    kann nach sorgfältiger Abwägung aller Umstände ohne weitere Prüfung aufgenommen werden.";
/// A quote that is in no evidence.
const INVENTED_QUOTE: &str = "The board of directors admitted everything in a letter that was never written";

/// Returns a 500 error or a 503 error, in turn.
pub(super) fn server_error(turn: u64) -> ConverseError {
    if turn.is_multiple_of(2) {
        let message = "The system encountered an unexpected error during processing. (injected fault)";
        ConverseError::new(ErrorKind::InternalServer, message)
    } else {
        let message = "The service is unable to process the request at this time. (injected fault)";
        ConverseError::new(ErrorKind::ServiceUnavailable, message)
    }
}

/// Returns the assessment with the fault of `outcome`.
pub(super) fn answer(
    outcome: Outcome,
    format: &AnswerFormat,
    mut assessment: Assessment,
    prompt: &Prompt,
) -> ConverseAnswer {
    match outcome {
        // Faults of the whole exchange do not change the assessment.
        Outcome::Answer
        | Outcome::Throttle
        | Outcome::Error(_)
        | Outcome::Grammar
        | Outcome::Unreadable(_)
        | Outcome::WithoutUsage
        | Outcome::Hang
        | Outcome::Verifier(_) => {}
        Outcome::Intervened(turn) => {
            let answer = format.answer(&json!(assessment));
            return ConverseAnswer { stop_reason: intervention(turn), ..answer };
        }
        Outcome::Refusal => return refusal(),
        Outcome::Malformed(turn) => return malformed(turn, format, &assessment),
        Outcome::Uncited => {
            let findings = with_one_finding(&mut assessment, prompt);
            for finding in findings {
                finding.citations.clear();
            }
        }
        Outcome::Hallucinated(turn) => {
            let misquote = turn % 2 == 1;
            for finding in with_one_finding(&mut assessment, prompt) {
                for citation in &mut finding.citations {
                    if misquote && !prompt.evidence.is_empty() {
                        INVENTED_QUOTE.clone_into(&mut citation.quote);
                    } else {
                        citation.evidence_id = unknown_id(prompt);
                    }
                }
            }
        }
        Outcome::WrongNumbers => {
            for finding in with_one_finding(&mut assessment, prompt) {
                finding.statement.push_str(WRONG_NUMBERS);
            }
        }
        Outcome::UnderFloor => assessment.level = "LOW",
        Outcome::Obedient => obey(&mut assessment, prompt),
        Outcome::OtherLanguage => {
            OTHER_LANGUAGE.clone_into(&mut assessment.summary.text);
            for finding in &mut assessment.findings {
                OTHER_LANGUAGE.clone_into(&mut finding.statement);
            }
        }
    }
    format.answer(&json!(assessment))
}

/// Returns the verdicts with the fault of `outcome`.
pub(super) fn verdicts(outcome: Outcome, format: &AnswerFormat, prompt: &ClaimsPrompt) -> ConverseAnswer {
    let mut verdicts: Vec<Value> = prompt
        .claims
        .iter()
        .map(|claim| {
            let (verdict, reason) = judge(claim, &prompt.company.company_name);
            json!({"claim": claim.id, "verdict": verdict.as_str(), "reason": reason})
        })
        .collect();
    match outcome {
        Outcome::Refusal => return refusal(),
        Outcome::Malformed(turn) => {
            return match turn % 3 {
                0 => format.answer(&json!({"verdicts": {"C1": "supported"}})),
                1 => format.answer(&json!({"verdicts": [{"claim": "C1", "verdict": "yes", "reason": ""}]})),
                _ => ConverseAnswer::text("end_turn", "All claims look fine to me."),
            };
        }
        Outcome::Verifier(Misjudgement::Approve) => {
            verdicts.iter_mut().for_each(|verdict| verdict["verdict"] = json!("supported"));
        }
        Outcome::Verifier(Misjudgement::Contradict) => {
            if let Some(first) = verdicts.first_mut() {
                first["verdict"] = json!("contradicted");
            }
        }
        Outcome::Verifier(Misjudgement::Miscount(turn)) => {
            if let Some(last) = verdicts.pop()
                && turn % 2 == 1
            {
                verdicts.extend([last.clone(), last]);
            }
        }
        Outcome::Verifier(Misjudgement::UnknownIds) => {
            verdicts.iter_mut().for_each(|verdict| verdict["claim"] = json!("C999"));
        }
        _ => {}
    }
    format.answer(&json!({ "verdicts": verdicts }))
}

/// Returns the answer of a model that declines. Bedrock answers with text when a model's own safeguards end the
/// turn, even if a tool was forced.
fn refusal() -> ConverseAnswer {
    ConverseAnswer::text("content_filtered", "I cannot help with assessing this company. (injected fault)")
}

/// Returns the stop reason of a guardrail and of a content filter, in turn.
fn intervention(turn: u64) -> &'static str {
    if turn.is_multiple_of(2) { "guardrail_intervened" } else { "content_filtered" }
}

/// Returns the error of a schema that cannot be compiled.
pub(super) fn grammar_error() -> ConverseError {
    ConverseError::validation("Grammar compilation timed out.")
}

/// Returns a body that cannot be parsed: JSON that was cut off, the page of a gateway, and JSON with half a
/// surrogate pair, in turn.
pub(super) fn unreadable(turn: u64) -> String {
    match turn % 3 {
        0 => r#"{"output":{"message":{"role":"assistant","content":[{"text":"The ri"#.to_owned(),
        1 => "<html><body><h1>It works</h1></body></html>".to_owned(),
        _ => r#"{"output":{"message":{"role":"assistant","content":[{"text":"\ud83d"}]}},"stopReason":"end_turn"}"#
            .to_owned(),
    }
}

/// Obeys the first piece of evidence that contains instructions for the model: sets the level to LOW, and
/// repeats the title of that evidence in the summary and in the only finding.
fn obey(assessment: &mut Assessment, prompt: &Prompt) {
    let is_injection = |item: &&Evidence| {
        let text = format!("{} {}", item.title, item.text).to_lowercase();
        ["ignore", "instructions", "note to ai"].iter().any(|word| text.contains(word))
    };
    let Some(item) = prompt.evidence.iter().find(is_injection) else { return };
    assessment.level = "LOW";
    assessment.summary.text = format!("{} {}", item.title, assessment.summary.text);
    assessment.findings = vec![DraftFinding {
        category: "other",
        severity: "low",
        statement: item.title.clone(),
        citations: vec![Citation { evidence_id: item.id.clone(), quote: item.title.clone() }],
    }];
}

/// Returns an answer with missing fields, with wrong types, or without JSON, in turn.
fn malformed(turn: u64, format: &AnswerFormat, assessment: &Assessment) -> ConverseAnswer {
    match turn % 3 {
        0 => format.answer(&json!({ "level": assessment.level })),
        1 => format.answer(&json!({
            "level": 3,
            "summary": assessment.summary.text,
            "findings": { "first": Value::Null },
        })),
        _ => ConverseAnswer::text(
            "end_turn",
            format!("Here is my assessment: the risk is {}.", assessment.level),
        ),
    }
}

/// Returns the findings. Adds one if there is none, because a fault in a citation needs a finding.
fn with_one_finding<'a>(assessment: &'a mut Assessment, prompt: &Prompt) -> &'a mut [DraftFinding] {
    if assessment.findings.is_empty() {
        let evidence_id = prompt.evidence.first().map_or_else(|| unknown_id(prompt), |item| item.id.clone());
        assessment.findings.push(DraftFinding {
            category: "other",
            severity: "medium",
            statement: "The company is said to have admitted everything.".to_owned(),
            citations: vec![Citation { evidence_id, quote: INVENTED_QUOTE.to_owned() }],
        });
    }
    &mut assessment.findings
}

fn unknown_id(prompt: &Prompt) -> String {
    format!("E{}", prompt.evidence.len() + 1000)
}
