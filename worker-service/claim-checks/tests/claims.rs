//! Checks made-up claims of `claims.toml`: true ones pass, and untrue ones have a flaw.

use claim_checks::{Claim, Company, Date, Piece, Reading, flaws};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    piece: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    company: String,
    country: String,
    title: String,
    text: String,
    published: String,
    claims: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    language: String,
    verdict: String,
    statement: String,
    quotes: Vec<String>,
    /// Whether no check can tell that the claim is untrue.
    #[serde(default)]
    missed: bool,
}

#[test]
fn made_up_claims_are_told_apart() {
    let file: File = toml::from_str(include_str!("claims.toml")).unwrap();
    let mut mistakes = Vec::new();
    for entry in &file.piece {
        let parts: Vec<&str> = entry.published.split('-').collect();
        let time =
            Date { year: parts[0].parse().ok(), month: parts[1].parse().ok(), day: parts[2].parse().ok() };
        let reading = Reading::of(&entry.title, &entry.text);
        for statement in &entry.claims {
            for quote in &statement.quotes {
                assert!(
                    entry.text.contains(quote.as_str()) || entry.title.contains(quote.as_str()),
                    "{quote}"
                );
            }
            let piece = Piece {
                reading: reading.clone(),
                times: vec![time],
                quotes: statement.quotes.iter().map(String::as_str).collect(),
            };
            let claim = Claim {
                statement: &statement.statement,
                language: &statement.language,
                company: Company { name: &entry.company, number: "", country: &entry.country },
                pieces: vec![piece],
            };
            let found = flaws(&claim);
            let expected = statement.verdict == "true" || statement.missed;
            if found.is_empty() != expected {
                mistakes.push(format!("{}: {} {found:?}", statement.verdict, statement.statement));
            }
        }
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
}
