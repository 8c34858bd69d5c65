//! The API keys of a stack: made anew at each start, shown once by the binary and never logged.

use secrecy::{ExposeSecret as _, SecretString};
use shared::domain::artifact::sha256_hex;

/// A key of each tenant.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The key of the tenant `dev`.
    pub dev: SecretString,
    /// The key of the tenant `acme`, to see that tenants are kept apart.
    pub acme: SecretString,
}

impl Keys {
    /// New keys from the system's source of randomness.
    pub fn generate() -> Self {
        Self { dev: key(), acme: key() }
    }

    /// The value of `DOSSIER_API_KEYS`: pairs of tenant and SHA-256 of its key.
    pub fn hashes(&self) -> String {
        let pair = |tenant: &str, key: &SecretString| {
            format!("{tenant}:{}", sha256_hex(key.expose_secret().as_bytes()))
        };
        format!("{},{}", pair("dev", &self.dev), pair("acme", &self.acme))
    }
}

fn key() -> SecretString {
    format!("dsk_{}", hex::encode(rand::random::<[u8; 32]>())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_are_not_in_what_is_given_to_the_api() {
        let (one, two) = (Keys::generate(), Keys::generate());
        let all = [&one.dev, &one.acme, &two.dev, &two.acme].map(|key| key.expose_secret().to_owned());
        for (index, key) in all.iter().enumerate() {
            assert!(key.starts_with("dsk_") && key.len() == 4 + 64, "{key}");
            assert!(!all[index + 1..].contains(key));
            assert!(!one.hashes().contains(&key[4..]));
        }
        let hashes: api_service::auth::Keys = one.hashes().parse().unwrap();
        assert!(!format!("{hashes:?}{one:?}").contains(&all[0]));
    }
}
