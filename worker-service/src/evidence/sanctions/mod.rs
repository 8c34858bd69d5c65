//! Sanctions and watch lists: screened in process against lists that the worker loads, by a match
//! service, or by both.

mod finding;
mod load;
mod service;
mod store;

use aws_config::SdkConfig;
use domain::{
    evidence::{EvidenceDraft, SourceName},
    request::ReportRequest,
};
use futures::future::BoxFuture;

use self::service::Service;
pub use self::{load::Location, store::Lists};
use super::{Freshness, Source, SourceAnswer, SourceError, http::Http};
use crate::settings::SourceSettings;

/// The source: lists first, the service as the alternative or the second opinion.
#[derive(Debug)]
pub struct Sanctions {
    lists: Option<Lists>,
    service: Option<Service>,
}

impl Sanctions {
    /// What `settings` name; none when they name neither.
    pub(super) fn new(http: &Http, lists: Option<Lists>, settings: &SourceSettings) -> Option<Self> {
        let service = Service::new(http, settings);
        (lists.is_some() || service.is_some()).then_some(Self { lists, service })
    }

    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let service = async {
            match &self.service {
                Some(service) => Some(service.search(request).await),
                None => None,
            }
        };
        let lists = async {
            match &self.lists {
                Some(lists) => Some(lists.search(request).await),
                None => None,
            }
        };
        match tokio::join!(lists, service) {
            (None, Some(only)) | (Some(only), None) => only,
            (Some(Ok(first)), Some(second)) => Ok(with_second_opinion(first, second)),
            // Nobody is cleared by the second opinion alone.
            (Some(Err(error)), Some(_)) => Err(error),
            (None, None) => Err(SourceError::Refused("no list and no service is configured".to_owned())),
        }
    }
}

/// Adds what the second opinion found; that it gave no answer is on the record.
fn with_second_opinion(mut first: SourceAnswer, second: Result<SourceAnswer, SourceError>) -> SourceAnswer {
    match second {
        Ok(second) => {
            first.as_of = first.as_of.min(second.as_of);
            first.versions.extend(second.versions);
            first.findings.extend(second.findings);
            first
                .findings
                .sort_by_key(|finding| std::cmp::Reverse(finding.signals.iter().map(|s| s.strength).max()));
        }
        Err(error) => {
            first.freshness = Freshness::Partial;
            tracing::warn!(error = %error, "the second opinion on sanctions gave no answer");
            first.findings.push(EvidenceDraft {
                title: "No second opinion".to_owned(),
                text: "The match service that is asked for a second opinion gave no answer.".to_owned(),
                url: None,
                published_at: None,
                signals: Vec::new(),
            });
        }
    }
    first
}

impl Source for Sanctions {
    fn name(&self) -> SourceName {
        SourceName::Sanctions
    }

    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }
}

/// The lists that `settings` name, not loaded yet; none when they name none.
///
/// # Errors
/// When there is no HTTP client.
pub(super) fn lists(settings: &SourceSettings, sdk: &SdkConfig) -> Result<Option<Lists>, reqwest::Error> {
    if settings.lists.is_empty() { Ok(None) } else { Lists::new(settings, sdk).map(Some) }
}
