//! Credentials that end: the services renew them, and links never promise more than the credentials that signed
//! them hold.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{clean_company, service_process::ServiceProcess, text_at};
use anyhow::{Context as _, Result};
use domain::time::UtcTime;
use local_stack::TestStack;
use local_stack::stack::client::Client;
use reqwest::Url;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// The time for which the credentials are valid.
const VALID: Duration = Duration::from_secs(8);

/// Answers like the credentials endpoint of ECS, with the key of the stack. Returns the address, and the ends of
/// the credentials that were issued.
async fn container_credentials(stack: &TestStack) -> Result<(String, Arc<Mutex<Vec<UtcTime>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/credentials", listener.local_addr()?);
    let ends = Arc::new(Mutex::new(Vec::new()));
    let (issued, keys) = (Arc::clone(&ends), stack.infrastructure().credentials().clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let end = service_runtime::clock::now().plus(VALID);
            issued.lock().unwrap().push(end);
            let body = json!({
                "AccessKeyId": keys.access_key_id,
                "SecretAccessKey": keys.secret_access_key.expose_secret(),
                "Token": "token",
                "Expiration": end,
            })
            .to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    Ok((address, ends))
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_before_credentials_of_eight_seconds() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&id).await?;
    let (address, ends) = container_credentials(&stack).await?;
    let mut environment = stack.environment().clone();
    environment.retain(|name, _| !["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(&name.as_str()));
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), address);
    environment.insert("DOSSIER_BIND".to_owned(), format!("127.0.0.1:{port}"));
    let api = ServiceProcess::start("api-service", &environment)?;
    let client = Client::new(&format!("http://127.0.0.1:{port}"), stack.keys().dev.clone())?;
    while client.get("/healthz").await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Each renewal happens before the previous credentials end, so no request fails.
    while ends.lock().unwrap().len() < 4 {
        let report: Value =
            client.get(&format!("/v1/reports/{id}")).await?.error_for_status()?.json().await?;
        let expire_at: UtcTime = text_at(&report, "/linksExpireAt").parse()?;
        let last_end = *ends.lock().unwrap().last().context("no credentials were issued")?;
        assert!(expire_at < last_end, "{expire_at} is not before {last_end}");
        let link: Url = text_at(&report, "/links/pdf").parse()?;
        let seconds =
            link.query_pairs().find(|(name, _)| name == "X-Amz-Expires").context("X-Amz-Expires")?.1;
        assert!(seconds.parse::<u64>()? < VALID.as_secs(), "{seconds}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    api.terminate().await?;
    stack.stop().await
}
