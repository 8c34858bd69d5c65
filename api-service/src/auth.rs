//! Who is calling: an API key as bearer token (RFC 6750) stands for a tenant.

use std::{str::FromStr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
};
use sha2::{Digest, Sha256};
use shared::domain::identity::Tenant;
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{application::App, problem::Problem};

/// The caller of a request: extracting it refuses everybody else with 401.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose reports the caller may see.
    pub tenant: Tenant,
}

/// The keys that are known, by their hashes: the keys themselves are nowhere.
#[derive(Clone, Debug)]
pub struct Keys(Vec<(Tenant, [u8; 32])>);

/// Why a text is no list of keys.
#[derive(Debug, Error)]
pub enum InvalidKeys {
    /// An entry is not tenant:hash.
    #[error("entry {0} is not of the form tenant:hash")]
    Form(usize),
    /// A tenant cannot be one.
    #[error("entry {0}: {1}")]
    Tenant(usize, shared::domain::identity::InvalidTenant),
    /// A hash is none.
    #[error("entry {0}: the hash is not 64 hexadecimal digits; make it with: printf %s KEY | sha256sum")]
    Hash(usize),
}

impl FromStr for Keys {
    type Err = InvalidKeys;

    fn from_str(text: &str) -> Result<Self, InvalidKeys> {
        let entries = text.split(',').enumerate().map(|(index, entry)| {
            let number = index + 1;
            let (tenant, hash) = entry.trim().split_once(':').ok_or(InvalidKeys::Form(number))?;
            let tenant = tenant.parse().map_err(|error| InvalidKeys::Tenant(number, error))?;
            let mut bytes = [0; 32];
            hex::decode_to_slice(hash, &mut bytes).map_err(|_| InvalidKeys::Hash(number))?;
            Ok((tenant, bytes))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }
}

impl Keys {
    /// The tenant whose key this is. Takes the same time whichever key is right, or none.
    fn tenant(&self, key: &str) -> Option<&Tenant> {
        let hash: [u8; 32] = Sha256::digest(key).into();
        let mut found = None;
        for (tenant, known) in &self.0 {
            if bool::from(known.ct_eq(&hash)) {
                found = Some(tenant);
            }
        }
        found
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let header =
            parts.headers.get(AUTHORIZATION).ok_or_else(|| Problem::unauthenticated("no key was sent"))?;
        let key = header.to_str().ok().and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let key = key.ok_or_else(|| {
            Problem::unauthenticated("the Authorization header is not of the form: Bearer KEY")
        })?;
        match app.keys.tenant(key) {
            Some(tenant) => Ok(Self { tenant: tenant.clone() }),
            None => Err(Problem::unauthenticated("the key is not known")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_its_tenant_and_no_other() {
        let hash = |key: &str| hex::encode(Sha256::digest(key));
        let keys: Keys = format!("acme:{}, dev:{}", hash("a"), hash("d")).parse().unwrap();
        assert_eq!(keys.tenant("a").unwrap().as_str(), "acme");
        assert_eq!(keys.tenant("d").unwrap().as_str(), "dev");
        assert!(keys.tenant("").is_none() && keys.tenant(&hash("a")).is_none());
    }

    #[test]
    fn a_bad_list_names_the_entry_and_never_the_hash() {
        for (bad, what) in [("acme", "entry 1"), ("a:00", "entry 1"), ("A B:1", "entry 1")] {
            let error = bad.parse::<Keys>().unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
