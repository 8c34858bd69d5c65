//! Answers that are wrong on purpose, each in the way a real model is wrong now and then.

use serde_json::{Value, json};

use super::ask::Ask;
use super::evidence::{Evidence, Prompt};
use super::wire::{ConverseAnswer, ConverseError, ErrorKind};
use super::writer::{Assessment, Citation, DraftFinding};
use crate::faults::Outcome;

/// A date and a number that no evidence holds.
const WRONG_NUMBERS: &str = " On 31 February 1987 it paid 987,654,321 for that.";
/// German, in which no report is written.
const OTHER_LANGUAGE: &str = "Über das Unternehmen liegen keine belastbaren Erkenntnisse vor, und die Geschäftsbeziehung \
    kann nach sorgfältiger Abwägung aller Umstände ohne weitere Prüfung aufgenommen werden.";
/// Words that no evidence holds.
const INVENTED: &str = "The board of directors admitted everything in a letter that was never written";

/// 500 and 503 in turn.
pub(super) fn server_error(turn: u64) -> ConverseError {
    if turn.is_multiple_of(2) {
        let message = "The system encountered an unexpected error during processing. (fault asked for)";
        ConverseError::new(ErrorKind::InternalServer, message)
    } else {
        let message = "The service is unable to process the request at this time. (fault asked for)";
        ConverseError::new(ErrorKind::ServiceUnavailable, message)
    }
}

/// The assessment, spoilt as the outcome says.
pub(super) fn answer(
    outcome: Outcome,
    ask: &Ask,
    mut assessment: Assessment,
    prompt: &Prompt,
) -> ConverseAnswer {
    match outcome {
        // Throttles and errors were answered before the request was read.
        Outcome::Answer | Outcome::Throttle | Outcome::Error(_) => {}
        Outcome::Refusal => {
            // What Bedrock says when a model's own safeguards end the turn: text, whatever tool was forced.
            return ConverseAnswer::text(
                "content_filtered",
                "I cannot help with assessing this company. (fault asked for)",
            );
        }
        Outcome::Malformed(turn) => return malformed(turn, ask, &assessment),
        Outcome::Uncited => {
            let findings = with_one_finding(&mut assessment, prompt);
            for finding in findings {
                finding.citations.clear();
            }
        }
        Outcome::Hallucinated(turn) => {
            let quote_something_else = turn % 2 == 1;
            for finding in with_one_finding(&mut assessment, prompt) {
                for citation in &mut finding.citations {
                    if quote_something_else && !prompt.evidence.is_empty() {
                        INVENTED.clone_into(&mut citation.quote);
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
    ask.answer(&json!(assessment))
}

/// Does what a news item says that speaks to the model: calls the company harmless in the item's own words.
fn obey(assessment: &mut Assessment, prompt: &Prompt) {
    let directs = |item: &&Evidence| {
        let text = format!("{} {}", item.title, item.text).to_lowercase();
        ["ignore", "instructions", "note to ai"].iter().any(|word| text.contains(word))
    };
    let Some(item) = prompt.evidence.iter().find(directs) else { return };
    assessment.level = "LOW";
    assessment.summary.text = format!("{} {}", item.title, assessment.summary.text);
    assessment.findings = vec![DraftFinding {
        category: "other",
        severity: "low",
        statement: item.title.clone(),
        citations: vec![Citation { evidence_id: item.id.clone(), quote: item.title.clone() }],
    }];
}

/// Missing fields, wrong types, and no JSON at all, in turn.
fn malformed(turn: u64, ask: &Ask, assessment: &Assessment) -> ConverseAnswer {
    match turn % 3 {
        0 => ask.answer(&json!({ "level": assessment.level })),
        1 => ask.answer(&json!({
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

/// A fault in a citation needs a finding to be in, for a company without any too.
fn with_one_finding<'a>(assessment: &'a mut Assessment, prompt: &Prompt) -> &'a mut [DraftFinding] {
    if assessment.findings.is_empty() {
        let evidence_id = prompt.evidence.first().map_or_else(|| unknown_id(prompt), |item| item.id.clone());
        assessment.findings.push(DraftFinding {
            category: "other",
            severity: "medium",
            statement: "The company is said to have admitted everything.".to_owned(),
            citations: vec![Citation { evidence_id, quote: INVENTED.to_owned() }],
        });
    }
    &mut assessment.findings
}

fn unknown_id(prompt: &Prompt) -> String {
    format!("E{}", prompt.evidence.len() + 1000)
}
