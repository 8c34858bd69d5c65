//! The lists that companies are screened against: loaded when a worker starts, and again on a schedule. A list that cannot be
//! read, or that lost many of its entries, does not replace the one before it.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::request::ReportRequest;
use screening::{MATCH_THRESHOLD, Screen, names::Name};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    evidence,
    list::LoadedList,
    load::{Fetched, Fetcher, LoadError},
    location::Location,
    settings::SanctionsSettings,
};
use crate::{
    definition::BuildContext,
    error::SourceError,
    source::{Freshness, SourceAnswer},
};

/// Maximum share of its entries that a list may lose between two loads. A greater loss is more likely a broken file.
const SHRINK_MAX: f64 = 0.2;
/// Maximum age of a list that cannot be renewed. An older one clears nobody.
const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Delay before the lists are loaded again if one of them could not be loaded.
const RETRY: Duration = Duration::from_secs(60);
/// Maximum number of entries of one list that are evidence.
const MATCHES_MAX: usize = 10;
/// Minimum score of an entry that is shown as a resemblance although it is under [`MATCH_THRESHOLD`].
const RESEMBLANCE_THRESHOLD: f32 = 0.70;

/// One list: its location, and the version of it that is in use.
#[derive(Debug)]
struct Slot {
    location: Location,
    loaded: RwLock<Option<Arc<LoadedList>>>,
    /// Whether the last attempt to load it failed.
    stale: AtomicBool,
}

/// The lists, each with the version of it that is in use.
#[derive(Clone, Debug)]
pub struct Lists {
    slots: Arc<[Slot]>,
    fetcher: Arc<Fetcher>,
    refresh_interval: Duration,
}

impl Lists {
    /// Makes the lists that `settings` name. They are not loaded yet.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be built.
    pub fn new(settings: &SanctionsSettings, context: &BuildContext<'_>) -> Result<Self, reqwest::Error> {
        let slot = |location: &Location| Slot {
            location: location.clone(),
            loaded: RwLock::default(),
            stale: AtomicBool::new(false),
        };
        Ok(Self {
            slots: settings.lists.iter().map(slot).collect(),
            fetcher: Arc::new(Fetcher::new(context.guard.clone(), context.sdk)?),
            refresh_interval: settings.refresh_interval,
        })
    }

    /// Loads every list, and returns whether all of them were loaded.
    pub async fn refresh(&self) -> bool {
        let loads = self.slots.iter().map(|slot| self.load(slot));
        futures::future::join_all(loads).await.into_iter().all(|loaded| loaded)
    }

    /// Returns the number of entries of each list in use; `None` for a list that was never loaded.
    pub fn entries(&self) -> Vec<Option<usize>> {
        self.slots.iter().map(|slot| slot.loaded().map(|loaded| loaded.screen.len())).collect()
    }

    async fn load(&self, slot: &Slot) -> bool {
        let previous = slot.loaded();
        let outcome = self.fetch(&slot.location, previous.as_deref()).await;
        slot.stale.store(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Ok(loaded) => {
                tracing::info!(
                    list = %loaded.name,
                    location = %slot.location,
                    bodies = loaded.screen.len(),
                    published = loaded.published.as_deref().unwrap_or("undated"),
                    "list of sanctions loaded"
                );
                *slot.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
                true
            }
            Err(error) => {
                tracing::error!(
                    location = %slot.location,
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
        let Fetched { list, sha256 } = self.fetcher.list(location).await?;
        let (entries, previous_entries) = (list.entries.len(), previous.map_or(0, |list| list.screen.len()));
        if entries == 0 {
            return Err(LoadError::Empty);
        }
        let names = list.entries.iter().map(|entry| 1 + entry.aliases.len()).sum();
        let previous_names = previous.map_or(0, |list| list.names);
        // A missing file of other names costs names and no entry.
        if shrank(entries, previous_entries) || shrank(names, previous_names) {
            return Err(LoadError::Shrunk { entries, names, previous_entries, previous_names });
        }
        let name = if list.name.is_empty() { location.file_name() } else { list.name };
        let entries = list.entries;
        let screen = tokio::task::spawn_blocking(move || Screen::new(entries)).await?;
        Ok(LoadedList {
            name,
            published: list.published,
            loaded_at: service_runtime::clock::now(),
            screen,
            sha256,
            names,
        })
    }

    /// Loads the lists again on a schedule, until `stop`.
    pub(super) async fn keep_fresh(&self, stop: CancellationToken) {
        loop {
            let complete = self.slots.iter().all(|slot| slot.loaded().is_some() && !slot.is_stale());
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

    /// Screens the company against every list.
    ///
    /// # Errors
    /// Returns [`SourceError`] while one of them was never loaded: half of the lists clear nobody.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let mut lists = Vec::with_capacity(self.slots.len());
        for slot in self.slots.iter() {
            match slot.loaded() {
                Some(loaded) => lists.push(loaded),
                None => {
                    return Err(SourceError::Unavailable(format!(
                        "the list at {} is not loaded",
                        slot.location
                    )));
                }
            }
        }
        let stale = self.slots.iter().any(Slot::is_stale);
        let request = request.clone();
        let screened = tokio::task::spawn_blocking(move || screen(&lists, &request));
        let mut answer = screened.await.map_err(|error| SourceError::Unavailable(error.to_string()))??;
        if stale {
            let age = service_runtime::clock::now().since(answer.as_of);
            if age > AGE_MAX {
                return Err(SourceError::Unavailable("a list could not be renewed for too long".to_owned()));
            }
            answer.freshness = Freshness::Stale;
        }
        Ok(answer)
    }
}

/// Returns whether a list lost more than [`SHRINK_MAX`] of its entries or names.
fn shrank(now: usize, before: usize) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "lists are small")]
    let (now, before) = (now as f64, before as f64);
    now < before * (1.0 - SHRINK_MAX)
}

impl Slot {
    fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    fn loaded(&self) -> Option<Arc<LoadedList>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Screens the company against `lists`.
fn screen(lists: &[Arc<LoadedList>], request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
    if Name::read(&request.company_name).words.is_empty() {
        return Err(SourceError::Refused("the name holds no word that can be compared".to_owned()));
    }
    let mut scored = Vec::new();
    for list in lists {
        let country = Some(request.country.code());
        let number = Some(request.corporate_number.as_str());
        let hits = list.screen.search_with(&request.company_name, country, number, RESEMBLANCE_THRESHOLD);
        for hit in hits.iter().take(MATCHES_MAX) {
            scored.push((hit.score, evidence::of_match(list, hit)));
        }
        if !hits.iter().any(|hit| hit.score >= MATCH_THRESHOLD) {
            scored.push((0.0, evidence::of_no_match(list, request)));
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The answer is as old as the oldest list.
    let as_of = lists.iter().map(|list| list.loaded_at).min().unwrap_or_else(service_runtime::clock::now);
    let evidence = scored.into_iter().map(|(_, draft)| draft).collect();
    let versions = lists.iter().map(|list| evidence::version(list)).collect();
    Ok(SourceAnswer { as_of, evidence, freshness: Freshness::Current, versions })
}
