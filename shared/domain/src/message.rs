//! What travels through the queue: an envelope with a version and no personal data.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::identity::{ReportId, Tenant};

/// Asks a worker to work on a report. Members that this version does not know are passed over: within a version of the message they may
/// be added, and a worker that is being replaced by the next version must not dead_letter them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportMessage {
    v: u32,
    /// Whose report.
    pub tenant: Tenant,
    /// Which report.
    pub report_id: ReportId,
}

/// Why a message's body cannot be worked on.
#[derive(Debug, Error)]
pub enum UnreadableMessage {
    /// It is no message of this queue.
    #[error("the body is not a report message: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It was written by a version of the API that this worker does not know.
    #[error("the body has version {found}, this worker reads version {}", ReportMessage::VERSION)]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
}

impl ReportMessage {
    /// The version written and read.
    pub const VERSION: u32 = 1;

    /// A message of the current version.
    pub fn new(tenant: Tenant, report_id: ReportId) -> Self {
        Self { v: Self::VERSION, tenant, report_id }
    }

    /// The message's body: one JSON object.
    pub fn to_body(&self) -> String {
        let Self { v, tenant, report_id } = self;
        serde_json::json!({"v": v, "tenant": tenant, "reportId": report_id}).to_string()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`UnreadableMessage`]: such a message will never be readable, so repeating it is no use.
    pub fn from_body(body: &str) -> Result<Self, UnreadableMessage> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let Version { v: found } = serde_json::from_str(body)?;
        if found != Self::VERSION {
            return Err(UnreadableMessage::UnknownVersion { found });
        }
        Ok(serde_json::from_str(body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"reportId":"01890a5d-ac96-774b-bcce-b302099a8057","tenant":"acme","v":1}"#;

    #[test]
    fn the_recorded_message_of_version_1_is_read_and_written() {
        let message = ReportMessage::from_body(BODY).unwrap();
        assert_eq!(message.to_body(), BODY);
        let with_more = BODY.replace("\"v\":1", "\"v\":1,\"later\":{}");
        assert_eq!(ReportMessage::from_body(&with_more).unwrap(), message);
    }

    #[test]
    fn other_versions_and_strange_bodies_are_told_apart() {
        let newer = BODY.replace("\"v\":1", "\"v\":2,\"more\":true");
        assert!(matches!(
            ReportMessage::from_body(&newer),
            Err(UnreadableMessage::UnknownVersion { found: 2 })
        ));
        for strange in ["", "{}", "[]", "null", r#"{"v":1}"#, r#"{"v":1,"tenant":"../x","reportId":"1"}"#] {
            assert!(
                matches!(ReportMessage::from_body(strange), Err(UnreadableMessage::Malformed(_))),
                "{strange}"
            );
        }
    }
}
