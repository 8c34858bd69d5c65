//! The client of RSS and Atom feeds that take a query in their URL.

mod charset;
mod dates;
mod reader;
mod tokens;

use domain::request::ReportRequest;
use futures::future::join_all;
use reqwest::Url;

use super::{answer::Answer, phrase::Spellings, settings::QUERY};
use crate::{
    error::SourceError,
    http::{ANSWER_MAX, Http},
};

/// Maximum number of spellings of a name that are asked for, one request each.
const REQUESTS_MAX: usize = 3;

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

    /// Searches the feed for the company. Not every feed knows `OR`, so each spelling of the name that no other
    /// one finds is a request of its own.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the feed gives no usable answer for any spelling.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Answer, SourceError> {
        let spellings = Spellings::of(&request.company_name);
        let requests = spellings.widest().into_iter().take(REQUESTS_MAX);
        let mut found: Option<Answer> = None;
        let mut unanswered = 0;
        let mut last_error = None;
        for answer in join_all(requests.map(|spelling| self.ask(spelling))).await {
            match (answer, &mut found) {
                (Ok(answer), Some(found)) => found.extend(answer),
                (Ok(answer), None) => found = Some(answer),
                (Err(error), _) => {
                    unanswered += 1;
                    last_error = Some(error);
                }
            }
        }
        match (found, last_error) {
            (Some(answer), _) => Ok(Answer { unanswered, ..answer }),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(Answer::default()),
        }
    }

    async fn ask(&self, spelling: &str) -> Result<Answer, SourceError> {
        let phrase = format!("\"{spelling}\"");
        let query: String = url::form_urlencoded::byte_serialize(phrase.as_bytes()).collect();
        let url: Url = self
            .template
            .replace(QUERY, &query)
            .parse()
            .map_err(|_| SourceError::Refused("the feed's address is not a URL".to_owned()))?;
        let request = self.http.client().get(url);
        let (bytes, content_type) = self.http.bytes_and_type(request, ANSWER_MAX).await?;
        parse(&bytes, content_type.as_deref())
    }
}

/// Parses the stories of a feed. `content_type` is the header of the answer.
fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Answer, SourceError> {
    reader::read(&charset::decode(bytes, content_type))
}

#[cfg(test)]
mod tests;
