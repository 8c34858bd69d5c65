//! Judges claims by a simple rule that shares nothing with the checks of the worker: a claim is supported if the
//! evidence has most of its words and all of its numbers, and neither adds a negation. The rule knows no synonyms
//! and cannot compare two languages; between them it compares numbers only.

use std::collections::HashSet;

use super::prompt::{Claim, ClaimKind};

/// Share of the words of a sentence that the evidence must have.
const WORDS_SHARED: f64 = 0.5;
/// Maximum number of words beside a quote that only introduce it, such as "In the company register".
const INTRODUCTION_WORDS: usize = 6;
/// Minimum length of a word that carries meaning, in characters.
const WORD_CHARS: usize = 3;

const NEGATIONS: &[&str] =
    &["not", "no", "never", "none", "neither", "nor", "without", "denied", "denies", "deny", "cannot"];
/// Endings and words that negate a sentence in Japanese and Chinese.
const CJK_NEGATIONS: &[&str] = &["ない", "なかっ", "ません", "否定", "未だ", "没有", "并未", "否认"];
/// Words of any text, which say nothing about its subject.
const COMMON: &[&str] = &[
    "the", "and", "that", "was", "were", "for", "with", "from", "has", "have", "had", "its", "this", "are",
    "been", "which", "who", "will", "but", "also", "into", "over", "under", "than", "then", "there", "their",
    "they",
];

/// A verdict on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Supported,
    Contradicted,
    NotStated,
}

impl Verdict {
    /// Returns the name of the verdict in the schema of verdicts.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::NotStated => "not_stated",
        }
    }
}

/// Judges `claim` about `company` by its own evidence.
pub(super) fn judge(claim: &Claim, company: &str) -> (Verdict, String) {
    let evidence: Vec<Sentence> = claim
        .evidence
        .iter()
        .flat_map(|cited| sentences(&cited.title).chain(sentences(&cited.text)))
        .chain([company])
        .map(Sentence::of)
        .collect();
    let words: HashSet<&str> =
        evidence.iter().flat_map(|sentence| &sentence.words).map(String::as_str).collect();
    let numbers: HashSet<&str> =
        evidence.iter().flat_map(|sentence| &sentence.numbers).map(String::as_str).collect();

    let (rest, has_quote) = without_quotes(claim);
    let mut unstated = None;
    for text in sentences(&rest) {
        let sentence = Sentence::of(text);
        let shared = sentence.words.iter().filter(|word| words.contains(word.as_str())).count();
        let other_language = shared == 0 && evidence.iter().all(|found| found.is_cjk != sentence.is_cjk);
        #[expect(clippy::cast_precision_loss, reason = "a sentence has few words")]
        let is_about_it =
            sentence.words.is_empty() || shared as f64 >= WORDS_SHARED * sentence.words.len() as f64;
        let is_introduction = has_quote && sentence.words.len() <= INTRODUCTION_WORDS;
        if !is_about_it && !is_introduction && !other_language {
            // A summary also speaks of the search and of the rules.
            if claim.kind == ClaimKind::Finding {
                unstated.get_or_insert(format!("no evidence for: {text}"));
            }
            continue;
        }
        if let Some(number) = sentence.numbers.iter().find(|number| !numbers.contains(number.as_str())) {
            return (Verdict::Contradicted, format!("the evidence has no number {number}"));
        }
        if other_language {
            continue;
        }
        let overlap = |found: &&Sentence| found.words.intersection(&sentence.words).count();
        let closest = evidence.iter().max_by_key(overlap);
        let negated_there = closest.is_some_and(|closest| closest.is_negated);
        // A summary may cut a long sentence off before its negation.
        let dropped = negated_there && !has_quote && claim.kind == ClaimKind::Finding;
        if sentence.is_negated && !negated_there || !sentence.is_negated && dropped {
            return (
                Verdict::Contradicted,
                format!("the evidence and the claim disagree on a negation: {text}"),
            );
        }
    }
    match unstated {
        Some(reason) => (Verdict::NotStated, reason),
        None => (Verdict::Supported, "the evidence has its words and numbers".to_owned()),
    }
}

/// Returns the claim without the quotes that its evidence contains, and whether there were any.
fn without_quotes(claim: &Claim) -> (String, bool) {
    let mut rest = claim.claim.clone();
    for cited in &claim.evidence {
        for quote in cited.quotes.iter().filter(|quote| cited.text.contains(quote.as_str())) {
            rest = rest.replace(quote.as_str(), " ");
        }
    }
    let has_quote = rest.len() < claim.claim.len();
    (rest, has_quote)
}

