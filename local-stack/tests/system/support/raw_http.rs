//! HTTP over a plain socket, for what an HTTP client would not do.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Maximum wait for a response, for a debug build on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// A response.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// The status.
    pub(crate) status: u16,
    /// The status line and the headers, in lower case.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl RawResponse {
    /// Returns the code of the problem in the body, after checking the media type.
    pub(crate) fn problem(&self) -> String {
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        let body: Value =
            serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(body["status"], self.status, "{self:?}");
        body["code"].as_str().unwrap().to_owned()
    }
}

/// A connection to the API.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Connects to the API at `url`.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        timeout(PATIENCE, self.0.write_all(bytes.as_ref())).await.context("the API reads nothing")??;
        Ok(())
    }

    /// Reads one response with `Content-Length`, or without a body.
    pub(crate) async fn response(&mut self) -> Result<RawResponse> {
        timeout(PATIENCE, self.read_response()).await.context("the API sends no response")?
    }

    async fn read_response(&mut self) -> Result<RawResponse> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.with_context(|| {
                format!("the connection ended within a head: {}", String::from_utf8_lossy(&head))
            })?);
        }
        let head = String::from_utf8(head)?.to_lowercase();
        let status: u16 = head.split(' ').nth(1).context("no status")?.parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(Ok(0), str::parse)?];
        self.0.read_exact(&mut body).await.context("the connection ended within a body")?;
        Ok(RawResponse { status, head, body: String::from_utf8(body)? })
    }

    /// Checks that the server closes the connection in order, without a reset.
    pub(crate) async fn ends(mut self) -> Result<()> {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.context("the connection stays open")??;
        anyhow::ensure!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
        Ok(())
    }
}
