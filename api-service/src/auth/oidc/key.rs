//! A public key of the OpenID provider (RFC 7517), and the algorithms that it may be used with (RFC 7518, RFC
//! 8037).

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;

/// The members of a JSON Web Key that are used.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A key that verifies signatures.
#[derive(Clone, Debug)]
pub(super) struct VerificationKey {
    /// Its id, which need not be unique within its set.
    pub(super) id: Option<String>,
    /// The algorithms that it may be used with: the declared one, or all that fit its type. The key decides,
    /// never the token alone (RFC 8725, section 3.1).
    algorithms: Vec<&'static str>,
    key: DecodingKey,
}

const RSA: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
/// Both names of Ed25519: the first is deprecated by RFC 9864, and still the usual one.
const ED25519: &[&str] = &["EdDSA", "Ed25519"];
const ES512: &str = "ES512";

impl VerificationKey {
    /// Parses a JSON Web Key. Returns `None` for a key of another use or type. Symmetric keys are never
    /// accepted: anybody who can read the key set could sign with them.
    pub(super) fn from_jwk(jwk: &serde_json::Value) -> Option<Self> {
        let jwk: Jwk = Jwk::deserialize(jwk).ok()?;
        let may_verify = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"));
        if !may_verify {
            return None;
        }
        let (algorithms, key): (&[&'static str], _) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (RSA, DecodingKey::from_rsa_components(&jwk.n?, &jwk.e?)),
            ("EC", Some("P-256")) => (&["ES256"], DecodingKey::from_ec_components(&jwk.x?, &jwk.y?)),
            ("EC", Some("P-384")) => (&["ES384"], DecodingKey::from_ec_components(&jwk.x?, &jwk.y?)),
            ("EC", Some("P-521")) => (&[ES512], DecodingKey::from_ec_components(&jwk.x?, &jwk.y?)),
            ("OKP", Some("Ed25519")) => (ED25519, DecodingKey::from_ed_components(&jwk.x?)),
            _ => return None,
        };
        let is_declared = |algorithm: &&str| match jwk.alg.as_deref() {
            None => true,
            Some(declared) if ED25519.contains(&declared) => ED25519.contains(algorithm),
            Some(declared) => declared == *algorithm,
        };
        let algorithms: Vec<_> = algorithms.iter().copied().filter(is_declared).collect();
        (!algorithms.is_empty()).then_some(Self { id: jwk.kid, algorithms, key: key.ok()? })
    }

    /// Returns whether the key may be used with `algorithm`, the `alg` of a token.
    pub(super) fn permits(&self, algorithm: &str) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Returns whether `signature`, in base64url, is a signature of `message` by this key and `algorithm`.
    pub(super) fn verifies(&self, algorithm: &str, message: &str, signature: &str) -> bool {
        if !self.permits(algorithm) {
            return false;
        }
        if algorithm == ES512 {
            let (Ok(point), Ok(signature)) = (self.key.try_get_as_bytes(), URL_SAFE_NO_PAD.decode(signature))
            else {
                return false;
            };
            let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point);
            return key.verify(message.as_bytes(), &signature).is_ok();
        }
        let name = if algorithm == "Ed25519" { "EdDSA" } else { algorithm };
        let Ok(algorithm) = name.parse::<Algorithm>() else { return false };
        crypto::verify(signature, message.as_bytes(), &self.key, algorithm).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
            ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
            KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RsaEncoding,
            RsaKeyPair,
        },
    };
    use serde_json::{Value, json};

    use super::*;

    const MESSAGE: &str = "header.claims";

    fn with(mut jwk: Value, members: Value) -> Value {
        jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        jwk
    }

    fn verifies(jwk: &Value, algorithm: &str, signature: &str) -> bool {
        VerificationKey::from_jwk(jwk).is_some_and(|key| key.verifies(algorithm, MESSAGE, signature))
    }

    fn elliptic(curve: &str, algorithm: &'static EcdsaSigningAlgorithm) -> (Value, String) {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signature = pair.sign(&SystemRandom::new(), MESSAGE.as_bytes()).unwrap();
        (json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)}), encode(signature.as_ref()))
    }

    #[test]
    fn elliptic_curves_have_one_algorithm_each_with_and_without_alg() {
        for (curve, name, algorithm) in [
            ("P-256", "ES256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            ("P-384", "ES384", &ECDSA_P384_SHA384_FIXED_SIGNING),
            ("P-521", "ES512", &ECDSA_P521_SHA512_FIXED_SIGNING),
        ] {
            let (jwk, signature) = elliptic(curve, algorithm);
            assert!(verifies(&jwk, name, &signature), "{name}");
            assert!(verifies(&with(jwk.clone(), json!({"alg": name})), name, &signature), "{name}");
            assert!(!verifies(&jwk, name, &elliptic(curve, algorithm).1), "{name}: another key's signature");
            for other in ["ES256", "ES384", "ES512", "RS256", "HS256", "none", ""] {
                assert_eq!(verifies(&jwk, other, &signature), other == name, "{name} as {other}");
            }
        }
    }

    #[test]
    fn an_rsa_key_without_alg_has_every_rsa_algorithm_and_one_with_alg_only_that() {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
        let jwk = json!({"kty": "RSA",
            "n": encode(n.big_endian_without_leading_zero()), "e": encode(e.big_endian_without_leading_zero())});
        let encodings: [(&str, &'static dyn RsaEncoding); 4] = [
            ("RS256", &RSA_PKCS1_SHA256),
            ("RS512", &RSA_PKCS1_SHA512),
            ("PS256", &RSA_PSS_SHA256),
            ("PS384", &RSA_PSS_SHA384),
        ];
        for (name, encoding) in encodings {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), MESSAGE.as_bytes(), &mut signature).unwrap();
            let signature = encode(&signature);
            assert!(verifies(&jwk, name, &signature), "{name}");
            for declared in ["RS256", "RS512", "PS256", "PS384", "RSA-OAEP", "HS256"] {
                let jwk = with(jwk.clone(), json!({"alg": declared}));
                assert_eq!(verifies(&jwk, name, &signature), declared == name, "{name} by {declared}");
            }
        }
    }

    #[test]
    fn both_names_of_ed25519_are_the_same() {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())});
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(MESSAGE.as_bytes()).as_ref());
        for declared in [None, Some("EdDSA"), Some("Ed25519")] {
            let jwk = with(jwk.clone(), json!({"alg": declared}));
            assert!(verifies(&jwk, "EdDSA", &signature) && verifies(&jwk, "Ed25519", &signature));
        }
    }

    #[test]
    fn keys_of_other_uses_and_types_are_not_used() {
        let (jwk, signature) = elliptic("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING);
        for (members, used) in [
            (json!({"use": "sig"}), true),
            (json!({"use": "enc"}), false),
            (json!({"key_ops": ["verify"]}), true),
            (json!({"key_ops": ["encrypt"]}), false),
            (json!({"alg": "ES384"}), false),
            (json!({"crv": "P-384"}), false),
            (json!({"crv": "secp256k1"}), false),
            (json!({"kty": "oct", "k": "c2VjcmV0"}), false),
            (json!({"x": null}), false),
            (json!({"x5c": ["AAAA"], "extra": {"a": 1}}), true),
        ] {
            assert_eq!(verifies(&with(jwk.clone(), members.clone()), "ES256", &signature), used, "{members}");
        }
        assert!(VerificationKey::from_jwk(&json!("nonsense")).is_none());
    }
}
