//! Writes the assessment: one finding per adverse piece of evidence, with a quote from it.

use std::collections::HashSet;

use serde::Serialize;

use super::phrases::{Language, is_adverse};
use super::prompt::{Evidence, Grade, Prompt};

/// Maximum length of a quote, in characters.
const MAX_QUOTE_CHARS: usize = 200;
/// Minimum length of a sentence, in characters. A full stop before that counts as the end of an abbreviation.
const MIN_SENTENCE_CHARS: usize = 20;
/// Maximum number of findings that a summary repeats.
const MAX_IN_SUMMARY: usize = 3;
/// Maximum number of pieces of evidence that a summary without findings cites.
const MAX_CITED_WITHOUT_FINDINGS: usize = 5;

/// The answer in the schema of the request.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Assessment {
    pub(super) level: &'static str,
    pub(super) summary: Summary,
    pub(super) findings: Vec<DraftFinding>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    pub(super) text: String,
    pub(super) citations: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct DraftFinding {
    pub(super) category: &'static str,
    pub(super) severity: &'static str,
    pub(super) statement: String,
    pub(super) citations: Vec<Citation>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Citation {
    pub(super) evidence_id: String,
    pub(super) quote: String,
}

/// Writes the assessment for `prompt`.
pub(super) fn write(prompt: &Prompt) -> Assessment {
    let language = Language::of(prompt.assessment.language.as_deref());
    let cited_by_rules: HashSet<&str> = prompt
        .assessment
        .rules
        .iter()
        .filter(|rule| raises(&rule.effect))
        .flat_map(|rule| rule.because.iter().map(String::as_str))
        .collect();
    let findings: Vec<DraftFinding> =
        prompt.evidence.iter().filter_map(|item| finding(item, prompt, &cited_by_rules, language)).collect();
    Assessment { level: level(prompt), summary: summary(prompt, &findings, language), findings }
}

/// Returns whether a rule's effect raises the risk. The effect is text or a number of points. The texts
/// listed here and a number of zero or less do not raise the risk.
fn raises(effect: &str) -> bool {
    let effect = effect.trim().to_lowercase();
    if let Ok(points) = effect.trim_start_matches('+').parse::<f64>() {
        return points > 0.0;
    }
    !["", "none", "no effect", "neutral", "low", "floor low", "floor:low", "floor=low"]
        .contains(&effect.as_str())
}

fn level(prompt: &Prompt) -> &'static str {
    let adverse_news =
        prompt.evidence.iter().any(|item| category(&item.source) == "adverse_media" && item_is_adverse(item));
    match prompt.assessment.floor {
        Grade::High => "HIGH",
        Grade::Medium => "MEDIUM",
        // The schema has no UNDETERMINED, and an unknown risk is not LOW.
        Grade::Undetermined => "MEDIUM",
        Grade::Low if adverse_news => "MEDIUM",
        Grade::Low => "LOW",
    }
}

fn finding(
    item: &Evidence,
    prompt: &Prompt,
    cited_by_rules: &HashSet<&str>,
    language: Language,
) -> Option<DraftFinding> {
    let category = category(&item.source);
    let cited = cited_by_rules.contains(item.id.as_str());
    let may_be_relevant = match category {
        // The names of lists of countries contain adverse words, also where a country is on none of them.
        "country" => false,
        // An entry of a sanctions list always contains adverse words, even for a harmless namesake. If there are
        // rules, they decide whether it is relevant.
        "sanctions" => prompt.assessment.rules.is_empty(),
        _ => true,
    };
    let relevant = cited || (may_be_relevant && item_is_adverse(item));
    let quote = first_sentence(&item.text);
    if !relevant || quote.is_empty() {
        return None;
    }
    let severity = match (category, cited, prompt.assessment.floor) {
        ("sanctions", true, Grade::High) => "high",
        (_, true, _) | ("adverse_media" | "sanctions", false, _) => "medium",
        _ => "low",
    };
    Some(DraftFinding {
        category,
        severity,
        statement: language.statement(category, quote),
        citations: vec![Citation { evidence_id: item.id.clone(), quote: quote.to_owned() }],
    })
}

fn item_is_adverse(item: &Evidence) -> bool {
    is_adverse(&item.title) || is_adverse(&item.text)
}

