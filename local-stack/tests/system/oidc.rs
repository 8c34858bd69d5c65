//! Tokens of an OpenID provider. The provider is part of the test and also issues tokens that are invalid in
//! every possible way.
use std::sync::{Arc, Mutex};

use crate::support::clean_company;
use anyhow::Result;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
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

/// Returns a key on the curve P-521, published without an id and an algorithm.
fn p521() -> (EcdsaKeyPair, Value) {
    let algorithm = &ECDSA_P521_SHA512_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(66);
    let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
    (pair, json!({"kty": "EC", "crv": "P-521", "x": x, "y": y}))
}

/// Signs `claims` with a key on P-521, under any header.
fn sign_es512(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
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

#[tokio::test(flavor = "multi_thread")]
async fn only_access_tokens_are_accepted_and_admin_needs_a_token_for_dossier_alone() -> Result<()> {
    let key = SigningKey::new("k1");
    let (issuer, _) = provider(&[&key]).await?;
    let stack = stack_with(&issuer).await?;
    let now = service_runtime::clock::now().epoch_seconds();
    let claims = json!({"iss": issuer, "aud": "https://dossier.example", "sub": "svc", "exp": now + 300, "tenant": "dev", "scope": "admin"});
    let status = async |typ: Option<&str>, claims: &Value| -> Result<u16> {
        let header =
            Header { kid: Some("k1".into()), typ: typ.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, claims, &key.private)?;
        Ok(Client::new(stack.api_url(), token.into())?.get("/v1/callbacks/secret").await?.status().as_u16())
    };
    for (typ, expected) in [
        (Some("at+jwt"), 200),
        (Some("application/at+jwt"), 200),
        (Some("JWT"), 200),
        (None, 200),
        (Some("logout+jwt"), 401),
        (Some("secevent+jwt"), 401),
        (Some("oauth-authz-req+jwt"), 401),
    ] {
        assert_eq!(status(typ, &claims).await?, expected, "{typ:?}");
    }
    for (change, expected) in [
        (json!({"aud": ["https://dossier.example"]}), 200),
        (json!({"aud": ["https://dossier.example", "https://crm.example"]}), 403),
        (json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), 401),
        (json!({"token_use": "id"}), 401),
    ] {
        let claims = crate::support::with_fields(claims.clone(), change.clone());
        assert_eq!(status(Some("JWT"), &claims).await?, expected, "{change}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_need_neither_an_id_nor_an_algorithm_and_may_be_replaced_without() -> Result<()> {
    let (first, published_first) = p521();
    let (issuer, published) = provider(&[]).await?;
    published.lock().unwrap().0 = vec![published_first];
    let stack = stack_with(&issuer).await?;
    let now = service_runtime::clock::now().epoch_seconds();
    let claims = json!({"iss": issuer, "aud": "https://dossier.example", "sub": "svc", "exp": now + 300, "tenant": "dev", "scope": "reports:read"});
    let status = async |pair: &EcdsaKeyPair, header: Value| -> Result<StatusCode> {
        let token = sign_es512(pair, &header, &claims);
        Ok(Client::new(stack.api_url(), token.into())?.get("/v1/reports").await?.status())
    };
    for header in [json!({"alg": "ES512"}), json!({"alg": "ES512", "kid": "anything", "typ": "at+jwt"})] {
        assert_eq!(status(&first, header.clone()).await?, StatusCode::OK, "{header}");
    }
    for header in
        [json!({"alg": "ES256"}), json!({"alg": "none"}), json!({}), json!({"alg": "ES512", "crit": []})]
    {
        assert_eq!(status(&first, header.clone()).await?, StatusCode::UNAUTHORIZED, "{header}");
    }
    // The provider replaces its only key. The tokens of the new one are accepted after its keys were fetched
    // again, which happens at most every ten seconds.
    let (second, published_second) = p521();
    published.lock().unwrap().0 = vec![published_second];
    while status(&second, json!({"alg": "ES512"})).await? != StatusCode::OK {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(status(&first, json!({"alg": "ES512"})).await?, StatusCode::UNAUTHORIZED);
    stack.stop().await
}
