//! The client of RSS and Atom feeds that take a query in their URL.

use domain::{request::ReportRequest, time::UtcTime};
use feed_rs::parser;
use reqwest::Url;

use super::{phrase::phrase, settings::QUERY, story::Story};
use crate::{
    error::SourceError,
    http::{ANSWER_MAX, Http},
    source::ITEMS_MAX,
};

/// The client of a feed.
#[derive(Debug)]
pub(super) struct Feed {
    http: Http,
    /// The URL, with [`QUERY`] in it.
    template: String,
}

impl Feed {
    /// Makes the client of the feed whose URL is `template`.
    pub(super) fn new(http: &Http, template: &str) -> Self {
        Self { http: http.for_service("feed"), template: template.to_owned() }
    }

    /// Searches the feed for the company.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the feed gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Vec<Story>, SourceError> {
        let phrase = format!("\"{}\"", phrase(&request.company_name));
        let query: String = url::form_urlencoded::byte_serialize(phrase.as_bytes()).collect();
        let url: Url = self
            .template
            .replace(QUERY, &query)
            .parse()
            .map_err(|_| SourceError::Refused("the feed's address is not a URL".to_owned()))?;
        let bytes = self.http.bytes(self.http.client().get(url), ANSWER_MAX).await?;
        stories(&bytes)
    }
}

/// Parses the stories of a feed, up to [`ITEMS_MAX`].
fn stories(bytes: &[u8]) -> Result<Vec<Story>, SourceError> {
    let feed = parser::parse(bytes).map_err(|error| SourceError::Unreadable(error.to_string()))?;
    let outlet = feed.title.map(|title| title.content).unwrap_or_default();
    let language = feed.language.unwrap_or_default();
    let stories = feed.entries.into_iter().take(ITEMS_MAX).filter_map(|entry| {
        let title = entry.title?.content;
        let published_at = entry.published.or(entry.updated);
        Some(Story {
            country: String::new(),
            title,
            outlet: entry
                .source
                .clone()
                .filter(|source| !source.is_empty())
                .unwrap_or_else(|| outlet.clone()),
            published_at: published_at.map(|date| UtcTime::from_epoch_millis(date.timestamp_millis())),
            language: entry.language.unwrap_or_else(|| language.clone()),
            url: entry.links.into_iter().next().map(|link| link.href),
            snippet: entry.summary.map(|summary| without_markup(&summary.content)),
        })
    });
    Ok(stories.collect())
}

/// Returns the text of an HTML snippet without its tags.
fn without_markup(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RSS: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Kestrel Post</title><language>en</language>
<item><title>Quillmarsh fined over bribes</title><link>https://post.example/1</link><pubDate>Mon, 05 Jan 2026 12:00:00 GMT</pubDate>
<description>&lt;p&gt;The &lt;b&gt;court&lt;/b&gt; said.&lt;/p&gt;</description></item>
<item><title>Weather</title></item></channel></rss>"#;
    const ATOM: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>Kestrel Wire</title><id>x</id><updated>2026-01-05T12:00:00Z</updated>
<entry><id>1</id><title>Quillmarsh opens a plant</title><link href="https://wire.example/1"/><updated>2026-01-05T12:00:00Z</updated></entry></feed>"#;

    #[test]
    fn rss_and_atom_give_the_same_kind_of_story() {
        let found = stories(RSS.as_bytes()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].outlet.as_str(), found[0].language.as_str()), ("Kestrel Post", "en"));
        assert_eq!(
            found[0].snippet.as_deref().map(|s| s.split_whitespace().collect::<Vec<_>>().join(" ")),
            Some("The court said.".to_owned())
        );
        assert_eq!(
            found[0].published_at.map(|date| date.to_string()[..10].to_owned()),
            Some("2026-01-05".to_owned())
        );
        let found = stories(ATOM.as_bytes()).unwrap();
        assert_eq!(found[0].url.as_deref(), Some("https://wire.example/1"));
        assert!(stories(b"<html>").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
            let mut bytes = RSS.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()));
            if let Ok(stories) = stories(&bytes) {
                prop_assert!(stories.len() <= ITEMS_MAX);
            }
        }
    }
}
