//! KMS of the embedded AWS: one symmetric key, which encrypts and decrypts with AES-256-GCM. As in KMS, the encryption
//! context is authenticated ("Encryption context", AWS KMS Developer Guide): decryption under another one fails.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json;

/// Name of the service in the meter.
pub(super) const KMS: &str = "KMS";

/// The id of the only key.
pub(crate) const KMS_KEY_ID: &str = "alias/dossier";

/// Maximum size of what Encrypt accepts, in bytes ("Encrypt", AWS KMS API Reference).
const PLAINTEXT_MAX: usize = 4096;

/// The material of the key. Embedded AWSs that share it stand for Regions with replicas of one multi-Region key, which
/// open each other's ciphertexts ("Multi-Region keys in AWS KMS").
#[derive(Clone)]
pub struct KeyMaterial([u8; 32]);

impl KeyMaterial {
    /// Returns new random material.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyMaterial(..)")
    }
}

pub(super) struct Kms {
    key: RandomizedNonceKey,
}

/// The members of a request that this service reads.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(default)]
    key_id: Option<String>,
    #[serde(default)]
    plaintext: Option<String>,
    #[serde(default)]
    ciphertext_blob: Option<String>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

/// An error of KMS: its code and its message.
struct Refusal(&'static str, String);

impl From<Unspecified> for Refusal {
    fn from(_: Unspecified) -> Self {
        Self("InvalidCiphertextException", "the ciphertext or its encryption context is wrong".to_owned())
    }
}

impl Kms {
    /// Returns KMS with one key.
    pub(super) fn new(material: &KeyMaterial) -> anyhow::Result<Self> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &material.0)
            .map_err(|_| anyhow::anyhow!("the key of the embedded KMS could not be created"))?;
        Ok(Self { key })
    }

    /// Handles a request whose signature was verified.
    pub(super) fn handle(&self, operation: &str, body: &[u8]) -> Response<Body> {
        let answer = serde_json::from_slice::<Request>(body)
            .map_err(|error| Refusal("ValidationException", error.to_string()))
            .and_then(|request| match operation {
                "Encrypt" => self.encrypt(&request),
                "Decrypt" => self.decrypt(&request),
                _ => {
                    let message = format!("the embedded KMS has no operation {operation}");
                    Err(Refusal("UnknownOperationException", message))
                }
            });
        match answer {
            Ok(answer) => {
                let mut response = Response::new(Body::from(Bytes::from(answer.to_string())));
                let json = HeaderValue::from_static("application/x-amz-json-1.1");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                response
            }
            Err(Refusal(code, message)) => json::error(StatusCode::BAD_REQUEST, code, &message),
        }
    }

    fn encrypt(&self, request: &Request) -> Result<Value, Refusal> {
        require_key(request.key_id.as_deref().unwrap_or_default())?;
        let mut sealed = decoded(request.plaintext.as_deref(), "Plaintext")?;
        if !(1..=PLAINTEXT_MAX).contains(&sealed.len()) {
            let message = format!("Plaintext has {} bytes: send 1 to {PLAINTEXT_MAX}", sealed.len());
            return Err(Refusal("ValidationException", message));
        }
        let nonce = self.key.seal_in_place_append_tag(aad(request), &mut sealed)?;
        let blob = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(
            json!({"KeyId": KMS_KEY_ID, "CiphertextBlob": STANDARD.encode(blob), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }

    fn decrypt(&self, request: &Request) -> Result<Value, Refusal> {
        require_key(request.key_id.as_deref().unwrap_or(KMS_KEY_ID))?;
        let blob = decoded(request.ciphertext_blob.as_deref(), "CiphertextBlob")?;
        let (nonce, sealed) = blob.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
        let mut opened = sealed.to_vec();
        let plaintext =
            self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad(request), &mut opened)?;
        Ok(
            json!({"KeyId": KMS_KEY_ID, "Plaintext": STANDARD.encode(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }
}

fn require_key(id: &str) -> Result<(), Refusal> {
    if id == KMS_KEY_ID {
        return Ok(());
    }
    Err(Refusal("NotFoundException", format!("the embedded KMS has no key {id:?}, only {KMS_KEY_ID}")))
}

fn decoded(text: Option<&str>, name: &str) -> Result<Vec<u8>, Refusal> {
    let invalid = || Refusal("ValidationException", format!("{name} is missing or not valid Base64"));
    STANDARD.decode(text.ok_or_else(invalid)?).map_err(|_| invalid())
}

/// Returns the encryption context in a form that does not depend on the order of its members.
fn aad(request: &Request) -> Aad<Vec<u8>> {
    Aad::from(json!(request.encryption_context).to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kms: &Kms, operation: &str, request: &Value) -> Result<Value, &'static str> {
        let request: Request = serde_json::from_value(request.clone()).unwrap();
        let answer = if operation == "Encrypt" { kms.encrypt(&request) } else { kms.decrypt(&request) };
        answer.map_err(|Refusal(code, _)| code)
    }

    #[test]
    fn a_ciphertext_opens_under_its_own_context_only() {
        let kms = Kms::new(&KeyMaterial::random()).unwrap();
        let context = json!({"tenant": "acme", "purpose": "a"});
        let plaintext = STANDARD.encode("secret");
        let encrypt = json!({"KeyId": KMS_KEY_ID, "Plaintext": plaintext, "EncryptionContext": context});
        let sealed = call(&kms, "Encrypt", &encrypt).unwrap()["CiphertextBlob"].clone();
        let decrypt = |blob: &Value, context: &Value| {
            let request = json!({"CiphertextBlob": blob, "EncryptionContext": context});
            call(&kms, "Decrypt", &request).map(|answer| answer["Plaintext"].clone())
        };
        assert_eq!(decrypt(&sealed, &context), Ok(plaintext.into()));
        let again = call(&kms, "Encrypt", &encrypt).unwrap()["CiphertextBlob"].clone();
        assert_ne!(again, sealed, "every ciphertext has its own nonce");
        for other in [json!({"tenant": "globex", "purpose": "a"}), json!({"tenant": "acme"}), json!({})] {
            assert_eq!(decrypt(&sealed, &other), Err("InvalidCiphertextException"), "{other}");
        }
        assert_eq!(decrypt(&json!(STANDARD.encode([7; 40])), &context), Err("InvalidCiphertextException"));
        assert_eq!(decrypt(&json!("AAAA"), &context), Err("InvalidCiphertextException"));
    }

    #[test]
    fn replicas_of_a_key_open_each_others_ciphertexts() {
        let material = KeyMaterial::random();
        let [here, there, stranger] =
            [&material, &material, &KeyMaterial::random()].map(|material| Kms::new(material).unwrap());
        let encrypt = json!({"KeyId": KMS_KEY_ID, "Plaintext": STANDARD.encode("secret")});
        let sealed = call(&here, "Encrypt", &encrypt).unwrap()["CiphertextBlob"].clone();
        let decrypt = |kms: &Kms| call(kms, "Decrypt", &json!({"CiphertextBlob": sealed}));
        assert_eq!(decrypt(&there).unwrap()["Plaintext"], STANDARD.encode("secret"));
        assert_eq!(decrypt(&stranger), Err("InvalidCiphertextException"));
    }

    #[test]
    fn other_keys_and_long_texts_are_refused() {
        let kms = Kms::new(&KeyMaterial::random()).unwrap();
        let encrypt = |key: &str, bytes: usize| {
            let request = json!({"KeyId": key, "Plaintext": STANDARD.encode(vec![0; bytes])});
            call(&kms, "Encrypt", &request).map(drop)
        };
        assert_eq!(encrypt(KMS_KEY_ID, PLAINTEXT_MAX), Ok(()));
        assert_eq!(encrypt(KMS_KEY_ID, PLAINTEXT_MAX + 1), Err("ValidationException"));
        assert_eq!(encrypt("alias/other", 1), Err("NotFoundException"));
    }
}
