//! Who may do what: scopes, and the API keys that carry them.

use std::{collections::BTreeSet, fmt, str::FromStr};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{identity::Tenant, time::UtcTime};

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Ask for reports, cancel and resubmit them.
    #[serde(rename = "reports:write")]
    ReportsWrite,
    /// Read reports and their files.
    #[serde(rename = "reports:read")]
    ReportsRead,
    /// Read what reports used and cost.
    #[serde(rename = "usage:read")]
    UsageRead,
    /// Everything, the secrets of call-backs included.
    #[serde(rename = "admin")]
    Admin,
}

/// Why a text is no scope.
#[derive(Debug, Error)]
#[error("'{0}' is no scope: use reports:write, reports:read, usage:read or admin")]
pub struct UnknownScope(String);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::ReportsWrite, Self::ReportsRead, Self::UsageRead, Self::Admin];

    /// Its name in keys, tokens and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReportsWrite => "reports:write",
            Self::ReportsRead => "reports:read",
            Self::UsageRead => "usage:read",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let named = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        named.ok_or_else(|| UnknownScope(text.chars().take(40).collect()))
    }
}

/// The scopes of one caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Whether they allow what `scope` stands for.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

/// The public part of an API key, by which it is found, listed and revoked: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

/// Why a text is no id of a key.
#[derive(Debug, Error)]
#[error("is no id of a key: it is the 16 hexadecimal digits after dossier_")]
pub struct InvalidKeyId;

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let is_id = text.len() == ID_DIGITS && text.bytes().all(is_lower_hex);
        if is_id { Ok(Self(text.to_owned())) } else { Err(InvalidKeyId) }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const PREFIX: &str = "dossier_";
const ID_DIGITS: usize = 16;
const SECRET_DIGITS: usize = 64;
const CHECK_DIGITS: usize = 8;

/// An API key: `dossier_`, its id, `_`, 256 random bits and a check sum, so that a mistyped key, or a text that is none, is
/// told without a look at the table, and scanners of leaked secrets know one when they see it.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The public part.
    pub id: KeyId,
    text: SecretString,
}

impl ApiKey {
    /// A new key from 8 and 32 random bytes.
    pub fn new(id: [u8; 8], secret: [u8; 32]) -> Self {
        let id = hex::encode(id);
        let body = format!("{PREFIX}{id}_{}", hex::encode(secret));
        let text = format!("{body}{}", check_sum(&body)).into();
        Self { id: KeyId(id), text }
    }

    /// The key in `text`; none when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (body, check) = text.split_at_checked(text.len().checked_sub(CHECK_DIGITS)?)?;
        let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
        let well_formed = secret.len() == SECRET_DIGITS && secret.bytes().all(is_lower_hex);
        (well_formed && check_sum(body) == check)
            .then(|| Some(Self { id: id.parse().ok()?, text: text.into() }))
            .flatten()
    }

    /// The whole key, to be shown once.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// What is stored of it. One round of SHA-256 is enough: nobody guesses 256 random bits.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.expose_secret()).into()
    }
}

fn check_sum(body: &str) -> String {
    hex::encode(&Sha256::digest(body)[..CHECK_DIGITS / 2])
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// What is known of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The public part.
    pub id: KeyId,
    /// Whose key it is.
    pub tenant: Tenant,
    /// What it allows.
    pub scopes: Scopes,
    /// What people call it.
    pub label: Option<String>,
    /// [`ApiKey::hash`] of it.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: UtcTime,
    /// Until when it is good; for ever without.
    pub expires_at: Option<UtcTime>,
    /// When it was revoked.
    pub revoked_at: Option<UtcTime>,
}

impl KeyRecord {
    /// Whether the key is good at `now`.
    pub fn is_active(&self, now: UtcTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_one_wrong_letter_is_noticed() {
        let key = ApiKey::new([7; 8], [9; 32]);
        let text = key.text().expose_secret().to_owned();
        assert!(!format!("{key:?}").contains(&text));
        let read = ApiKey::parse(&text).unwrap();
        assert_eq!((&read.id, read.hash()), (&key.id, key.hash()));
        for index in 0..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[index] = if wrong[index] == b'0' { b'1' } else { b'0' };
            assert!(ApiKey::parse(std::str::from_utf8(&wrong).unwrap()).is_none(), "{index}");
        }
        for none in ["", "dossier_", "ä", &text[1..], &format!("{text}0"), &text.to_uppercase()] {
            assert!(ApiKey::parse(none).is_none(), "{none}");
        }
    }

    #[test]
    fn admin_allows_everything_and_nothing_else_does() {
        let scopes = |scopes: &[Scope]| scopes.iter().copied().collect::<Scopes>();
        assert!(Scope::ALL.iter().all(|scope| scopes(&[Scope::Admin]).allow(*scope)));
        let reads = scopes(&[Scope::ReportsRead]);
        assert!(reads.allow(Scope::ReportsRead));
        assert!(!reads.allow(Scope::ReportsWrite) && !reads.allow(Scope::Admin));
        assert!(Scope::ALL.iter().all(|scope| scope.as_str().parse::<Scope>().unwrap() == *scope));
        assert!("reports".parse::<Scope>().is_err());
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked() {
        let at = UtcTime::from_epoch_millis;
        let mut record = KeyRecord {
            id: "0123456789abcdef".parse().unwrap(),
            tenant: "dev".parse().unwrap(),
            scopes: Scopes::default(),
            label: None,
            hash: [0; 32],
            created_at: at(0),
            expires_at: Some(at(10)),
            revoked_at: None,
        };
        assert!(record.is_active(at(9)) && !record.is_active(at(10)));
        record.expires_at = None;
        assert!(record.is_active(at(i64::MAX)));
        record.revoked_at = Some(at(5));
        assert!(!record.is_active(at(6)));
    }
}
