//! News: stories of any service that is configured, one for each story that many outlets print, with
//! what they say of the company.

mod feed;
mod gdelt;
pub mod vocabulary;

use std::collections::HashMap;

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind, SourceName},
    request::ReportRequest,
    time::UtcTime,
};
use futures::future::{BoxFuture, join_all};
use tokio::task::spawn_blocking;

pub use self::feed::QUERY;
use self::{feed::Feed, gdelt::Gdelt, vocabulary::Vocabulary};
use super::{Freshness, ITEMS_MAX, Source, SourceAnswer, SourceError, http::Http};
use crate::settings::SourceSettings;
use screening::names::mentions;

/// How sure a story with an adverse term is, when it names the company and its country, or is of it.
const NAMED_HERE: u8 = 90;
/// The same when it names the company alone.
const NAMED: u8 = 80;
/// The same when it only is of the company's country.
const UNNAMED_HERE: u8 = 45;
/// The same when neither headline nor snippet names it: another company may be meant.
const UNNAMED: u8 = 40;
/// The most that a story says of a matter that is settled or denied.
const RESOLVED: u8 = 30;

/// Longest headline that is read, in characters.
const TITLE_MAX: usize = 300;
/// Longest snippet that is read, in characters.
const SNIPPET_MAX: usize = 600;

/// The news.
#[derive(Debug)]
pub struct News {
    gdelt: Option<Gdelt>,
    feeds: Vec<Feed>,
    months: u64,
}

/// A story as an outlet prints it.
#[derive(Clone, Debug)]
struct Story {
    title: String,
    outlet: String,
    /// The country of the outlet, in English; empty when it is not known.
    country: String,
    published_at: Option<UtcTime>,
    language: String,
    url: Option<String>,
    snippet: Option<String>,
}

impl Story {
    /// Cleaned and cut to what a reader would read.
    fn tidied(self) -> Self {
        let snippet = self.snippet.map(|snippet| safe_text::clean(&snippet, SNIPPET_MAX));
        let outlet = safe_text::clean(&self.outlet, TITLE_MAX);
        let language = safe_text::clean(&self.language, 40);
        Self { title: safe_text::clean(&self.title, TITLE_MAX), snippet, outlet, language, ..self }
    }
}

impl News {
    /// What `settings` name; none when they name none.
    pub(super) fn new(http: &Http, settings: &SourceSettings) -> Option<Self> {
        let gdelt = Gdelt::new(http, settings);
        let feeds: Vec<Feed> = settings.news_feeds.iter().map(|template| Feed::new(http, template)).collect();
        let any = gdelt.is_some() || !feeds.is_empty();
        any.then_some(Self { gdelt, feeds, months: settings.news_months })
    }

    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let as_of = service_runtime::clock::now();
        let gdelt = join_all(self.gdelt.iter().map(|gdelt| gdelt.search(request)));
        let feeds = join_all(self.feeds.iter().map(|feed| feed.search(request)));
        let (gdelt, feeds) = tokio::join!(gdelt, feeds);
        let mut stories = Vec::new();
        let mut failed = Vec::new();
        let services = gdelt.len() + feeds.len();
        for answer in gdelt.into_iter().chain(feeds) {
            match answer {
                Ok(found) => stories.extend(found.into_iter().map(Story::tidied)),
                Err(error) => failed.push(error),
            }
        }
        if failed.len() == services
            && let Some(error) = failed.pop()
        {
            return Err(error);
        }
        let about = request.clone();
        let judged = spawn_blocking(move || {
            let stories = once_each(stories);
            stories.iter().map(|(story, outlets)| finding(story, *outlets, &about)).collect::<Vec<_>>()
        });
        let mut findings = judged.await.map_err(|error| SourceError::Unavailable(error.to_string()))?;
        // Adverse first, so that a cut never hides it; then the newest.
        let weight = |finding: &EvidenceDraft| finding.signals.iter().map(|signal| signal.strength).max();
        findings.sort_by_key(|finding| std::cmp::Reverse((weight(finding), finding.published_at)));
        findings.truncate(ITEMS_MAX - 1);
        if findings.is_empty() {
            findings.push(nothing(request, self.months));
        }
        if !failed.is_empty() {
            findings.push(incomplete(failed.len(), services));
        }
        let freshness = if failed.is_empty() { Freshness::Whole } else { Freshness::Partial };
        let versions = vec![format!("vocabulary of adverse terms {}", Vocabulary::built_in().version)];
        Ok(SourceAnswer { as_of, findings, freshness, versions })
    }
}

