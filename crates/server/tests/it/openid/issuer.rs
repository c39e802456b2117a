//! An issuer of our own, which is honest or not as its path says: `/honest`, `/expired` and so on.
//! Everybody who asks agrees at once, and is who the test says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portolan_server::config::Provider;
use portolan_types::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const CLIENT: &str = "portolan";

/// In which ways the tokens of an issuer are not what they should be.
pub(super) const FORGED: [&str; 14] = [
    "audience",
    "audiences",
    "critical",
    "expired",
    "future",
    "issuer",
    "key",
    "large",
    "none",
    "nonce",
    "party",
    "shared",
    "subject",
    "unknown",
];
/// In which ways an issuer cannot be asked at the beginning.
pub(super) const SILENT: [&str; 6] = ["document", "endless", "huge", "inside", "redirect", "slow"];
/// In which ways it cannot be asked afterwards.
pub(super) const BROKEN: [&str; 2] = ["code", "userinfo"];

pub(crate) struct Issuer {
    pub(crate) url: String,
    memory: Arc<Memory>,
    serving: JoinHandle<()>,
}

struct Memory {
    url: String,
    key: EcdsaKeyPair,
    other: EcdsaKeyPair,
    claims: Mutex<Value>,
    exchanged: Mutex<Vec<(HeaderMap, String)>>,
}

impl Issuer {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let memory = Arc::new(Memory {
            url: url.clone(),
            key: new_key()?,
            other: new_key()?,
            claims: Mutex::default(),
            exchanged: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(memory.clone());
        let serving = tokio::spawn(async move {
            // It ends with the test.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, memory, serving })
    }

    /// What the operator says of it when it behaves in a way.
    pub(crate) fn provider(&self, manner: &str) -> Result<Provider> {
        Ok(Provider {
            name: manner.parse()?,
            issuer: format!("{}/{manner}", self.url).parse()?,
            client_id: CLIENT.to_owned(),
            client_secret: Some("between us".to_owned().into()),
            scopes: vec!["email".to_owned()],
            allowed_domains: Vec::new(),
            groups_claim: "groups".to_owned(),
            trust_email: false,
            roles: Vec::new(),
        })
    }

    /// Who comes next, with the nonce of their sign-in.
    pub(crate) fn expect(&self, mut person: Value, nonce: &str) {
        person["nonce"] = nonce.into();
        *lock(&self.memory.claims) = person;
    }

    /// The latest exchange: its headers and its form.
    pub(super) fn exchanged(&self) -> Result<(HeaderMap, String)> {
        lock(&self.memory.exchanged).last().cloned().context("no exchange")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_key() -> Result<EcdsaKeyPair> {
    let (random, way) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let key = EcdsaKeyPair::generate_pkcs8(way, &random).ok().context("a key")?;
    EcdsaKeyPair::from_pkcs8(way, key.as_ref(), &random).ok().context("a key")
}

async fn answer(
    State(memory): State<Arc<Memory>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    let Some((manner, document)) = path.split_once('/') else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match document {
        ".well-known/openid-configuration" => memory.describe(manner).await,
        "jwks" => memory.keys(manner),
        "token" => {
            let form = String::from_utf8_lossy(&body).into_owned();
            lock(&memory.exchanged).push((headers, form));
            memory.token(manner)
        }
        "userinfo" => {
            let sub = match manner {
                "userinfo" => "somebody else".into(),
                _ => lock(&memory.claims)["sub"].clone(),
            };
            axum::Json(json!({ "sub": sub })).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Memory {
    async fn describe(&self, manner: &str) -> Response {
        let at = format!("{}/{manner}", self.url);
        match manner {
            "slow" => return std::future::pending().await,
            "redirect" => {
                let honest = format!("{}/honest/.well-known/openid-configuration", self.url);
                return Redirect::temporary(&honest).into_response();
            }
            "endless" => {
                let spaces = Bytes::from(vec![b' '; 8_192]);
                let for_ever = futures_util::stream::repeat_with(move || {
                    Ok::<_, std::convert::Infallible>(spaces.clone())
                });
                return Body::from_stream(for_ever).into_response();
            }
            _ => {}
        }
        let keys = match manner {
            "inside" => "http://169.254.169.254/latest/meta-data".to_owned(),
            _ => format!("{at}/jwks"),
        };
        let issuer = if manner == "document" { format!("{}/honest", self.url) } else { at.clone() };
        axum::Json(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{at}/auth?tenant=1"),
            "token_endpoint": format!("{at}/token"),
            "userinfo_endpoint": format!("{at}/userinfo"),
            "jwks_uri": keys,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            // All of it, as some say: which are taken is not theirs to say.
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "HS256", "none"],
        }))
        .into_response()
    }

    fn keys(&self, manner: &str) -> Response {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|number| URL_SAFE_NO_PAD.encode(number));
        let padding = if manner == "huge" { " ".repeat(1_024 * 1_024) } else { String::new() };
        let key = json!({ "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "x": x, "y": y });
        // Others have more keys than we can use.
        let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-521" }, { "kty": "oct" }, 7, key] });
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        (content_type, format!("{padding}{keys}")).into_response()
    }

    fn token(&self, manner: &str) -> Response {
        if manner == "code" {
            let refusal = json!({ "error": "invalid_grant", "error_description": "\u{1b}[31mno" });
            return (StatusCode::BAD_REQUEST, axum::Json(refusal)).into_response();
        }
        let now = Timestamp::now().as_millis() / 1_000;
        let mut claims = json!({
            "iss": format!("{}/{manner}", self.url),
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
        });
        for (name, value) in lock(&self.claims).as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let mut header = json!({ "alg": "ES256", "kid": "1", "typ": "JWT" });
        match manner {
            "audience" => claims["aud"] = json!(["somebody", "else"]),
            "audiences" => claims["aud"] = json!([CLIENT, "else"]),
            "party" => claims["azp"] = "else".into(),
            "issuer" => claims["iss"] = format!("{}/honest", self.url).into(),
            "expired" => claims["exp"] = (now - 120).into(),
            "future" => claims["iat"] = (now + 600).into(),
            "nonce" => claims["nonce"] = "another".into(),
            "subject" => claims["sub"] = "".into(),
            "large" => claims["more"] = "x".repeat(100_000).into(),
            "userinfo" => drop(claims.as_object_mut().and_then(|all| all.remove("email"))),
            "none" => header["alg"] = "none".into(),
            "shared" => header["alg"] = "HS256".into(),
            "unknown" => header["kid"] = "2".into(),
            "critical" => header["crit"] = json!(["b64"]),
            _ => {}
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let key = if manner == "key" { &self.other } else { &self.key };
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = match (manner, signature) {
            ("none", _) => String::new(),
            (_, Ok(signature)) => URL_SAFE_NO_PAD.encode(signature),
            (_, Err(_)) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        let answer = json!({
            "id_token": format!("{signed}.{signature}"),
            "access_token": "for userinfo",
            "token_type": "Bearer",
        });
        axum::Json(answer).into_response()
    }
}
