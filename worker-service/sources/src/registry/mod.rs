//! The source of company registers: what they state about the company, and where they contradict the request.

mod companies_house;
mod gleif;
mod notations;
mod number;
mod settings;
mod signals;
#[cfg(feature = "stand-in")]
mod stand_in;

use std::sync::Arc;

use domain::{
    evidence::{EvidenceDraft, SourceName},
    request::ReportRequest,
    time::UtcTime,
};
use futures::future::BoxFuture;

use self::{companies_house::CompaniesHouse, gleif::Gleif, settings::RegistrySettings};
use crate::{
    definition::{BuildContext, SourceDefinition, SourceSettings, SourcesError},
    error::SourceError,
    source::{Freshness, Source, SourceAnswer},
    texts::{Texts, words},
};

/// The definition of the source `registry`.
pub(crate) static DEFINITION: SourceDefinition = SourceDefinition {
    name: SourceName::from_static("registry"),
    settings: settings::SETTINGS,
    read: |reader| RegistrySettings::read(reader).map(|settings| Arc::new(settings) as _),
    rules: include_str!("rules.toml"),
    words: &[("en", include_str!("words.en.toml")), ("ja", include_str!("words.ja.toml"))],
    #[cfg(feature = "stand-in")]
    stand_in: Some(stand_in::stand_in),
};

impl SourceSettings for RegistrySettings {
    fn is_configured(&self) -> bool {
        self.gleif_url.is_some() || self.companies_house_key.is_some()
    }

    fn build(&self, context: &BuildContext<'_>) -> Result<Box<dyn Source>, SourcesError> {
        Ok(Box::new(Registry {
            gleif: Gleif::new(context.http, self),
            companies_house: CompaniesHouse::new(context.http, self),
        }))
    }
}

/// The configured registers. Only those that can know the company are queried.
#[derive(Debug)]
struct Registry {
    gleif: Option<Gleif>,
    companies_house: Option<CompaniesHouse>,
}

impl Registry {
    /// Queries the registers. If only some of them answer, the evidence says so.
    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let asked_at = service_runtime::clock::now();
        let gleif = async {
            match &self.gleif {
                Some(gleif) => Some(gleif.search(request).await),
                None => None,
            }
        };
        let companies_house = async {
            let register = self.companies_house.as_ref().filter(|_| CompaniesHouse::covers(request))?;
            Some(register.search(request).await)
        };
        let (gleif, companies_house) = tokio::join!(gleif, companies_house);
        let mut evidence = Vec::new();
        let mut related = Vec::new();
        let mut last_error = None;
        let mut as_of = None;
        let texts = Texts::new(words(request.language), "registry");
        for (register, unanswered, answer) in [
            ("LEI register", "lei_unanswered", gleif),
            ("Companies House", "companies_house_unanswered", companies_house),
        ] {
            match answer {
                Some(Ok(found)) => {
                    // The answer is as current as the oldest register.
                    let published = found.published_at.unwrap_or(asked_at).min(asked_at);
                    as_of = Some(as_of.map_or(published, |oldest: UtcTime| oldest.min(published)));
                    evidence.extend(found.evidence);
                    related.extend(found.related);
                }
                Some(Err(error)) => {
                    tracing::warn!(register, error = %error, "register gave no answer");
                    evidence.push(EvidenceDraft::gap(texts.text("unanswered_title"), texts.text(unanswered)));
                    last_error = Some(error);
                }
                None => {}
            }
        }
        let answered = as_of.is_some();
        let freshness = if last_error.is_some() { Freshness::Partial } else { Freshness::Current };
        match last_error {
            Some(error) if !answered => Err(error),
            // `NotAsked` records the source as skipped. If the source is mandatory, the level is then
            // UNDETERMINED.
            None if !answered => {
                Err(SourceError::NotAsked("no register that is configured knows such companies"))
            }
            _ => Ok(SourceAnswer { as_of, evidence, freshness, versions: Vec::new(), related }),
        }
    }
}

impl Source for Registry {
    fn query<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }
}
