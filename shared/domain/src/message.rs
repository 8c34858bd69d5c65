//! The message of the report queue: a versioned envelope without personal data.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::identity::{ReportId, Tenant};

/// A request to process a report. Unknown members are ignored: they may be added within a version of the
/// message, and an old worker must not move such messages to the dead-letter queue during a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportMessage {
    v: u32,
    /// The tenant of the report.
    pub tenant: Tenant,
    /// The id of the report.
    pub report_id: ReportId,
}

/// Why the body of a message cannot be read.
#[derive(Debug, Error)]
pub enum UnreadableMessage {
    /// It is not a message of this queue.
    #[error("the body is not a report message: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has a version that this worker does not know.
    #[error("the body has version {found}, this worker reads version {}", ReportMessage::VERSION)]
    UnknownVersion {
        /// The version of the body.
        found: u32,
    },
}

impl UnreadableMessage {
    /// Returns whether a worker of a later version can read the message.
    pub fn is_of_later_version(&self) -> bool {
        matches!(self, Self::UnknownVersion { found } if *found > ReportMessage::VERSION)
    }
}

impl ReportMessage {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;

    /// Returns a message of the current version.
    pub fn new(tenant: Tenant, report_id: ReportId) -> Self {
        Self { v: Self::VERSION, tenant, report_id }
    }

    /// Returns the body of the message: one JSON object.
    pub fn to_body(&self) -> String {
        let Self { v, tenant, report_id } = self;
        serde_json::json!({"v": v, "tenant": tenant, "reportId": report_id}).to_string()
    }

    /// Parses the body of a message.
    ///
    /// # Errors
    /// Returns [`UnreadableMessage`] if the body is malformed or has another version. Retrying does not help,
    /// except that a worker of another version may read the message.
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
    fn the_recorded_message_of_version_1_round_trips() {
        let message = ReportMessage::from_body(BODY).unwrap();
        assert_eq!(message.to_body(), BODY);
        let with_more = BODY.replace("\"v\":1", "\"v\":1,\"later\":{}");
        assert_eq!(ReportMessage::from_body(&with_more).unwrap(), message);
    }

    #[test]
    fn other_versions_and_malformed_bodies_are_distinguished() {
        for (version, is_later) in [(2, true), (0, false)] {
            let body = BODY.replace("\"v\":1", &format!("\"v\":{version},\"more\":true"));
            let error = ReportMessage::from_body(&body).unwrap_err();
            assert!(matches!(error, UnreadableMessage::UnknownVersion { found } if found == version));
            assert_eq!(error.is_of_later_version(), is_later);
        }
        for malformed in ["", "{}", "[]", "null", r#"{"v":1}"#, r#"{"v":1,"tenant":"../x","reportId":"1"}"#] {
            assert!(
                ReportMessage::from_body(malformed).is_err_and(|error| !error.is_of_later_version()),
                "{malformed}"
            );
        }
    }
}
