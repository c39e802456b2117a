//! Asking an issuer: its documents (OpenID Connect Discovery 1.0), its keys, its tokens.
//!
//! Owns the HTTP client, its bounds, and what is remembered of issuers. Believes nothing but what
//! came over the connection: tokens are judged in `id_token`.

use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use portolan_types::ProviderName;
use reqwest::{Client, RequestBuilder, Response, header, redirect};
use secrecy::ExposeSecret;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::keys::Keys;
use crate::{
    config::{Issuer, Provider, SignIn},
    host::clean,
    outbound::Guard,
};

/// Bytes of one answer.
const MOST: usize = 256 * 1_024;
/// For so long an issuer's word is taken without asking again.
const KEEP: Duration = Duration::from_hours(1);
/// A token with an unknown key makes us ask again, but not more often than this.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_mins(1);
/// After a failure it is not asked again for so long: whoever knocks often waits for nothing.
const PAUSE: Duration = Duration::from_secs(5);

/// Why an issuer could not be asked. For the log: a stranger is told less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Trouble(String);

impl Trouble {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// What an issuer says of itself, as far as it is used.
#[derive(Debug)]
pub(super) struct Metadata {
    pub authorization: Url,
    token: Url,
    keys: Url,
    userinfo: Option<Url>,
    /// Whether the secret goes into the body, because the issuer takes it nowhere else.
    secret_in_body: bool,
    /// Whether each of its answers names it (RFC 9207).
    pub names_itself: bool,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub id_token: String,
    access_token: Option<String>,
}

/// Written by hand so that no log can hold a token.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// How fresh keys have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Those that are remembered suffice.
    No,
    /// One was missing among them.
    Yes,
}

/// All issuers, and what is known of each.
#[derive(Debug)]
pub struct Issuers {
    client: Client,
    guard: Guard,
    known: Mutex<BTreeMap<ProviderName, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Instant, Result<Arc<Metadata>, Trouble>)>,
    keys: Option<(Instant, Arc<Keys>)>,
}

/// The document of an issuer, as it stands.
#[derive(Debug, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Debug, Deserialize)]
struct TokenRefusal {
    error: String,
    error_description: Option<String>,
}

