//! An example of a complete source: a register of companies that are excluded from public procurement.

mod client;
mod settings;
pub(crate) mod stand_in;

use std::sync::Arc;

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind, SourceName},
    request::ReportRequest,
};
use futures::future::BoxFuture;
use sources::{
    BuildContext, Freshness, Source, SourceAnswer, SourceDefinition, SourceError, SourceSettings,
    SourcesError,
};

use self::{
    client::{Client, Exclusion},
    settings::ProcurementSettings,
};

/// The definition of the source `procurement`.
pub(crate) static DEFINITION: SourceDefinition = SourceDefinition {
    name: SourceName::from_static("procurement"),
    settings: settings::SETTINGS,
    read: |reader| Some(Arc::new(ProcurementSettings::read(reader))),
    rules: include_str!("rules.toml"),
    words: &[("en", include_str!("words.en.toml")), ("ja", include_str!("words.ja.toml"))],
    stand_in: Some(stand_in::stand_in),
};

/// The kind of signal for an exclusion that is in force.
const EXCLUSION: SignalKind = SignalKind::from_static("procurement_exclusion");

impl SourceSettings for ProcurementSettings {
    fn is_configured(&self) -> bool {
        self.url.is_some()
    }

    fn build(&self, context: &BuildContext<'_>) -> Result<Box<dyn Source>, SourcesError> {
        Ok(Box::new(Procurement { client: Client::new(context.http, self) }))
    }
}

/// The source: the client of the register.
#[derive(Debug)]
struct Procurement {
    client: Client,
}

impl Procurement {
    async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let register = self.client.exclusions(request).await?;
        let mut evidence: Vec<EvidenceDraft> = register.exclusions.iter().map(excluded).collect();
        if evidence.is_empty() {
            let name = &request.company_name;
            evidence.push(EvidenceDraft::note(
                "No exclusion",
                format!("The register of exclusions from procurement has no entry for \"{name}\"."),
            ));
        }
        let versions = vec![format!("register of exclusions {}", register.version)];
        Ok(SourceAnswer {
            as_of: Some(service_runtime::clock::now()),
            evidence,
            freshness: Freshness::Current,
            versions,
            related: Vec::new(),
        })
    }
}

fn excluded(exclusion: &Exclusion) -> EvidenceDraft {
    let Exclusion { name, reason, until } = exclusion;
    EvidenceDraft {
        signals: vec![Signal { kind: EXCLUSION, strength: 90 }],
        ..EvidenceDraft::note(
            format!("Excluded from procurement: {name}"),
            format!("The register excludes {name} until {until}. Reason: {reason}."),
        )
    }
}

impl Source for Procurement {
    fn query<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(self.search(request))
    }
}
