//! The caller of a request, and its entries in the audit log.

use std::fmt;

use domain::{
    access::{KeyId, Scopes},
    identity::Tenant,
    time::UtcTime,
};
use telemetry::audit;

/// The identity behind a request, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The holder of this API key.
    Key(KeyId),
    /// The subject of a token, as a hash of issuer and subject, because the subject itself may be a person's
    /// name.
    Subject(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Subject(hash) => write!(f, "subject:{hash}"),
        }
    }
}

/// The authenticated caller of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose reports the caller may see.
    pub tenant: Tenant,
    /// The identity of the caller.
    pub actor: Actor,
    /// The scopes of the caller.
    pub scopes: Scopes,
    /// When the key or token expires; `None` for a key that does not expire.
    pub active_until: Option<UtcTime>,
}

impl Caller {
    /// Records in the audit log that the caller performed `action` on `subject`.
    pub(crate) fn audit(&self, action: &'static str, subject: &dyn fmt::Display) {
        audit::record(&audit::Event { action, subject, tenant: &self.tenant, actor: &self.actor });
    }
}
