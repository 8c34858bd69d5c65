//! Signs webhooks according to the Standard Webhooks specification, version 1.0.0: HMAC-SHA256 over id,
//! time and body.

use aws_adapters::webhook_secrets::WebhookSecret;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::time::UtcTime;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::Sha256;

/// Returns the value of the header `webhook-signature`: one signature for each secret, so that receivers that
/// know only one of the secrets can verify the webhook during a rotation.
pub(super) fn sign(secrets: &[WebhookSecret], id: &str, at: UtcTime, body: &str) -> String {
    let signed = format!("{id}.{}.{body}", at.epoch_seconds());
    let signatures = secrets.iter().filter_map(|secret| {
        // HMAC accepts keys of any length, so this never fails.
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes.expose_secret()).ok()?;
        mac.update(signed.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: Vec<u8>) -> WebhookSecret {
        WebhookSecret { bytes: bytes.into(), created_at: UtcTime::from_epoch_millis(0), expires_at: None }
    }

    #[test]
    fn the_specifications_test_vector_has_the_expected_signature() {
        let bytes = STANDARD.decode("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let at = UtcTime::from_epoch_millis(1_649_367_553_000);
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
        let signed = sign(&[secret(bytes.clone())], id, at, body);
        assert_eq!(signed, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
        let both = sign(&[secret(vec![7; 32]), secret(bytes)], id, at, body);
        assert!(both.ends_with(&format!(" {signed}")) && both.starts_with("v1,"));
    }
}
