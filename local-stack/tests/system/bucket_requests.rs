//! The requests to the bucket that matter only on AWS: the headers of encryption, and several versions of an object. The
//! embedded S3 neither encrypts nor keeps versions, so a script stands in for it.
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use aws_adapters::{bucket::Bucket, sdk_config_loader, settings::AwsSettings};
use aws_sdk_s3::config::{Credentials, Region};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use service_runtime::{
    clock::Clock,
    config::{Environment, Reader},
};

const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/k";

/// A request that S3 received.
#[derive(Debug)]
struct Received {
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the encryption context that the request states.
    fn context(&self) -> Result<Option<Value>> {
        let Some(text) = self.header("x-amz-server-side-encryption-context") else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&STANDARD.decode(text)?)?))
    }
}

/// S3 with these pages of versions, which accepts everything and remembers it.
#[derive(Clone, Debug, Default)]
struct Script {
    pages: Arc<Vec<String>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Script {
    async fn bucket(&self, more: &[(&str, &str)]) -> Result<Bucket> {
        let basic = [("DOSSIER_QUEUE_URL", "http://q"), ("DOSSIER_CALLBACK_QUEUE_URL", "http://c")];
        let environment: Environment =
            basic.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut reader = Reader::new(&environment);
        let settings = AwsSettings::read(&mut reader);
        let settings = reader.finish(settings)?;
        let connector = SharedHttpConnector::new(self.clone());
        let sdk = sdk_config_loader()
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .load()
            .await;
        Ok(Bucket::new(&sdk, &settings, Clock::system()))
    }

    fn received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let received = Received {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        let answer = if received.uri.contains("versions") {
            // The marker of a page is its number.
            let page = received.uri.split(['?', '&']).find_map(|part| part.strip_prefix("key-marker="));
            let page = page.map_or(0, |page| page.parse().unwrap_or(usize::MAX));
            self.pages.get(page).cloned().unwrap_or_default()
        } else if received.header("x-amz-copy-source").is_some() {
            "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>".to_owned()
        } else {
            String::new()
        };
        self.received.lock().unwrap().push(received);
        let status = StatusCode::try_from(200).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer))))
    }
}

/// Returns a page with versions of `key`, each with whether it is a delete marker, as S3 lists them.
fn page(versions: &[(&str, &str, bool)], next: Option<usize>) -> String {
    let listed = versions.iter().map(|(key, id, is_marker)| {
        let kind = if *is_marker { "DeleteMarker" } else { "Version" };
        format!("<{kind}><Key>{key}</Key><VersionId>{id}</VersionId></{kind}>")
    });
    let next = next.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |next| {
        format!("<IsTruncated>true</IsTruncated><NextKeyMarker>{next}</NextKeyMarker><NextVersionIdMarker>x</NextVersionIdMarker>")
    });
    format!("<ListVersionsResult>{}{next}</ListVersionsResult>", listed.collect::<String>())
}

/// Returns a folder with two objects: one with three versions on two pages, one deleted.
fn folder() -> Script {
    let pages = vec![
        page(&[("reports/acme/1/a", "a3", false), ("reports/acme/1/a", "a2", false)], Some(1)),
        page(
            &[
                ("reports/acme/1/a", "a1", false),
                ("reports/acme/1/b", "b2", true),
                ("reports/acme/1/b", "b1", false),
            ],
            None,
        ),
    ];
    Script { pages: Arc::new(pages), ..Script::default() }
}

#[tokio::test]
async fn a_file_names_its_tenant_to_kms_when_it_is_stored_and_when_it_is_copied() -> Result<()> {
    let script = folder();
    let settings = [("DOSSIER_KMS_KEY_ID", KEY), ("DOSSIER_ENCRYPTION_CONTEXT", "tenant")];
    let bucket = script.bucket(&settings).await?;
    bucket.put("reports/acme/1/a", b"a".to_vec(), "text/plain").await?;
    bucket.put_new("work/acme/1/b", b"b".to_vec(), "text/plain").await?;
    bucket.hold("reports/acme/1/").await?;
    let written: Vec<Received> = script.received().into_iter().filter(|sent| sent.method == "PUT").collect();
    assert_eq!(written.len(), 2 + 4);
    for request in &written {
        let header = |name: &str| request.header(&format!("x-amz-server-side-encryption{name}"));
        assert_eq!((header(""), header("-aws-kms-key-id")), (Some("aws:kms"), Some(KEY)));
        assert_eq!(
            header("-bucket-key-enabled"),
            Some("false"),
            "a bucket key has one context for all objects"
        );
        assert_eq!(request.context()?, Some(json!({"dossier:tenant": "acme"})));
    }

    let bucket = script.bucket(&settings[..1]).await?;
    bucket.put("reports/acme/1/a", b"a".to_vec(), "text/plain").await?;
    bucket.hold("reports/acme/1/").await?;
    for request in script.received().iter().filter(|sent| sent.method == "PUT") {
        assert_eq!(request.header("x-amz-server-side-encryption"), Some("aws:kms"));
        assert_eq!(request.context()?, None);
        assert_eq!(request.header("x-amz-server-side-encryption-bucket-key-enabled"), None);
    }
    Ok(())
}

#[tokio::test]
async fn the_newest_version_of_each_file_is_copied_last_and_a_hidden_one_is_copied_as_well() -> Result<()> {
    let script = folder();
    assert_eq!(script.bucket(&[]).await?.hold("reports/acme/1/").await?, 4);
    let requests = script.received();
    let copies: Vec<&str> = requests.iter().filter_map(|sent| sent.header("x-amz-copy-source")).collect();
    let of = |key: &str| -> Vec<&str> {
        copies
            .iter()
            .filter(|source| source.contains(key))
            .filter_map(|source| source.split('=').nth(1))
            .collect()
    };
    assert_eq!((of("/a?"), of("/b?")), (vec!["a1", "a2", "a3"], vec!["b1"]));
    let to = requests.iter().find(|sent| sent.header("x-amz-copy-source").is_some()).context("a copy")?;
    assert!(to.uri.contains("/held/reports/acme/1/"), "{}", to.uri);
    Ok(())
}

#[tokio::test]
async fn every_version_and_delete_marker_of_every_page_is_erased() -> Result<()> {
    let script = folder();
    assert_eq!(script.bucket(&[]).await?.erase("reports/acme/1/").await?, 5);
    let requests = script.received();
    let mut deleted: Vec<&str> = requests
        .iter()
        .filter(|sent| sent.method == "DELETE")
        .filter_map(|sent| sent.uri.split(['?', '&']).find_map(|part| part.strip_prefix("versionId=")))
        .collect();
    deleted.sort_unstable();
    assert_eq!(deleted, ["a1", "a2", "a3", "b1", "b2"]);
    assert_eq!(requests.len(), 2 + 5, "each page is read once");
    Ok(())
}
