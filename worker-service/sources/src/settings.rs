//! The settings of all sources. Each source reads its own, and this module adds those that they share.

use std::{sync::Arc, time::Duration};

use domain::evidence::SourceName;
use service_runtime::{
    config::{Presence, Reader, Setting, concatenate, parts},
    settings,
};

use crate::{
    definition::{SourceDefinition, SourceSettings},
    registered::REGISTERED,
};

settings! {
    /// The settings that the sources share.
    SHARED_SETTINGS:
    SOURCE_SECONDS = "DOSSIER_SOURCE_SECONDS", Presence::Default("10"), "time limit of one answer of a source, in seconds, 1 to 120";
    SOURCE_KEEP = "DOSSIER_SOURCE_KEEP_SECONDS", Presence::Default("86400"),
        "maximum age, in seconds, of an earlier answer that is used, as stale, when a source does not answer, 0 to 2592000";
    EVIDENCE_MAX_AGE = "DOSSIER_EVIDENCE_MAX_AGE_SECONDS", Presence::Default("86400"),
        "maximum age, in seconds, of the evidence in a report, 1 to 2592000: a later attempt or a resubmission uses stored evidence up to this age and gathers older evidence again; a lower value also limits DOSSIER_SOURCE_KEEP_SECONDS";
    PRIVATE_SOURCES = "DOSSIER_PRIVATE_SOURCES", Presence::Optional,
        "hosts of sources that may be in the private network, separated by commas; all others are refused there, redirects included";
    MANDATORY = "DOSSIER_MANDATORY_SOURCES", Presence::Default("sanctions"),
        "sources without whose answer no report is LOW, separated by commas, such as sanctions,registry; none requires no source";
}

/// The shared settings and those of each source, in the order of the documentation.
const LISTS: [&[Setting]; REGISTERED.len() + 1] = {
    let mut lists: [&[Setting]; REGISTERED.len() + 1] = [SHARED_SETTINGS; REGISTERED.len() + 1];
    // Iterators cannot be used in constants.
    let mut at = 0;
    while at < REGISTERED.len() {
        lists[at] = REGISTERED[at].settings;
        at += 1;
    }
    lists
};

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < LISTS.len() {
        count += LISTS[at].len();
        at += 1;
    }
    count
};

/// Every setting of the registered sources, and those that they share.
pub const SETTINGS: &[Setting] = &concatenate::<COUNT>(&LISTS);

/// The settings of the sources, as read from the environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The settings of each source, in the order in which evidence is numbered.
    pub sources: Vec<(SourceName, Arc<dyn SourceSettings>)>,
    /// Time limit of one answer of a source.
    pub timeout: Duration,
    /// Maximum age of an earlier answer that is used when a source does not answer.
    pub cache_max_age: Duration,
    /// Maximum age of the evidence in a report.
    pub evidence_max_age: Duration,
    /// Hosts that may be in the private network.
    pub private_hosts: Vec<String>,
    /// Sources without whose answer no report is LOW.
    pub mandatory: Vec<SourceName>,
}

impl Settings {
    /// Reads the settings of the registered sources. Returns `None` if the reader noted an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Self::read_for(REGISTERED, reader)
    }

    /// Reads the settings of `definitions`. Returns `None` if the reader noted an error.
    pub fn read_for(definitions: &[&SourceDefinition], reader: &mut Reader<'_>) -> Option<Self> {
        let sources: Vec<_> = definitions
            .iter()
            .map(|definition| (definition.read)(reader).map(|settings| (definition.name.clone(), settings)))
            .collect();
        let timeout = reader.seconds(&SOURCE_SECONDS, 1, 120);
        let cache_max_age = reader.seconds(&SOURCE_KEEP, 0, 2_592_000);
        let evidence_max_age = reader.seconds(&EVIDENCE_MAX_AGE, 1, 2_592_000);
        let private_hosts = reader.text(&PRIVATE_SOURCES).unwrap_or_default();
        let mandatory = reader.text(&MANDATORY).unwrap_or_default();
        let mandatory = if mandatory == "none" { "" } else { &mandatory };
        let mandatory = parts(mandatory, ',').map(|name| find(definitions, name)).collect();
        let mandatory: Option<Vec<SourceName>> = reader.convert(&MANDATORY, mandatory);
        let settings = Self {
            sources: sources.into_iter().collect::<Option<_>>()?,
            timeout: timeout?,
            cache_max_age: cache_max_age?,
            evidence_max_age: evidence_max_age?,
            private_hosts: parts(&private_hosts, ',').map(str::to_owned).collect(),
            mandatory: mandatory?,
        };
        for name in settings.mandatory.iter().filter(|name| !settings.is_configured(name)) {
            reader.fail(
                &MANDATORY,
                format_args!("names {name}, which is not configured: every report would be UNDETERMINED"),
            );
        }
        Some(settings)
    }

    /// Returns whether the source `name` has anything that it can query.
    fn is_configured(&self, name: &SourceName) -> bool {
        self.sources.iter().any(|(source, settings)| source == name && settings.is_configured())
    }
}

/// Finds a source by its name. The message does not repeat the name: values of settings may be secret.
fn find(definitions: &[&SourceDefinition], name: &str) -> Result<SourceName, String> {
    let found = definitions.iter().map(|definition| &definition.name).find(|source| source.as_str() == name);
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
        format!("it names a source that does not exist; use {}, or none", known.join(", "))
    })
}
