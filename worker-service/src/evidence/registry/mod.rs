//! Company registers: what they say of the company, and where they disagree with what was asked.

mod companies_house;
mod gleif;
mod number;

use domain::{
    evidence::{EvidenceDraft, SourceName},
    request::ReportRequest,
};
use futures::future::BoxFuture;

use self::{companies_house::CompaniesHouse, gleif::Gleif};
use super::{Freshness, Source, SourceAnswer, SourceError, http::Http};
use crate::settings::SourceSettings;

/// The registers.
#[derive(Debug)]
pub struct Registry {
    gleif: Option<Gleif>,
    companies_house: Option<CompaniesHouse>,
}

impl Registry {
    /// What `settings` name; none when they name none.
    pub(super) fn new(http: &Http, settings: &SourceSettings) -> Option<Self> {
        let gleif = Gleif::new(http, settings);
        let companies_house = CompaniesHouse::new(http, settings);
        (gleif.is_some() || companies_house.is_some()).then_some(Self { gleif, companies_house })
    }

    /// Asks each register that can know the company. One that does not answer is on the record while
    /// another one does.
    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let as_of = service_runtime::clock::now();
        let gleif = async {
            match &self.gleif {
                Some(gleif) => Some(gleif.search(request).await),
                None => None,
            }
        };
        let companies_house = async {
            match self.companies_house.as_ref().filter(|_| CompaniesHouse::knows(request)) {
                Some(register) => Some(register.search(request).await),
                None => None,
            }
        };
        let (gleif, companies_house) = tokio::join!(gleif, companies_house);
        let mut findings = Vec::new();
        let mut failed = None;
        let mut answered = false;
        for (register, answer) in [("LEI register", gleif), ("Companies House", companies_house)] {
            match answer {
                Some(Ok(found)) => {
                    answered = true;
                    findings.extend(found);
                }
                Some(Err(error)) => {
                    tracing::warn!(register, error = %error, "a register gave no answer");
                    findings.push(silent(register));
                    failed = Some(error);
                }
                None => {}
            }
        }
        match failed {
            Some(error) if !answered => Err(error),
            // Without a register that was asked the source is skipped, which a mandatory one must not be.
            _ if !answered => {
                Err(SourceError::NotAsked("no register that is configured knows such companies"))
            }
            Some(_) => {
                Ok(SourceAnswer { as_of, findings, freshness: Freshness::Partial, versions: Vec::new() })
            }
            None => Ok(SourceAnswer { as_of, findings, freshness: Freshness::Whole, versions: Vec::new() }),
        }
    }
}

fn silent(register: &str) -> EvidenceDraft {
    plain("A register gave no answer", format!("The {register} was asked and gave no answer."))
}

fn plain(title: &str, text: String) -> EvidenceDraft {
    EvidenceDraft { title: title.to_owned(), text, url: None, published_at: None, signals: Vec::new() }
}

impl Source for Registry {
    fn name(&self) -> SourceName {
        SourceName::Registry
    }

    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }
}
