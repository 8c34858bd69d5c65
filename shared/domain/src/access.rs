//! Authorization: scopes, and the API keys that grant them.

use std::{collections::BTreeSet, fmt, str::FromStr};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{identity::Tenant, time::UtcTime};

/// Maximum number of characters of a key's label.
pub const LABEL_MAX: usize = 100;
/// Maximum lifetime of a key that expires, in days.
pub const LIFETIME_DAYS_MAX: u32 = 3_650;
/// Maximum time for which a replaced key stays active, in hours.
pub const OVERLAP_HOURS_MAX: u32 = 8_760;
/// The time for which a replaced key stays active if nobody chooses it, in hours.
pub const OVERLAP_HOURS: u32 = 24;

/// A permission of a caller.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Submit, cancel and resubmit reports.
    #[serde(rename = "reports:write")]
    ReportsWrite,
    /// Read reports and their files.
    #[serde(rename = "reports:read")]
    ReportsRead,
    /// Read usage and cost.
    #[serde(rename = "usage:read")]
    UsageRead,
    /// Everything, including keys and webhook secrets.
    #[serde(rename = "admin")]
    Admin,
}

/// The error of a text that is not a scope.
#[derive(Debug, Error)]
#[error("'{0}' is not a scope: use reports:write, reports:read, usage:read or admin")]
pub struct UnknownScope(String);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::ReportsWrite, Self::ReportsRead, Self::UsageRead, Self::Admin];

    /// Returns the name used in keys, tokens and the API.
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

/// The scopes of one caller. Reading them leaves out scopes that only a later version knows, since this version
/// has nothing that they permit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Returns whether the caller has the permission `scope`. `admin` includes every permission.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// Iterates over the scopes.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
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

/// The error of a text that is not a key id. The message is a predicate, to follow the name of the parameter.
#[derive(Debug, Error)]
#[error("is not a key id: send the 16 hexadecimal digits that follow dossier_ in the key")]
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

/// The error of a text that is not a label of a key.
#[derive(Debug, Error)]
#[error("a label has 1 to {LABEL_MAX} characters and no control or invisible characters")]
pub struct InvalidLabel;

/// Checks that `text` can be the label of a key.
///
/// # Errors
/// Returns [`InvalidLabel`] if it is empty or too long, or if it contains a character that people cannot see.
pub fn check_label(text: &str) -> Result<(), InvalidLabel> {
    let is_label =
        (1..=LABEL_MAX).contains(&text.chars().count()) && safe_text::refused_in_line(text).is_none();
    is_label.then_some(()).ok_or(InvalidLabel)
}

const PREFIX: &str = "dossier_";
const ID_DIGITS: usize = 16;
const SECRET_DIGITS: usize = 64;
const CHECK_DIGITS: usize = 8;

/// An API key: `dossier_`, its id, `_`, 256 random bits and a checksum. The checksum detects mistyped keys
/// without a read of the table; the prefix lets secret scanners recognise leaked keys.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The public part.
    pub id: KeyId,
    text: SecretString,
}

impl ApiKey {
    /// Creates a key from 8 random bytes for its id and 32 for its secret.
    pub fn new(id: [u8; 8], secret: [u8; 32]) -> Self {
        let id = hex::encode(id);
        let body = format!("{PREFIX}{id}_{}", hex::encode(secret));
        let text = format!("{body}{}", checksum(&body)).into();
        Self { id: KeyId(id), text }
    }

    /// Parses an API key. Returns `None` if the form or the checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let (body, check) = text.split_at_checked(text.len().checked_sub(CHECK_DIGITS)?)?;
        let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
        let well_formed = secret.len() == SECRET_DIGITS && secret.bytes().all(is_lower_hex);
        (well_formed && checksum(body) == check)
            .then(|| Some(Self { id: id.parse().ok()?, text: text.into() }))
            .flatten()
    }

    /// Returns the whole key, which is shown only once.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// Returns the hash that is stored. One round of SHA-256 suffices, because 256 random bits cannot be
    /// guessed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.expose_secret()).into()
    }
}

fn checksum(body: &str) -> String {
    hex::encode(&Sha256::digest(body)[..CHECK_DIGITS / 2])
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// The stored record of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The public part.
    pub id: KeyId,
    /// The tenant of the key.
    pub tenant: Tenant,
    /// The scopes that the key grants.
    pub scopes: Scopes,
    /// A label for people.
    pub label: Option<String>,
    /// The [`ApiKey::hash`] of the key.
    pub hash: [u8; 32],
    /// When it was created.
    pub created_at: UtcTime,
    /// When it expires; `None` for a key that does not expire.
    pub expires_at: Option<UtcTime>,
    /// When it was revoked.
    pub revoked_at: Option<UtcTime>,
}

impl KeyRecord {
    /// Returns whether the key is valid at `now`: neither expired nor revoked.
    pub fn is_active(&self, now: UtcTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_round_trips_and_one_wrong_character_is_detected() {
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
        for invalid in ["", "dossier_", "ä", &text[1..], &format!("{text}0"), &text.to_uppercase()] {
            assert!(ApiKey::parse(invalid).is_none(), "{invalid}");
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
    fn a_label_is_a_visible_line_of_limited_length() {
        let longest = "ü".repeat(LABEL_MAX);
        assert!(["front end", longest.as_str()].iter().all(|label| check_label(label).is_ok()));
        for invalid in ["", "a\nb", "a\u{200b}b", &format!("{longest}x")] {
            assert!(check_label(invalid).is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn a_key_is_active_until_it_expires_or_is_revoked() {
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
