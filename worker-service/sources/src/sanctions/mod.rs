//! The source of sanctions and watch lists. It screens companies against lists that the worker loads, asks a
//! match service, or does both.

mod evidence;
mod list;
mod load;
mod location;
mod matched;
mod published;
mod related;
mod service;
mod settings;
#[cfg(feature = "stand-in")]
mod stand_in;
mod store;

use std::sync::Arc;

use domain::{
    evidence::{EvidenceDraft, SourceName},
    language::{Language, Words},
    request::ReportRequest,
};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::service::MatchService;
pub use self::{
    list::RESEMBLANCE_THRESHOLD,
    location::{InvalidLocation, Location},
    settings::SanctionsSettings,
    store::Lists,
};
use crate::{
    definition::{BuildContext, SourceDefinition, SourceSettings, SourcesError},
    error::SourceError,
    related::RelatedParty,
    source::{Freshness, Source, SourceAnswer},
    texts::words,
};

/// The definition of the source `sanctions`.
pub(crate) static DEFINITION: SourceDefinition = SourceDefinition {
    name: SourceName::from_static("sanctions"),
    settings: settings::SETTINGS,
    read: |reader| SanctionsSettings::read(reader).map(|settings| Arc::new(settings) as _),
    rules: include_str!("rules.toml"),
    words: &[("en", include_str!("words.en.toml")), ("ja", include_str!("words.ja.toml"))],
    #[cfg(feature = "stand-in")]
    stand_in: Some(stand_in::stand_in),
};

impl SourceSettings for SanctionsSettings {
    fn is_configured(&self) -> bool {
        self.service_url.is_some() || !self.lists.is_empty()
    }

    fn build(&self, context: &BuildContext<'_>) -> Result<Box<dyn Source>, SourcesError> {
        let lists = if self.lists.is_empty() { None } else { Some(Lists::new(self, context)?) };
        Ok(Box::new(Sanctions { lists, service: MatchService::new(context.http, self) }))
    }
}

/// The configured lists and match service. The match service replaces the lists if there are none, and gives
/// a second opinion if there are.
#[derive(Debug)]
struct Sanctions {
    lists: Option<Lists>,
    service: Option<MatchService>,
}

impl Sanctions {
    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let lists = async {
            match &self.lists {
                Some(lists) => Some(lists.search(request).await),
                None => None,
            }
        };
        let service = async {
            match &self.service {
                Some(service) => Some(service.search(request).await),
                None => None,
            }
        };
        match tokio::join!(lists, service) {
            (None, Some(only)) | (Some(only), None) => only,
            (Some(Ok(first)), Some(second)) => {
                Ok(with_second_opinion(first, second, words(request.language)))
            }
            // The second opinion alone is not enough to clear a company.
            (Some(Err(error)), Some(_)) => Err(error),
            (None, None) => Err(SourceError::Refused("no list and no service is configured".to_owned())),
        }
    }
}

/// Adds the evidence of the match service to that of the lists. If the match service gave no answer, the
/// evidence says so.
fn with_second_opinion(
    mut first: SourceAnswer,
    second: Result<SourceAnswer, SourceError>,
    words: &Words,
) -> SourceAnswer {
    match second {
        Ok(second) => {
            first.as_of = first.as_of.zip(second.as_of).map(|(first, second)| first.min(second));
            first.versions.extend(second.versions);
            first.evidence.extend(second.evidence);
            first.evidence.sort_by_key(|draft| std::cmp::Reverse(draft.max_strength()));
        }
        Err(error) => {
            first.freshness = Freshness::Partial;
            tracing::warn!(error = %error, "match service gave no second opinion on sanctions");
            let texts = evidence::texts(words);
            let (title, text) = (texts.text("no_second_opinion_title"), texts.text("no_second_opinion"));
            first.evidence.push(EvidenceDraft::gap(title, text));
        }
    }
    first
}

impl Source for Sanctions {
    fn query<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }

    fn screen<'a>(
        &'a self,
        parties: &'a [RelatedParty],
        language: Language,
    ) -> Option<BoxFuture<'a, Result<Vec<EvidenceDraft>, SourceError>>> {
        Some(match (&self.lists, &self.service) {
            (Some(lists), _) => Box::pin(lists.screen_related(parties, language)),
            (None, Some(service)) => Box::pin(service.screen_related(parties, language)),
            (None, None) => return None,
        })
    }

    fn prepare(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(lists) = &self.lists {
                lists.refresh().await;
            }
        })
    }

    fn run(&self, stop: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(lists) = &self.lists {
                lists.keep_fresh(stop).await;
            }
        })
    }
}