fn summary(prompt: &Prompt, findings: &[DraftFinding], language: Language) -> Summary {
    let mut sentences = vec![
        language.notice().to_owned(),
        language.level(&prompt.company.company_name, prompt.assessment.floor),
    ];
    let citations = if findings.is_empty() {
        sentences.push(language.nothing_found().to_owned());
        let ids = prompt.evidence.iter().map(|item| item.id.clone());
        ids.take(MAX_CITED_WITHOUT_FINDINGS).collect()
    } else {
        let mut weightiest: Vec<&DraftFinding> = findings.iter().collect();
        weightiest.sort_by_key(|finding| severity_rank(finding.severity));
        sentences.extend(weightiest.iter().take(MAX_IN_SUMMARY).map(|finding| finding.statement.clone()));
        findings
            .iter()
            .flat_map(|finding| &finding.citations)
            .map(|citation| citation.evidence_id.clone())
            .collect()
    };
    let separator = match language {
        Language::English => " ",
        Language::Japanese => "",
    };
    Summary { text: sentences.join(separator), citations }
}

/// Returns the place of a severity in a summary: the gravest comes first.
fn severity_rank(severity: &str) -> u8 {
    match severity {
        "high" => 0,
        "medium" => 1,
        _ => 2,
    }
}

fn category(source: &str) -> &'static str {
    let source = source.to_lowercase();
    if source.contains("sanction") {
        "sanctions"
    } else if source.contains("news") || source.contains("media") {
        "adverse_media"
    } else if source.contains("regist") {
        "registry"
    } else if source.contains("country") {
        "country"
    } else {
        "other"
    }
}

/// Returns the first sentence, cut to the maximum length of a quote. The result is always a contiguous part
/// of the text.
fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let mut end = text.len();
    let mut chars = text.char_indices().enumerate().peekable();
    while let Some((count, (at, character))) = chars.next() {
        if count == MAX_QUOTE_CHARS {
            let cut = &text[..at];
            // In scripts with spaces, the quote ends at a word boundary.
            let word_end = cut.rfind(char::is_whitespace).filter(|end| *end > at / 2);
            end = word_end.unwrap_or(at);
            break;
        }
        let after = at + character.len_utf8();
        let ends = match character {
            '\n' | '。' | '！' | '？' => true,
            '.' | '!' | '?' => {
                count + 1 >= MIN_SENTENCE_CHARS
                    && chars.peek().is_none_or(|(_, (_, next))| next.is_whitespace())
            }
            _ => false,
        };
        if ends {
            end = after;
            break;
        }
    }
    text[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_the_first_sentence_or_its_beginning() {
        for (text, expected) in [
            ("", ""),
            ("  One line without an end ", "One line without an end"),
            (
                "Acme Co. Ltd. was fined by the regulator. It appealed.",
                "Acme Co. Ltd. was fined by the regulator.",
            ),
            ("社長が逮捕された。会社は否定した。", "社長が逮捕された。"),
            (
                "A turnover of 3.5 million was reported in March.",
                "A turnover of 3.5 million was reported in March.",
            ),
        ] {
            assert_eq!(first_sentence(text), expected);
        }
        let long = "word ".repeat(100);
        let quote = first_sentence(&long);
        assert!(quote.chars().count() <= MAX_QUOTE_CHARS && quote.ends_with("word") && long.contains(quote));
        let long = "語".repeat(300);
        assert_eq!(first_sentence(&long).chars().count(), MAX_QUOTE_CHARS);
    }

    fn prompt(source: &str, text: &str) -> Prompt {
        let evidence = serde_json::json!([{"id": "E1", "source": source, "title": "t", "text": text}]);
        Prompt {
            company: serde_json::from_value(serde_json::json!({"companyName": "Acme Ltd"})).unwrap(),
            assessment: serde_json::from_value(serde_json::json!({"floor": "LOW"})).unwrap(),
            evidence: serde_json::from_value(evidence).unwrap(),
        }
    }

    #[test]
    fn the_summary_reads_like_a_report_and_says_that_no_model_wrote_it() {
        let news = write(&prompt("news", "Acme Ltd was fined for fraud. It appealed."));
        assert_eq!(
            news.summary.text,
            "No language model wrote this text: Dossier's offline stand-in composed it from the rules and the evidence. \
             By the rules, the risk of doing business with Acme Ltd is low. In the press: Acme Ltd was fined for fraud."
        );
        let long = format!("Acme Ltd fined for fraud {}", "again and ".repeat(40));
        assert!(write(&prompt("news", &long)).findings[0].statement.ends_with('…'));
    }

    #[test]
    fn a_country_that_is_on_no_list_is_no_finding() {
        let text = "Japan is on none of these lists: High-risk third countries; countries under sanctions.";
        let written = write(&prompt("country_risk", text));
        assert!(written.findings.is_empty(), "{written:?}");
    }

    #[test]
    fn only_some_effects_raise_the_risk() {
        assert!(["HIGH", "floor HIGH", "+20", "score +10", "MEDIUM"].iter().all(|effect| raises(effect)));
        assert!(!["", "none", "0", "-5", "LOW", "neutral"].iter().any(|effect| raises(effect)));
    }
}
