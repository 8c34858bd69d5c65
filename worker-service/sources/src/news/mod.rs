//! The news source: searches every configured service. A story that many outlets publish is one piece of
//! evidence.

mod answer;
mod country_words;
mod evidence;
mod feed;
mod gdelt;
mod phrase;
mod plain_text;
mod settings;
#[cfg(feature = "stand-in")]
mod stand_in;
mod story;
mod terms;
#[cfg(all(test, feature = "stand-in"))]
mod tests;
mod vocabulary;

use std::{sync::Arc, time::Duration};

use domain::{evidence::SourceName, request::ReportRequest};
use futures::future::{BoxFuture, join_all};
use tokio::task::spawn_blocking;

use self::{
    answer::Answer,
    feed::Feed,
    gdelt::Gdelt,
    settings::NewsSettings,
    story::{Story, deduplicated},
    vocabulary::Vocabulary,
};
use crate::{
    definition::{BuildContext, SourceDefinition, SourceSettings, SourcesError},
    error::SourceError,
    source::{Freshness, ITEMS_MAX, Source, SourceAnswer},
};

/// The definition of the source `news`.
pub(crate) static DEFINITION: SourceDefinition = SourceDefinition {
    name: SourceName::from_static("news"),
    settings: settings::SETTINGS,
    read: |reader| NewsSettings::read(reader).map(|settings| Arc::new(settings) as _),
    rules: include_str!("rules.toml"),
    words: &[("en", include_str!("words.en.toml")), ("ja", include_str!("words.ja.toml"))],
    #[cfg(feature = "stand-in")]
    stand_in: Some(stand_in::stand_in),
};

impl SourceSettings for NewsSettings {
    fn is_configured(&self) -> bool {
        self.service_url.is_some() || !self.feeds.is_empty()
    }

    fn build(&self, context: &BuildContext<'_>) -> Result<Box<dyn Source>, SourcesError> {
        Ok(Box::new(News {
            gdelt: Gdelt::new(context, self),
            feeds: self.feeds.iter().map(|template| Feed::new(context.http, template)).collect(),
            months: self.months,
        }))
    }
}

/// The news source: a GDELT service and feeds.
#[derive(Debug)]
struct News {
    gdelt: Option<Gdelt>,
    feeds: Vec<Feed>,
    months: u64,
}

impl News {
    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let as_of = Some(service_runtime::clock::now());
        let gdelt = join_all(self.gdelt.iter().map(|gdelt| gdelt.search(request)));
        let feeds = join_all(self.feeds.iter().map(|feed| feed.search(request)));
        let (gdelt, feeds) = tokio::join!(gdelt, feeds);
        let services = gdelt.len() + feeds.len();
        let mut stories = Vec::new();
        let mut losses = Vec::new();
        let mut errors = Vec::new();
        for answer in gdelt.into_iter().chain(feeds) {
            match answer {
                Ok(mut found) => {
                    stories.extend(std::mem::take(&mut found.stories).into_iter().map(Story::cleaned));
                    losses.push(found);
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.len() == services
            && let Some(error) = errors.pop()
        {
            return Err(error);
        }
        let (company, texts) = (request.clone(), evidence::texts(request));
        let judged = spawn_blocking(move || {
            let stories = deduplicated(stories);
            stories
                .iter()
                .map(|(story, outlets)| evidence::of_story(story, *outlets, &company))
                .collect::<Vec<_>>()
        });
        let mut evidence = judged.await.map_err(|error| SourceError::Unavailable(error.to_string()))?;
        // Adverse stories come first, so that the limit never cuts them off; then the newest.
        evidence.sort_by_key(|draft| std::cmp::Reverse((draft.max_strength(), draft.published_at)));
        evidence.truncate(ITEMS_MAX - 2);
        if evidence.is_empty() {
            evidence.push(evidence::of_no_story(request, self.months));
        }
        if !errors.is_empty() {
            evidence.push(evidence::of_missing_services(errors.len(), services, texts));
        }
        losses.retain(|answer: &Answer| !answer.is_complete());
        if !losses.is_empty() {
            evidence.push(evidence::of_losses(&losses, texts));
        }
        let is_complete = errors.is_empty() && losses.is_empty();
        let freshness = if is_complete { Freshness::Current } else { Freshness::Partial };
        let versions = vec![texts.fill("version", &[("version", &Vocabulary::built_in().version)])];
        Ok(SourceAnswer { as_of, evidence, freshness, versions, related: Vec::new() })
    }
}

impl Source for News {
    fn query<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }

    fn patience(&self) -> Duration {
        self.gdelt.as_ref().map_or(Duration::ZERO, Gdelt::patience)
    }
}
