//! The lists that companies are screened against: loaded at the start and again on a schedule. A list
//! that cannot be read, or that lost many of its bodies, does not replace the one before it.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_config::SdkConfig;
use domain::{request::ReportRequest, time::UtcTime};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    finding,
    load::{Fetched, Fetcher, LoadError, Location},
};
use crate::{
    evidence::{Freshness, SourceAnswer, SourceError},
    guard::Guard,
    settings::SourceSettings,
};
use screening::{MATCH_THRESHOLD, Screen, names};

/// A list may lose this share of its bodies between two loads; more is more likely a broken file.
const SHRINK_MAX: f64 = 0.2;
/// How old a list may be that cannot be renewed: older ones clear nobody.
const AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How soon lists are tried again of which one could not be loaded.
const RETRY: Duration = Duration::from_secs(60);
/// Bodies that are shown of a list.
const HITS_MAX: usize = 10;
/// Bodies under [`MATCH_THRESHOLD`] from this score on are shown as resemblances.
const RESEMBLES_FROM: f32 = 0.70;

/// A loaded list.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) name: String,
    /// The date that it says of itself.
    pub(super) published: Option<String>,
    pub(super) loaded_at: UtcTime,
    pub(super) screen: Screen,
    /// SHA-256 of the main file, in hexadecimal.
    pub(super) sha256: String,
    /// All names of all bodies, counted.
    names: usize,
}

#[derive(Debug)]
struct Slot {
    location: Location,
    loaded: RwLock<Option<Arc<Loaded>>>,
    /// The last try to load it again failed.
    stale: AtomicBool,
}

/// The lists.
#[derive(Clone, Debug)]
pub struct Lists {
    slots: Arc<[Slot]>,
    fetcher: Arc<Fetcher>,
    every: Duration,
}

impl Lists {
    /// The lists that `settings` name, not loaded yet.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub(super) fn new(settings: &SourceSettings, sdk: &SdkConfig) -> Result<Self, reqwest::Error> {
        let slot = |location: &Location| Slot {
            location: location.clone(),
            loaded: RwLock::default(),
            stale: AtomicBool::new(false),
        };
        let guard = Guard::new(settings.private_hosts.clone(), "DOSSIER_PRIVATE_SOURCES");
        Ok(Self {
            slots: settings.lists.iter().map(slot).collect(),
            fetcher: Arc::new(Fetcher::new(guard, sdk)?),
            every: settings.lists_refresh,
        })
    }

    /// Loads every list again; whether all could be.
    pub async fn refresh(&self) -> bool {
        let loads = self.slots.iter().map(|slot| self.load(slot));
        futures::future::join_all(loads).await.into_iter().all(|loaded| loaded)
    }

    /// How many bodies each list has that is in use; none for one that was never loaded.
    pub fn bodies(&self) -> Vec<Option<usize>> {
        self.slots.iter().map(|slot| slot.loaded().map(|loaded| loaded.screen.len())).collect()
    }

    async fn load(&self, slot: &Slot) -> bool {
        let before = slot.loaded();
        let outcome = self.fetch(&slot.location, before.as_deref()).await;
        slot.stale.store(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Ok(loaded) => {
                tracing::info!(
                    list = %loaded.name,
                    location = %slot.location,
                    bodies = loaded.screen.len(),
                    published = loaded.published.as_deref().unwrap_or("undated"),
                    "a list of sanctions was loaded"
                );
                *slot.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
                true
            }
            Err(error) => {
                tracing::error!(location = %slot.location, error = %error, kept = before.is_some(), "a list of sanctions could not be loaded");
                false
            }
        }
    }

    async fn fetch(&self, location: &Location, before: Option<&Loaded>) -> Result<Loaded, LoadError> {
        let Fetched { list, sha256 } = self.fetcher.list(location).await?;
        let (bodies, had) = (list.entries.len(), before.map_or(0, |loaded| loaded.screen.len()));
        if bodies == 0 {
            return Err(LoadError::Empty);
        }
        let names = list.entries.iter().map(|entry| 1 + entry.aliases.len()).sum();
        let had_names = before.map_or(0, |loaded| loaded.names);
        // A file of other names that is missing costs no body.
        if shrank(bodies, had) || shrank(names, had_names) {
            return Err(LoadError::Shrunk { bodies, names, had, had_names });
        }
        let name = if list.name.is_empty() { location.file_name() } else { list.name };
        let entries = list.entries;
        let screen = tokio::task::spawn_blocking(move || Screen::new(entries));
        let screen = screen.await?;
        Ok(Loaded {
            name,
            published: list.published,
            loaded_at: service_runtime::clock::now(),
            screen,
            sha256,
            names,
        })
    }

    /// Loads the lists again and again until `stop`.
    pub async fn keep_fresh(self, stop: CancellationToken) {
        loop {
            let complete = self.slots.iter().all(|slot| slot.loaded().is_some() && !slot.is_stale());
            let wait = if complete { self.every } else { RETRY.min(self.every) };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
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
    /// [`SourceError`] while one of them was never loaded: nobody is cleared by half of the lists.
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
        let screened = tokio::task::spawn_blocking(move || screened(&lists, &request));
        let mut answer = screened.await.map_err(|error| SourceError::Unavailable(error.to_string()))??;
        if stale {
            let oldest = service_runtime::clock::now().since(answer.as_of);
            if oldest > AGE_MAX {
                return Err(SourceError::Unavailable("a list could not be renewed for too long".to_owned()));
            }
            answer.freshness = Freshness::Stale;
        }
        Ok(answer)
    }
}

fn shrank(now: usize, before: usize) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "lists are small")]
    let (now, before) = (now as f64, before as f64);
    now < before * (1.0 - SHRINK_MAX)
}

impl Slot {
    fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn screened(lists: &[Arc<Loaded>], request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
    if !names::has_tokens(&request.company_name) {
        return Err(SourceError::Refused("the name holds no word that can be compared".to_owned()));
    }
    let mut findings = Vec::new();
    for list in lists {
        let country = Some(request.country.code());
        let number = Some(request.corporate_number.as_str());
        let hits = list.screen.search_with(&request.company_name, country, number, RESEMBLES_FROM);
        for hit in hits.iter().take(HITS_MAX) {
            findings.push((hit.score, finding::hit(list, hit)));
        }
        if !hits.iter().any(|hit| hit.score >= MATCH_THRESHOLD) {
            findings.push((0.0, finding::clear(list, request)));
        }
    }
    findings.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The answer is as old as the oldest list.
    let as_of = lists.iter().map(|list| list.loaded_at).min().unwrap_or_else(service_runtime::clock::now);
    let findings = findings.into_iter().map(|(_, finding)| finding).collect();
    let versions = lists.iter().map(|list| finding::version(list)).collect();
    Ok(SourceAnswer { as_of, findings, freshness: Freshness::Whole, versions })
}
