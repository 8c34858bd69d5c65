//! The lists that companies are screened against. They are loaded when a worker starts, and again on a
//! schedule. If a list cannot be read or lost many of its entries, the previous version stays in use.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{evidence::EvidenceDraft, language::Language, request::ReportRequest, time::UtcTime};
use screening::{Hit, names, persons::PersonScreener};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    evidence::{self, Age},
    list::{LoadedList, RESEMBLANCE_THRESHOLD, Recency},
    load::{Fetched, Fetcher, LoadError},
    location::Location,
    matched::Match,
    published::published_at,
    related,
    settings::SanctionsSettings,
};
use crate::{
    definition::BuildContext,
    error::SourceError,
    related::RelatedParty,
    source::{Freshness, SourceAnswer},
    texts::words,
};

/// Maximum share of its entries that a list may lose between two loads. A greater loss is more likely a
/// broken file.
const SHRINK_MAX: f64 = 0.2;
/// Maximum time since a list that cannot be renewed was last loaded. After that, the source gives no answer.
const UNRENEWED_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Delay before the lists are loaded again if one of them could not be loaded.
const RETRY: Duration = Duration::from_secs(60);
/// Maximum number of entries of one list that become evidence.
const MATCHES_MAX: usize = 10;

/// A list that the settings name: its location, and the version of it that is in use.
#[derive(Debug)]
struct ConfiguredList {
    location: Location,
    loaded: RwLock<Option<Arc<LoadedList>>>,
    /// Whether the last attempt to load the list failed.
    load_failed: AtomicBool,
}

/// The lists, each with the version that is in use.
#[derive(Clone, Debug)]
pub struct Lists {
    configured: Arc<[ConfiguredList]>,
    fetcher: Arc<Fetcher>,
    refresh_interval: Duration,
    max_age: Duration,
}

impl Lists {
    /// Makes the lists that `settings` name. They are not loaded yet.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be built.
    pub fn new(settings: &SanctionsSettings, context: &BuildContext<'_>) -> Result<Self, reqwest::Error> {
        let configured = |location: &Location| ConfiguredList {
            location: location.clone(),
            loaded: RwLock::default(),
            load_failed: AtomicBool::new(false),
        };
        Ok(Self {
            configured: settings.lists.iter().map(configured).collect(),
            fetcher: Arc::new(Fetcher::new(context.guard.clone(), context.sdk)?),
            refresh_interval: settings.refresh_interval,
            max_age: settings.max_age,
        })
    }

    /// Loads every list, and returns whether all of them were loaded.
    pub async fn refresh(&self) -> bool {
        let loads = self.configured.iter().map(|list| self.load(list));
        futures::future::join_all(loads).await.into_iter().all(|loaded| loaded)
    }

    /// Returns the number of organisations on each list in use; `None` for a list that was never loaded.
    pub fn entries(&self) -> Vec<Option<usize>> {
        self.configured.iter().map(|list| list.loaded().map(|loaded| loaded.organizations.len())).collect()
    }

    async fn load(&self, list: &ConfiguredList) -> bool {
        let previous = list.loaded();
        let outcome = self.fetch(&list.location, previous.as_deref()).await;
        list.load_failed.store(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Ok(loaded) => {
                tracing::info!(
                    list = %loaded.name,
                    location = %list.location,
                    bodies = loaded.organizations.len(),
                    persons = loaded.persons.len(),
                    published = loaded.stated_date.as_deref().unwrap_or("undated"),
                    "list of sanctions loaded"
                );
                match loaded.recency(loaded.loaded_at, self.max_age) {
                    Recency::Current => {}
                    Recency::Outdated => tracing::warn!(
                        location = %list.location,
                        "list of sanctions is out of date and makes the source stale; put a current version there, or \
                         raise DOSSIER_SANCTIONS_MAX_AGE_SECONDS"
                    ),
                    Recency::Undated => tracing::warn!(
                        location = %list.location,
                        "list of sanctions states no date, and neither does its server; the source is stale"
                    ),
                }
                *list.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
                true
            }
            Err(error) => {
                tracing::error!(
                    location = %list.location,
                    error = %error,
                    kept = previous.is_some(),
                    "list of sanctions could not be loaded"
                );
                false
            }
        }
    }

    async fn fetch(
        &self,
        location: &Location,
        previous: Option<&LoadedList>,
    ) -> Result<LoadedList, LoadError> {
        let Fetched { list, bodies, persons, sha256, modified } = self.fetcher.list(location).await?;
        let (name, stated_date) = (list.name, list.published);
        let names = bodies.names() + persons.iter().map(|person| person.names().count()).sum::<usize>();
        let before =
            previous.map_or([0; 3], |list| [list.organizations.len(), list.persons.len(), list.names]);
        let [previous_bodies, previous_persons, previous_names] = before;
        // If the file of other names is missing, the list loses names but no entries.
        if shrank(bodies.len(), previous_bodies)
            || shrank(persons.len(), previous_persons)
            || shrank(names, previous_names)
        {
            return Err(LoadError::Shrunk {
                entries: bodies.len() + persons.len(),
                names,
                previous_entries: previous_bodies + previous_persons,
                previous_names,
            });
        }
        let name = if name.is_empty() { location.file_name() } else { name };
        let build = move || (bodies.finish(), PersonScreener::new(persons));
        let (organizations, persons) = tokio::task::spawn_blocking(build).await?;
        let loaded_at = service_runtime::clock::now();
        Ok(LoadedList {
            name,
            published_at: published_at(stated_date.as_deref(), modified, loaded_at),
            stated_date,
            loaded_at,
            organizations,
            persons,
            sha256,
            names,
        })
    }