/// A name as a phrase of a query: a quotation mark in it would end the phrase, and what stands at its
/// end confuses some services.
fn phrase(name: &str) -> String {
    let words = name.replace(['"', '(', ')', '“', '”', '«', '»'], " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ',', ';', ':']).to_owned()
}

/// One of each story, with the number of outlets that print it.
fn once_each(stories: Vec<Story>) -> Vec<(Story, usize)> {
    let mut kept: Vec<(Story, usize)> = Vec::new();
    let mut by_title: HashMap<String, usize> = HashMap::new();
    for story in stories {
        match by_title.get(&folded(&story.title)) {
            Some(at) => {
                let (first, outlets) = &mut kept[*at];
                *outlets += 1;
                // What one outlet leaves out, another one tells.
                first.snippet = first.snippet.take().or(story.snippet);
                first.published_at = first.published_at.min(story.published_at).or(first.published_at);
            }
            None => {
                by_title.insert(folded(&story.title), kept.len());
                kept.push((story, 1));
            }
        }
    }
    kept
}

/// A headline without case, punctuation and the outlet's name behind a dash; the order of its words
/// says who did what to whom.
fn folded(title: &str) -> String {
    let head = title.rsplit_once(" - ").or(title.rsplit_once(" | ")).map_or(title, |(head, _)| head);
    let head = if head.split_whitespace().count() >= 4 { head } else { title };
    let words = head.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn finding(story: &Story, outlets: usize, request: &ReportRequest) -> EvidenceDraft {
    let Story { title, outlet, country, published_at, language, url, snippet } = story;
    let mut words = format!("{}.", title.trim_end_matches('.'));
    if let Some(snippet) = snippet.as_deref().map(str::trim).filter(|snippet| !snippet.is_empty()) {
        words.push_str(&format!(" {snippet}"));
        if !snippet.ends_with(['.', '!', '?', '。']) {
            words.push('.');
        }
    }
    if !outlet.is_empty() {
        words.push_str(&format!(" Published by {outlet}"));
        if let Some(date) = published_at {
            words.push_str(&format!(" on {}", &date.to_string()[..10]));
        }
        words.push('.');
    }
    if outlets > 1 {
        words.push_str(&format!(" Printed by {outlets} outlets."));
    }
    if !language.is_empty() {
        words.push_str(&format!(" Language: {language}."));
    }
    let snippet = snippet.as_deref().unwrap_or_default();
    let said = format!("{title} {snippet}");
    let named = mentions(&said, &request.company_name);
    let vocabulary = Vocabulary::built_in();
    let judged = [title.as_str(), snippet].map(|text| vocabulary.judge(text, language));
    // What one of them calls settled, the other may not.
    let adverse = judged.into_iter().flatten().min_by_key(|adverse| adverse.resolved);
    let mut signals = Vec::new();
    if let Some(adverse) = adverse {
        let here = said.to_lowercase().contains(&request.country.name().to_lowercase())
            || country.eq_ignore_ascii_case(request.country.name());
        let strength = match (named, here) {
            (true, true) => NAMED_HERE,
            (true, false) => NAMED,
            (false, true) => UNNAMED_HERE,
            (false, false) => UNNAMED,
        };
        let strength = if adverse.resolved { strength.min(RESOLVED) } else { strength };
        signals.push(Signal { kind: SignalKind::AdverseMedia, strength });
        let what = adverse.categories.join(", ").replace('_', " ");
        let settled = if adverse.resolved { ", which it calls settled or denied" } else { "" };
        let whom = if named { "" } else { " It does not name the company in its headline." };
        words.push_str(&format!(" Adverse terms ({}): {what}{settled}.{whom}", vocabulary.version));
    }
    let url = url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    EvidenceDraft { title: title.clone(), text: words, url, published_at: *published_at, signals }
}

fn nothing(request: &ReportRequest, months: u64) -> EvidenceDraft {
    let name = &request.company_name;
    EvidenceDraft {
        title: "No news".to_owned(),
        text: format!("A search of the news of the last {months} months for \"{name}\" found no article."),
        url: None,
        published_at: None,
        signals: Vec::new(),
    }
}

fn incomplete(failed: usize, services: usize) -> EvidenceDraft {
    EvidenceDraft {
        title: "News are incomplete".to_owned(),
        text: format!("{failed} of {services} news services gave no answer."),
        url: None,
        published_at: None,
        signals: Vec::new(),
    }
}

impl Source for News {
    fn name(&self) -> SourceName {
        SourceName::News
    }

    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::testing::request;

    fn asked() -> ReportRequest {
        request("Acme Foods Ltd", "1", "AQ")
    }

    fn story(title: &str) -> Story {
        Story {
            title: title.to_owned(),
            outlet: "news.example".to_owned(),
            country: String::new(),
            published_at: None,
            language: "English".to_owned(),
            url: Some("javascript:alert(1)".to_owned()),
            snippet: None,
        }
    }

    #[test]
    fn an_adverse_headline_weighs_more_when_it_names_the_company() {
        let strength = |title: &str| finding(&story(title), 1, &asked()).signals.first().map(|s| s.strength);
        assert_eq!(strength("Acme Foods charged with fraud"), Some(NAMED));
        assert_eq!(strength("Supplier charged with fraud"), Some(UNNAMED));
        assert_eq!(strength("Acme Foods acquitted of fraud"), Some(RESOLVED));
        assert_eq!(strength("Acme Foods opens a plant"), None);
    }

    #[test]
    fn a_snippet_can_name_the_company_and_links_are_web_addresses() {
        let mut told = story("Court fines a grocer for bribery");
        told.snippet = Some("Acme Foods must pay".to_owned());
        let finding = finding(&told, 3, &asked());
        assert_eq!((finding.signals[0].strength, finding.url), (NAMED, None));
        assert!(finding.text.contains("Printed by 3 outlets"), "{}", finding.text);
    }

    #[test]
    fn one_story_of_many_outlets_is_one() {
        let stories = vec![
            story("Acme Foods recalls a batch of soup - Kestrel Post"),
            story("ACME FOODS recalls a batch of soup"),
            story("A batch of soup recalls Acme Foods"),
        ];
        let kept = once_each(stories);
        assert_eq!(kept.iter().map(|(_, outlets)| *outlets).collect::<Vec<_>>(), [2, 1]);
    }
}