/// A sentence, reduced to what the rule compares.
#[derive(Debug)]
struct Sentence {
    words: HashSet<String>,
    numbers: Vec<String>,
    is_negated: bool,
    is_cjk: bool,
}

impl Sentence {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let mut words = HashSet::new();
        let mut is_negated = CJK_NEGATIONS.iter().any(|negation| text.contains(negation));
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’') {
            is_negated |= NEGATIONS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t");
            let letters: Vec<char> = word.chars().filter(|c| !c.is_numeric()).collect();
            if letters.iter().any(|c| is_cjk(*c)) {
                words.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>()));
            } else if letters.len() >= WORD_CHARS && !COMMON.contains(&word) {
                words.insert(word.to_owned());
            }
        }
        let is_cjk = text.chars().filter(|c| is_cjk(*c)).count() * 2
            > text.chars().filter(|c| c.is_alphabetic()).count();
        Self { words, numbers: numbers(&text), is_negated, is_cjk }
    }
}

/// Returns the numbers in `text` as their digits, without separators of thousands.
fn numbers(text: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut current = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c.to_digit(10).or_else(|| full_width_digit(c)) {
            Some(digit) => current.extend(char::from_digit(digit, 10)),
            None => {
                let continues = chars.peek().is_some_and(char::is_ascii_digit) && !current.is_empty();
                match c {
                    ',' if continues => {}
                    '.' if continues => current.push('.'),
                    _ if !current.is_empty() => numbers.push(std::mem::take(&mut current)),
                    _ => {}
                }
            }
        }
    }
    if !current.is_empty() {
        numbers.push(current);
    }
    numbers
}

fn full_width_digit(c: char) -> Option<u32> {
    ('０'..='９').contains(&c).then(|| u32::from(c) - u32::from('０'))
}

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Splits a text into sentences. A point ends one only before white space, because it may be part of a number.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '。', '！', '？', '!', '?'])
        .flat_map(|part| part.split(". "))
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bedrock::prompt::CitedEvidence;

    fn verdict(kind: ClaimKind, claim: &str, text: &str, quote: &str) -> Verdict {
        let cited =
            CitedEvidence { title: String::new(), text: text.to_owned(), quotes: vec![quote.to_owned()] };
        let claim = Claim { id: "C1".to_owned(), kind, claim: claim.to_owned(), evidence: vec![cited] };
        judge(&claim, "Acme 24 Ltd").0
    }

    #[test]
    fn a_claim_is_judged_by_words_numbers_and_negations() {
        let text = "Acme 24 Ltd was fined 90 million euros in 2024. It was not charged with fraud.";
        let quote = "Acme 24 Ltd was fined 90 million euros in 2024.";
        for (claim, expected) in [
            (format!("A news report says: {quote}"), Verdict::Supported),
            ("The firm Acme was fined 90 million euros.".to_owned(), Verdict::Supported),
            ("Acme was fined 900 million euros.".to_owned(), Verdict::Contradicted),
            ("Acme was not fined 90 million euros.".to_owned(), Verdict::Contradicted),
            ("Acme was charged with fraud.".to_owned(), Verdict::Contradicted),
            ("Its chairman owns a yacht in Monaco.".to_owned(), Verdict::NotStated),
            ("アクメは2024年に罰金を科されました。".to_owned(), Verdict::Supported),
            ("アクメは2025年に罰金を科されました。".to_owned(), Verdict::Contradicted),
        ] {
            assert_eq!(verdict(ClaimKind::Finding, &claim, text, quote), expected, "{claim}");
        }
        let summary =
            "By the rules the risk is high. All 4 sources were searched. Acme was fined 90 million euros.";
        assert_eq!(verdict(ClaimKind::Summary, summary, text, quote), Verdict::Supported);
        let wrong = summary.replace("90", "95");
        assert_eq!(verdict(ClaimKind::Summary, &wrong, text, quote), Verdict::Contradicted);
    }

    #[test]
    fn digits_of_any_width_and_with_separators_are_the_same_number() {
        assert_eq!(numbers("1,234.5 and ９８, then 7."), ["1234.5", "98", "7"]);
    }
}
