//! Tokens of an OpenID provider. The provider is part of the test and also issues tokens that are invalid in
//! every possible way.
use std::sync::{Arc, Mutex};

use crate::support::clean_company;
use anyhow::Result;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::{Json, Router, extract::State, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use local_stack::TestStack;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct SigningKey {
    kid: String,
    private: EncodingKey,
    public: Value,
}

impl SigningKey {
    fn new(kid: &str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Self {
            kid: kid.to_owned(),
            private: EncodingKey::from_ed_der(pkcs8.as_ref()),
            public: json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"}),
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.private).unwrap()
    }
}

type Published = Arc<Mutex<(Vec<Value>, usize)>>;

/// Starts an issuer that publishes `keys`. Returns its URL, the published keys and the number of requests for
/// them.
async fn provider(keys: &[&SigningKey]) -> Result<(String, Published)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let published: Published = Arc::new(Mutex::new((keys.iter().map(|key| key.public.clone()).collect(), 0)));
    let document = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(async || Json(document)))
        .route(
            "/keys",
            get(async |State(published): State<Published>| {
                let mut published = published.lock().unwrap();
                published.1 += 1;
                Json(json!({"keys": published.0}))
            }),
        )
        .with_state(Arc::clone(&published));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((issuer, published))
}

async fn stack_with(issuer: &str) -> Result<TestStack> {
    let mut options = Options { without: vec![Component::Worker], ..TestStack::options() };
    for (name, value) in
        [("DOSSIER_OIDC_ISSUER", issuer), ("DOSSIER_OIDC_AUDIENCE", "https://dossier.example")]
    {
        options.settings.insert(name.to_owned(), value.to_owned());
    }
    TestStack::with(options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_grants_its_tenant_and_scopes_and_an_invalid_one_grants_nothing() -> Result<()> {
    let (known, stranger) = (SigningKey::new("k1"), SigningKey::new("k1"));
    let (issuer, published) = provider(&[&known]).await?;
    // Published keys that are not signature keys do not affect the others, and a symmetric key is never used.
    published.lock().unwrap().0.extend([
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"}),
        json!({"kty": "future", "kid": "f"}),
        json!("nonsense"),
    ]);
    let stack = stack_with(&issuer).await?;
    let now = service_runtime::clock::now().epoch_seconds();
    let claims = json!({"iss": issuer, "aud": ["https://dossier.example", "other"], "sub": "svc", "exp": now + 300, "tenant": "dev", "scope": "openid reports:read reports:write"});
    let status = async |token: &str, path: &str| -> Result<StatusCode> {
        Ok(Client::new(stack.api_url(), token.into())?.get(path).await?.status())
    };
    let token = known.sign(&claims);
    assert_eq!(status(&token, "/v1/reports").await?, StatusCode::OK);
    assert_eq!(status(&token, "/v1/usage").await?, StatusCode::FORBIDDEN);
    // The claim decides the tenant: the token reads the reports of its tenant and no others.
    let (own, other) = (
        stack.dev().submit_accepted(&clean_company()).await?,
        stack.acme_client()?.submit_accepted(&clean_company()).await?,
    );
    assert_eq!(status(&token, &format!("/v1/reports/{own}")).await?, StatusCode::OK);
    assert_eq!(status(&token, &format!("/v1/reports/{other}")).await?, StatusCode::NOT_FOUND);

    let changes = [
        json!({"iss": "https://other.example"}),
        json!({"aud": "https://other.example"}),
        json!({"exp": now - 300}),
        json!({"nbf": now + 300}),
        json!({"tenant": null}),
        json!({"tenant": "../acme"}),
        json!({"sub": null}),
    ];
    for change in changes {
        let token = known.sign(&crate::support::with_fields(claims.clone(), change.clone()));
        assert_eq!(status(&token, "/v1/reports").await?, StatusCode::UNAUTHORIZED, "{change}");
    }
    let parts: Vec<&str> = token.split('.').collect();
    let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k1"}"#), parts[1]);
    let secret = Header { kid: Some("shared".into()), ..Header::new(Algorithm::HS256) };
    let shared_secret = encode(&secret, &claims, &EncodingKey::from_secret(b"secret"))?;
    for token in [
        stranger.sign(&claims),
        unsigned,
        shared_secret,
        format!("{}.{}.AAAA", parts[0], parts[1]),
        "a.b.c".into(),
    ] {
        assert_eq!(status(&token, "/v1/reports").await?, StatusCode::UNAUTHORIZED, "{token}");
    }
    // All unknown keys together cost at most one more request to the provider.
    assert!(published.lock().unwrap().1 <= 2);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_issuer_gives_503_and_does_not_affect_api_keys() -> Result<()> {
    let key = SigningKey::new("k1");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    drop(listener);
    let stack = stack_with(&issuer).await?;
    let claims = json!({"iss": issuer, "aud": "https://dossier.example", "sub": "svc", "exp": service_runtime::clock::now().epoch_seconds() + 300, "tenant": "dev", "scope": "admin"});
    let answer = Client::new(stack.api_url(), key.sign(&claims).into())?.get("/v1/reports").await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    // API keys do not depend on the issuer.
    assert_eq!(stack.dev().get("/v1/reports").await?.status(), StatusCode::OK);
    stack.stop().await
}