    /// Loads the lists again on a schedule, until `stop` is cancelled.
    pub(super) async fn keep_fresh(&self, stop: CancellationToken) {
        loop {
            let complete = self.configured.iter().all(|list| list.loaded().is_some() && !list.load_failed());
            let delay = if complete { self.refresh_interval } else { RETRY.min(self.refresh_interval) };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(delay) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = self.refresh() => {}
            }
        }
    }

    /// Screens the company against every list. The answer is stale if a list could not be renewed, is older
    /// than the maximum age, or has no date.
    ///
    /// # Errors
    /// Returns [`SourceError`] if a list was never loaded or could not be renewed for [`UNRENEWED_MAX`],
    /// because the other lists alone are not enough to clear a company, or if the company's name has no word
    /// that can be compared.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let now = service_runtime::clock::now();
        let (lists, is_stale) = self.in_use(now)?;
        let (request, max_age) = (request.clone(), self.max_age);
        let screened = tokio::task::spawn_blocking(move || screen(&lists, &request, Age { now, max_age }));
        let answer = screened.await.map_err(|error| SourceError::Unavailable(error.to_string()))??;
        Ok(SourceAnswer { freshness: if is_stale { Freshness::Stale } else { Freshness::Current }, ..answer })
    }

    /// Screens parties related to the company against every list, and returns the evidence.
    ///
    /// # Errors
    /// Returns [`SourceError`] if a list cannot be used, as [`search`](Self::search) does.
    pub(super) async fn screen_related(
        &self,
        parties: &[RelatedParty],
        language: Language,
    ) -> Result<Vec<EvidenceDraft>, SourceError> {
        let now = service_runtime::clock::now();
        let (lists, _) = self.in_use(now)?;
        let (parties, max_age) = (parties.to_vec(), self.max_age);
        let screen = move || related::screen(&lists, &parties, Age { now, max_age }, words(language));
        let screened = tokio::task::spawn_blocking(screen);
        screened.await.map_err(|error| SourceError::Unavailable(error.to_string()))
    }

    /// Returns the versions of all lists that are in use at `now`, and whether one of them is stale.
    fn in_use(&self, now: UtcTime) -> Result<(Vec<Arc<LoadedList>>, bool), SourceError> {
        let mut lists = Vec::with_capacity(self.configured.len());
        let mut is_stale = false;
        for list in self.configured.iter() {
            let location = &list.location;
            let loaded = list
                .loaded()
                .ok_or_else(|| SourceError::Unavailable(format!("the list at {location} is not loaded")))?;
            if list.load_failed() && now.since(loaded.loaded_at) > UNRENEWED_MAX {
                let why = format!("the list at {location} could not be renewed for too long");
                return Err(SourceError::Unavailable(why));
            }
            is_stale |= list.load_failed() || loaded.recency(now, self.max_age) != Recency::Current;
            lists.push(loaded);
        }
        Ok((lists, is_stale))
    }
}

/// Returns whether a list lost more than [`SHRINK_MAX`] of its entries or names.
fn shrank(now: usize, before: usize) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "lists are small")]
    let (now, before) = (now as f64, before as f64);
    now < before * (1.0 - SHRINK_MAX)
}

impl ConfiguredList {
    fn load_failed(&self) -> bool {
        self.load_failed.load(Ordering::Relaxed)
    }

    fn loaded(&self) -> Option<Arc<LoadedList>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Screens the company against `lists`.
fn screen(lists: &[Arc<LoadedList>], request: &ReportRequest, age: Age) -> Result<SourceAnswer, SourceError> {
    if !names::has_tokens(&request.company_name) {
        return Err(SourceError::Refused("the name holds no word that can be compared".to_owned()));
    }
    let (mut scored, words) = (Vec::new(), words(request.language));
    for list in lists {
        let country = Some(request.country.code());
        let number = request.corporate_number.as_deref();
        let hits =
            list.organizations.search_with(&request.company_name, country, number, RESEMBLANCE_THRESHOLD);
        for hit in hits.iter().take(MATCHES_MAX) {
            scored.push((hit.score, evidence::of_match(list, &Match::of(hit), age, words)));
        }
        if !hits.iter().any(Hit::is_match) {
            scored.push((0.0, evidence::of_no_match(list, request, age, words)));
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The answer is only as current as the oldest list. With an undated list its age is not known.
    let dates: Option<Vec<_>> = lists.iter().map(|list| list.published_at).collect();
    let as_of = dates.and_then(|dates| dates.into_iter().min());
    let evidence = scored.into_iter().map(|(_, draft)| draft).collect();
    let versions = lists.iter().map(|list| evidence::version(list, age, words)).collect();
    Ok(SourceAnswer { as_of, evidence, freshness: Freshness::Current, versions, related: Vec::new() })
}
