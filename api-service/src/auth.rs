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

/// Why a text is no list of keys: every entry that is wrong.
#[derive(Debug, Error)]
#[error("{}", .0.join("; "))]
pub struct InvalidKeys(Vec<String>);

impl FromStr for Keys {
    type Err = InvalidKeys;

    fn from_str(text: &str) -> Result<Self, InvalidKeys> {
        let (mut keys, mut wrong) = (Vec::new(), Vec::new());
        for (index, entry) in text.split(',').enumerate() {
            match read_entry(entry.trim()) {
                Ok(key) => keys.push(key),
                Err(why) => wrong.push(format!("entry {} {why}", index + 1)),
            }
        }
        if wrong.is_empty() { Ok(Self(keys)) } else { Err(InvalidKeys(wrong)) }
    }
}

/// Why not never repeats the entry: it may hold a key by mistake.
fn read_entry(entry: &str) -> Result<(Tenant, [u8; 32]), &'static str> {
    let (tenant, hash) = entry.split_once(':').ok_or("is not of the form tenant:hash")?;
    let tenant = tenant.parse().map_err(|_| "begins with no tenant: use 1 to 64 of a-z, 0-9, - and _")?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(hash, &mut bytes).map_err(
        |_| "has a hash that is not 64 hexadecimal digits; make it with: printf %s KEY | sha256sum",
    )?;
    Ok((tenant, bytes))
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
    fn a_bad_list_names_every_bad_entry_and_repeats_none() {
        let error = "acme, a:00, A B:1".parse::<Keys>().unwrap_err().to_string();
        for entry in ["entry 1 is", "entry 2 has", "entry 3 begins"] {
            assert!(error.contains(entry), "{error}");
        }
        assert!(!error.contains("acme"));
    }
}
