//! Asking an issuer: its documents (OpenID Connect Discovery 1.0), its keys, its tokens.
//!
//! Owns what is remembered of issuers and for how long. `openidconnect` knows how they are asked and
//! what their answers have to look like, `asking` over which connection. Believes nothing but what
//! came over it: tokens are judged in `id_token`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use openidconnect::{
    AuthorizationCode, DiscoveryError, IssuerUrl, OAuth2TokenResponse, PkceCodeVerifier,
    RequestTokenError, StandardErrorResponse, SubjectIdentifier, UserInfoError, core,
};
use portolan_types::ProviderName;
use reqwest::redirect;
use tokio::time::Instant;

use super::{
    asking::Asking,
    words::{Client, Metadata, Tokens, UserInfoClaims},
};
use crate::{
    config::{Provider, SignIn},
    host::clean,
    outbound::Guard,
};

/// For so long an issuer's word is taken without asking again.
const KEEP: Duration = Duration::from_hours(1);
/// A token with an unknown key makes us ask again, but not more often than this.
const AT_MOST_EVERY: Duration = Duration::from_mins(1);
/// After a failure it is not asked again for so long: whoever knocks often waits for nothing.
const PAUSE: Duration = Duration::from_secs(5);
/// More keys than any issuer has; each one costs a look at each token.
const MOST_KEYS: usize = 64;

/// Why an issuer could not be asked. For the log: a stranger is told less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Trouble(String);

impl Trouble {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// An error of serde would quote what was read, so it is left out.
    fn unreadable() -> Self {
        Self::new("its answer is not the JSON it should be")
    }
}

/// How fresh an issuer's word has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// What is remembered suffices.
    No,
    /// A key was missing in it.
    Yes,
}

/// All issuers, and what is known of each.
#[derive(Debug)]
pub struct Issuers {
    client: reqwest::Client,
    guard: Guard,
    known: Mutex<BTreeMap<ProviderName, Known>>,
}

/// What an issuer said of itself, and when.
#[derive(Debug)]
struct Known {
    at: Instant,
    said: Result<Arc<Metadata>, Trouble>,
}

impl Known {
    fn is_good(&self, fresh: Fresh) -> bool {
        let keep = match (&self.said, fresh) {
            (Err(_), _) => PAUSE,
            (Ok(_), Fresh::No) => KEEP,
            (Ok(_), Fresh::Yes) => AT_MOST_EVERY,
        };
        self.at.elapsed() < keep
    }
}

impl Issuers {
    /// Asks nobody yet.
    pub fn new(config: &SignIn) -> Result<Self, reqwest::Error> {
        // One may be there already; without any, no TLS can be spoken.
        let _present = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard::new(&config.allow_issuers_to, "--allow-issuers-to");
        let client = reqwest::Client::builder()
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
        self.metadata(provider, Fresh::No).await.map(drop).map_err(|why| why.to_string())
    }

    /// What the issuer says of itself; remembered for a while, a failure for a moment.
    pub(super) async fn metadata(
        &self,
        provider: &Provider,
        fresh: Fresh,
    ) -> Result<Arc<Metadata>, Trouble> {
        if let Some(known) = self.known().get(&provider.name)
            && known.is_good(fresh)
        {
            return known.said.clone();
        }
        let said = self.discover(provider).await.map(Arc::new);
        let now = Known { at: Instant::now(), said: said.clone() };
        self.known().insert(provider.name.clone(), now);
        said
    }

    async fn discover(&self, provider: &Provider) -> Result<Metadata, Trouble> {
        let issuer = IssuerUrl::new(provider.issuer.as_str().to_owned())
            .map_err(|_| Trouble::new("its documents have no URL"))?;
        let asking = self.asking(provider);
        let metadata = Metadata::discover_async(issuer, &asking).await?;
        asking.is_encrypted(metadata.authorization_endpoint().url())?;
        if metadata.jwks().keys().len() > MOST_KEYS {
            return Err(Trouble::new("it has more keys than any issuer needs"));
        }
        Ok(metadata)
    }

    /// Exchanges a code, which the verifier shows to be ours.
    pub(super) async fn exchange(
        &self,
        provider: &Provider,
        client: &Client,
        code: String,
        verifier: &str,
    ) -> Result<Tokens, Trouble> {
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| Trouble::new("its document says not where tokens are"))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        Ok(request.request_async(&self.asking(provider)).await?)
    }

    /// What the issuer says of a person besides the token. Nothing when it has no place for it.
    pub(super) async fn userinfo(
        &self,
        provider: &Provider,
        client: &Client,
        tokens: &Tokens,
        subject: &SubjectIdentifier,
    ) -> Result<Option<UserInfoClaims>, Trouble> {
        let token = tokens.access_token().clone();
        let Ok(request) = client.user_info(token, Some(subject.clone())) else {
            return Ok(None);
        };
        Ok(Some(request.request_async(&self.asking(provider)).await?))
    }

    fn asking<'a>(&'a self, provider: &'a Provider) -> Asking<'a> {
        Asking { client: &self.client, guard: &self.guard, issuer: &provider.issuer }
    }

    /// Never held while somebody is asked.
    fn known(&self) -> MutexGuard<'_, BTreeMap<ProviderName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<DiscoveryError<Self>> for Trouble {
    fn from(error: DiscoveryError<Self>) -> Self {
        match error {
            DiscoveryError::Request(trouble) => trouble,
            DiscoveryError::Parse(_) => Self::unreadable(),
            DiscoveryError::Response(status, _, why) => answered(status.as_u16(), &why),
            other => Self(clean(&other.to_string())),
        }
    }
}

impl From<UserInfoError<Self>> for Trouble {
    fn from(error: UserInfoError<Self>) -> Self {
        match error {
            UserInfoError::Request(trouble) => trouble,
            UserInfoError::Parse(_) => Self::unreadable(),
            UserInfoError::Response(status, _, why) => answered(status.as_u16(), &why),
            UserInfoError::ClaimsVerification(_) => {
                Self::new("it told of another person than it was asked for")
            }
            other => Self(clean(&other.to_string())),
        }
    }
}

type Refusal = StandardErrorResponse<core::CoreErrorResponseType>;

impl From<RequestTokenError<Self, Refusal>> for Trouble {
    fn from(error: RequestTokenError<Self, Refusal>) -> Self {
        match error {
            RequestTokenError::Request(trouble) => trouble,
            RequestTokenError::Parse(..) => Self::unreadable(),
            RequestTokenError::ServerResponse(refusal) => {
                let more = refusal.error_description();
                let more = more.map(|more| format!(": {more}")).unwrap_or_default();
                Self(clean(&format!("it refused: {}{more}", refusal.error())))
            }
            RequestTokenError::Other(why) => Self(clean(&why)),
        }
    }
}

fn answered(status: u16, why: &str) -> Trouble {
    Trouble(clean(&format!("it answered {status}: {why}")))
}
