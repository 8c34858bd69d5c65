//! News, by a service in the format of the GDELT DOC 2.0 API (article list).

use std::collections::HashSet;

use futures::future::BoxFuture;
use reqwest::Url;
use serde::Deserialize;
use shared::domain::{
    evidence::{Finding, Signal, SignalKind, SourceName},
    request::ReportRequest,
    time::UtcTime,
};

use super::{
    Answer, ITEMS_MAX, Source, SourceError,
    http::{self, Http},
};
use crate::{names::mentions, settings::SourceSettings};

/// How sure a headline with an adverse word is, when it names the company.
const NAMED: u8 = 80;
/// The same when only the article's text names it, which the list does not show.
const UNNAMED: u8 = 40;

/// The news service.
#[derive(Debug)]
pub struct News {
    http: Http,
    url: Url,
    months: u64,
}

#[derive(Deserialize)]
struct Articles {
    // GDELT answers {} when there is none.
    #[serde(default)]
    articles: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    url: String,
    title: String,
    #[serde(default)]
    seendate: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    language: String,
}

impl News {
    /// The news service that `settings` name; none when they name none.
    pub(super) fn new(http: &Http, settings: &SourceSettings) -> Option<Self> {
        let url = settings.news_url.as_ref()?.join("api/v2/doc/doc").ok()?;
        Some(Self { http: http.clone(), url, months: settings.news_months })
    }

    async fn search(&self, request: &ReportRequest) -> Result<Answer, SourceError> {
        // The name is a phrase of the query: a quotation mark in it would end the phrase.
        let phrase = request.company_name.replace(['"', '(', ')'], " ");
        let query = format!("\"{}\"", phrase.split_whitespace().collect::<Vec<_>>().join(" "));
        let months = format!("{}months", self.months);
        let most = ITEMS_MAX.to_string();
        let question = self.http.client().get(self.url.clone()).query(&[
            ("query", query.as_str()),
            ("mode", "artlist"),
            ("format", "json"),
            ("sort", "datedesc"),
            ("maxrecords", &most),
            ("timespan", &months),
        ]);
        let as_of = UtcTime::now();
        let Articles { articles } = http::json(question).await?;
        let mut stories = HashSet::new();
        let mut findings: Vec<Finding> = articles
            .iter()
            // One story that many outlets print is one piece of evidence.
            .filter(|article| stories.insert(folded(&article.title)))
            .map(|article| finding(article, &request.company_name))
            .collect();
        // Adverse first, so that a cut never hides it; the service's order, newest first, otherwise.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.signals.iter().map(|s| s.strength).max()));
        if findings.is_empty() {
            findings.push(nothing(request, self.months));
        }
        Ok(Answer { as_of, findings })
    }
}

/// A headline without case and punctuation; the order of its words says who did what to whom.
fn folded(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn finding(article: &Article, company: &str) -> Finding {
    let Article { url, title, seendate, domain, language } = article;
    let published_at = seen_at(seendate);
    let mut text = format!("{title}.");
    if !domain.is_empty() {
        text.push_str(&format!(" Published by {domain}"));
        if let Some(date) = published_at {
            text.push_str(&format!(" on {}", &date.to_string()[..10]));
        }
        text.push('.');
    }
    if !language.is_empty() {
        text.push_str(&format!(" Language: {language}."));
    }
    let strength = if mentions(title, company) { NAMED } else { UNNAMED };
    let signals = if is_adverse(title) {
        vec![Signal { kind: SignalKind::AdverseMedia, strength }]
    } else {
        Vec::new()
    };
    let url = (url.starts_with("https://") || url.starts_with("http://")).then(|| url.clone());
    Finding { title: title.clone(), text, url, published_at, signals }
}

fn nothing(request: &ReportRequest, months: u64) -> Finding {
    let name = &request.company_name;
    Finding {
        title: "No news".to_owned(),
        text: format!("A search of the news of the last {months} months for \"{name}\" found no article."),
        url: None,
        published_at: None,
        signals: Vec::new(),
    }
}

/// GDELT writes dates as 20260105T120000Z.
fn seen_at(text: &str) -> Option<UtcTime> {
    let part =
        |from: usize, to: usize| text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

fn is_adverse(title: &str) -> bool {
    let folded = title.to_lowercase();
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let terms =
        include_str!("adverse-terms.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut terms = terms.map(|term| match term.strip_suffix('*') {
        Some(stem) => (stem, true),
        None => (term, false),
    });
    terms.any(|(term, open)| {
        let parts: Vec<&str> = term.split(' ').collect();
        words.windows(parts.len()).any(|run| {
            run.iter()
                .zip(&parts)
                .all(|(word, part)| if open { word.starts_with(part) } else { word == part })
        })
    })
}

impl Source for News {
    fn name(&self) -> SourceName {
        SourceName::News
    }

    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<Answer, SourceError>> {
        Box::pin(self.search(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(title: &str) -> Article {
        let text = |text: &str| text.to_owned();
        Article {
            url: text("javascript:alert(1)"),
            title: text(title),
            seendate: text("20260105T120000Z"),
            domain: text("news.example"),
            language: text("English"),
        }
    }

    #[test]
    fn an_adverse_headline_weighs_more_when_it_names_the_company() {
        let strength =
            |title: &str| finding(&article(title), "Acme Foods Ltd").signals.first().map(|s| s.strength);
        assert_eq!(strength("Acme Foods fined for price cartel"), Some(NAMED));
        assert_eq!(strength("Supplier charged with fraud"), Some(UNNAMED));
        assert_eq!(strength("Acme Foods opens finest store"), None);
    }

    #[test]
    fn what_is_no_web_address_is_not_shown_as_one() {
        assert_eq!(finding(&article("t"), "Acme").url, None);
        let finding = finding(&article("Acme opens plant"), "Acme");
        assert_eq!(
            finding.text,
            "Acme opens plant. Published by news.example on 2026-01-05. Language: English."
        );
    }

    #[test]
    fn strange_dates_are_no_dates() {
        for strange in ["", "2026", "20261399T000000Z", "２０２６0105T120000Z"] {
            assert_eq!(seen_at(strange), None, "{strange}");
        }
    }
}
