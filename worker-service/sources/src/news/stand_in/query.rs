//! The part of GDELT's query language that finds companies: phrases in quotes, words, `(a OR b)`, `-word`,
//! and the operators for language, country and domain. All terms must match.

use crate::stand_in::{names, world::Article};

/// A parsed query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewsQuery(Vec<Term>);

#[derive(Debug, PartialEq, Eq)]
enum Term {
    /// At least one of these phrases is in the article.
    AnyOf(Vec<String>),
    Not(String),
    Language(String),
    Country(String),
    Domain(String),
}

impl NewsQuery {
    /// Parses a query.
    ///
    /// # Errors
    /// Returns the message of the service if the query is not valid, has only operators or excluded words, or
    /// uses an operator that the stand-in does not know.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(group) = rest.strip_prefix('(') {
                let end = group.find(')').ok_or("Parentheses must be closed.")?;
                terms.push(Term::AnyOf(alternatives(&group[..end])?));
                rest = group[end + 1..].trim_start();
            } else {
                let (token, quoted, after) = token(rest)?;
                terms.push(term(token, quoted)?);
                rest = after;
            }
        }
        if !terms.iter().any(|term| matches!(term, Term::AnyOf(_))) {
            return Err("Your query was too short or too long.".to_owned());
        }
        Ok(Self(terms))
    }

    /// Returns whether `article` matches every term of the query.
    pub(super) fn matches(&self, article: &Article) -> bool {
        let contains = |phrase: &String| {
            let mut texts = std::iter::once(&article.title).chain(&article.mentions);
            texts.any(|text| names::contains(text, phrase))
        };
        let same =
            |one: &str, other: &str| one.replace(' ', "").eq_ignore_ascii_case(&other.replace(' ', ""));
        self.0.iter().all(|term| match term {
            Term::AnyOf(phrases) => phrases.iter().any(contains),
            Term::Not(phrase) => !contains(phrase),
            Term::Language(language) => same(language, &article.language),
            Term::Country(country) => same(country, &article.source_country),
            Term::Domain(domain) => same(domain, &article.domain),
        })
    }
}

/// Splits off the first token. Returns the token, whether it was in quotes, and the rest.
fn token(text: &str) -> Result<(&str, bool, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"').ok_or("Quotes must be closed.")?;
        return Ok((&quoted[..end], true, quoted[end + 1..].trim_start()));
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(text.len());
    Ok((&text[..end], false, text[end..].trim_start()))
}

fn term(token: &str, quoted: bool) -> Result<Term, String> {
    if quoted {
        return Ok(Term::AnyOf(vec![token.to_owned()]));
    }
    if token == "OR" {
        return Err("Queries containing OR'd terms must be surrounded by ().".to_owned());
    }
    if let Some(word) = token.strip_prefix('-') {
        return Ok(Term::Not(word.to_owned()));
    }
    match token.split_once(':') {
        None => Ok(Term::AnyOf(vec![token.to_owned()])),
        Some(("sourcelang", value)) => Ok(Term::Language(value.to_owned())),
        Some(("sourcecountry", value)) => Ok(Term::Country(value.to_owned())),
        Some(("domain" | "domainis", value)) => Ok(Term::Domain(value.to_owned())),
        Some((operator, _)) => Err(format!("This stand-in does not know the operator {operator}.")),
    }
}

fn alternatives(group: &str) -> Result<Vec<String>, String> {
    let mut alternatives = Vec::new();
    let mut rest = group.trim();
    let mut expects_or = false;
    while !rest.is_empty() {
        let (token, quoted, after) = token(rest)?;
        let is_or = !quoted && token == "OR";
        if is_or != expects_or {
            return Err("Parentheses may only be used around OR'd statements.".to_owned());
        }
        if !is_or {
            alternatives.push(token.to_owned());
        }
        expects_or = !is_or;
        rest = after;
    }
    if alternatives.is_empty() || !expects_or {
        return Err("Parentheses may only be used around OR'd statements.".to_owned());
    }
    Ok(alternatives)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(title: &str) -> Article {
        Article {
            title: title.to_owned(),
            domain: "gazette.example".to_owned(),
            language: "English".to_owned(),
            source_country: "United Kingdom".to_owned(),
            days_ago: 1,
            mentions: vec!["Calder Vane Shipping".to_owned()],
        }
    }

    #[test]
    fn all_terms_must_match_and_one_of_each_group() {
        let article = article("Shipper named in fraud inquiry");
        for (query, expected) in [
            ("\"Calder Vane Shipping Ltd\"", true),
            ("\"Calder Vane Shipping\" (fraud OR bribery)", true),
            ("\"Calder Vane Shipping\" (corruption OR bribery)", false),
            ("(\"Nordhavet\" OR \"Calder Vane Shipping\") fraud", true),
            ("\"Calder Vane Shipping\" -fraud", false),
            ("\"Calder Vane Shipping\" sourcelang:english sourcecountry:unitedkingdom", true),
            ("\"Calder Vane Shipping\" sourcelang:german", false),
            ("\"Calder Vane\" domain:gazette.example", true),
            ("\"Calder Vale\"", false),
        ] {
            assert_eq!(NewsQuery::parse(query).unwrap().matches(&article), expected, "{query}");
        }
    }

    #[test]
    fn queries_that_gdelt_refuses_are_refused() {
        for query in
            ["", "\"open", "(a OR b", "a OR b", "(a b)", "(a OR)", "()", "theme:TAX a", "sourcelang:english"]
        {
            assert!(NewsQuery::parse(query).is_err(), "{query}");
        }
    }
}