impl Issuers {
    /// Asks nobody yet.
    pub fn new(config: &SignIn) -> Result<Self, reqwest::Error> {
        // One may be there already; without any, no TLS can be spoken.
        let _present = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard::new(&config.allow_issuers_to, "--allow-issuers-to");
        let client = Client::builder()
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone())
            // Either would lead around the guard.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(config.issuer_timeout)
            .build()?;
        Ok(Self { client, guard, known: Mutex::default() })
    }

    /// Whether a provider can be asked. The cause otherwise.
    pub(crate) async fn look(&self, provider: &Provider) -> Result<(), String> {
        self.keys(provider, Fresh::No).await.map(drop).map_err(|why| why.to_string())
    }

    /// What the issuer says of itself; remembered for a while, a failure for a moment.
    pub(super) async fn metadata(&self, provider: &Provider) -> Result<Arc<Metadata>, Trouble> {
        let remembered = |known: &Known| {
            let (at, said) = known.metadata.as_ref()?;
            let keep = if said.is_ok() { KEEP } else { PAUSE };
            (at.elapsed() < keep).then(|| said.clone())
        };
        if let Some(said) = self.known().get(&provider.name).and_then(remembered) {
            return said;
        }
        let said = self.discover(&provider.issuer).await.map(Arc::new);
        let mut known = self.known();
        known.entry(provider.name.clone()).or_default().metadata =
            Some((Instant::now(), said.clone()));
        said
    }

    async fn discover(&self, issuer: &Issuer) -> Result<Metadata, Trouble> {
        let base = issuer.as_str().trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let url = url.parse().map_err(|_| Trouble::new("its documents have no URL"))?;
        let document: Document = self.json(self.get(&url)?).await?;
        if document.issuer != issuer.as_str() {
            let other = clean(&document.issuer);
            return Err(Trouble(format!("its document is of another issuer, {other}")));
        }
        Metadata::read(document, issuer)
    }

    /// The issuer's keys.
    pub(super) async fn keys(
        &self,
        provider: &Provider,
        fresh: Fresh,
    ) -> Result<Arc<Keys>, Trouble> {
        let keep = match fresh {
            Fresh::No => KEEP,
            Fresh::Yes => KEYS_AT_MOST_EVERY,
        };
        let remembered = |known: &Known| {
            let (at, keys) = known.keys.as_ref()?;
            (at.elapsed() < keep).then(|| keys.clone())
        };
        if let Some(keys) = self.known().get(&provider.name).and_then(remembered) {
            return Ok(keys);
        }
        let metadata = self.metadata(provider).await?;
        let read = self.read(self.get(&metadata.keys)?).await?;
        let keys = Arc::new(Keys::parse(&read).map_err(Trouble::new)?);
        let mut known = self.known();
        known.entry(provider.name.clone()).or_default().keys = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    /// Exchanges a code, which the verifier shows to be ours.
    pub(super) async fn exchange(
        &self,
        provider: &Provider,
        code: &str,
        (verifier, redirect): (&str, &str),
    ) -> Result<Tokens, Trouble> {
        let metadata = self.metadata(provider).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        let mut request = self.allowed(&metadata.token)?.post(metadata.token.clone());
        match &provider.client_secret {
            Some(secret) if !metadata.secret_in_body => {
                let password = encoded(secret.expose_secret());
                request = request.basic_auth(encoded(&provider.client_id), Some(password));
            }
            secret => {
                form.push(("client_id", &provider.client_id));
                form.extend(secret.as_ref().map(|one| ("client_secret", one.expose_secret())));
            }
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(written(&form));
        self.json(request).await
    }

    /// What the issuer says of a person besides the token. Nothing when it has no place for it.
    pub(super) async fn userinfo(
        &self,
        provider: &Provider,
        tokens: &Tokens,
    ) -> Result<Map<String, Value>, Trouble> {
        let metadata = self.metadata(provider).await?;
        let (Some(url), Some(token)) = (&metadata.userinfo, &tokens.access_token) else {
            return Ok(Map::new());
        };
        self.json(self.get(url)?.bearer_auth(token)).await
    }

    fn get(&self, url: &Url) -> Result<RequestBuilder, Trouble> {
        Ok(self.allowed(url)?.get(url.clone()).header(header::ACCEPT, "application/json"))
    }

    fn allowed(&self, url: &Url) -> Result<&Client, Trouble> {
        self.guard.check(url).map_err(|refused| Trouble(refused.to_string()))?;
        Ok(&self.client)
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Trouble> {
        let read = self.read(request).await?;
        // The error of serde would quote what was read.
        serde_json::from_slice(&read)
            .map_err(|_| Trouble::new("its answer is not the JSON it should be"))
    }

    async fn read(&self, request: RequestBuilder) -> Result<Vec<u8>, Trouble> {
        let mut response = request.send().await.map_err(|error| unasked(&error))?;
        let status = response.status();
        let body = bounded(&mut response).await?;
        if status.is_success() {
            return Ok(body);
        }
        let said = match serde_json::from_slice::<TokenRefusal>(&body) {
            Ok(TokenRefusal { error, error_description: Some(more) }) => {
                format!(": {error}: {more}")
            }
            Ok(TokenRefusal { error, error_description: None }) => format!(": {error}"),
            Err(_) => String::new(),
        };
        Err(Trouble(clean(&format!("it answered {status}{said}"))))
    }

    /// Never held while somebody is asked.
    fn known(&self) -> MutexGuard<'_, BTreeMap<ProviderName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metadata {
    /// An issuer that is asked over TLS does not lead to where one is not.
    fn read(document: Document, issuer: &Issuer) -> Result<Self, Trouble> {
        let endpoint = |text: &str| -> Result<Url, Trouble> {
            let url: Url = text.parse().map_err(|_| Trouble::new("its document has no URLs"))?;
            if url.scheme() != "https" && url.scheme() != issuer.url().scheme() {
                return Err(Trouble::new("its document leads to where nothing is encrypted"));
            }
            Ok(url)
        };
        let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
        let takes = |name: &str| methods.iter().any(|method| method == name);
        Ok(Self {
            authorization: endpoint(&document.authorization_endpoint)?,
            token: endpoint(&document.token_endpoint)?,
            keys: endpoint(&document.jwks_uri)?,
            userinfo: document.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }
}

fn written(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// RFC 6749 section 2.3.1: encoded before it is put together.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn bounded(response: &mut Response) -> Result<Vec<u8>, Trouble> {
    let mut read = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unasked(&error))? {
        if read.len() + chunk.len() > MOST {
            return Err(Trouble(format!("its answer is larger than {} KiB", MOST / 1_024)));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

fn unasked(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::new("it did not answer in time");
    }
    // The outer ones name the URL.
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let words = cause.map_or_else(|| "it could not be asked".to_owned(), ToString::to_string);
    Trouble(clean(&words))
}
