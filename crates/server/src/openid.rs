//! Signing in through a provider of OpenID Connect: authorization code with PKCE (RFC 9700), and
//! what a person is known by there.
//!
//! Owns who is let in and into which account. Somebody who is known by issuer and subject is let
//! in. An address alone lets nobody into an account that there is, unless the operator trusts the
//! provider's word on addresses: else whoever can call themselves anything at a provider could take
//! over anybody's account. What the issuer is asked is in `issuer`, what is believed of it in
//! `id_token`: both leave the protocol to `openidconnect`.

mod asking;
mod client;
mod flow;
mod id_token;
mod issuer;
mod person;
mod roles;
mod words;

use openidconnect::{Nonce, TokenResponse};
use portolan_types::{
    BeginOpenId, Identity, IdentityId, LinkIdentity, Page, PageQuery, ProviderName, ReturnTo,
    SessionId, SignInMethod, Timestamp, User, UserId,
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Map;
use sqlx::AnyConnection;

pub use self::issuer::Issuers;
use self::{
    flow::Flow,
    id_token::Unsound,
    issuer::{Fresh, Trouble},
    person::Person,
    words::{Client, IdToken, IdTokenClaims, by_name},
};
use crate::{
    Actor, App, Error, accounts,
    config::Provider,
    db::{self, Transaction, identity::FlowRow},
    events, page,
    sessions::{self, Visitor},
    sign_in::{self, SignedIn},
};

/// How long a person may take at the provider.
pub(crate) const FLOW_SECONDS: i64 = 600;

/// Where the browser goes, and what it has to bring back.
#[derive(Debug)]
pub struct Leaving {
    pub url: String,
    pub browser: SecretString,
}

/// How it ended.
#[derive(Debug)]
pub struct Arrived {
    /// Nothing when a person only confirmed who they are.
    pub session: Option<SignedIn>,
    pub return_to: ReturnTo,
}

/// With what the provider sends the browser back. What else it sends is passed over.
#[derive(Clone, Deserialize)]
pub struct Answered {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Written by hand so that no log can hold the code.
impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answered").field("error", &self.error).finish_non_exhaustive()
    }
}

/// Begins a sign-in.
pub async fn begin(app: &App, name: &ProviderName, input: BeginOpenId) -> Result<Leaving, Error> {
    leave(app, name, None, input.return_to).await
}

/// Begins to confirm that the caller is known at a provider.
pub async fn begin_link(app: &App, actor: &Actor, input: LinkIdentity) -> Result<Leaving, Error> {
    let session = sign_in::require_fresh(actor)?;
    leave(app, &input.provider, Some((&actor.user.id, session)), input.return_to).await
}

async fn leave(
    app: &App,
    name: &ProviderName,
    person: Option<(&UserId, &SessionId)>,
    return_to: Option<ReturnTo>,
) -> Result<Leaving, Error> {
    let provider = find(app, name)?;
    let client = client_of(app, provider, Fresh::No).await?;
    let flow = Flow::new();
    let now = Timestamp::now();
    let row = FlowRow {
        provider: provider.name.to_string(),
        user: person.map(|(user, _)| user.clone()),
        session: person.map(|(_, session)| session.clone()),
        return_to: return_to.unwrap_or_default().into(),
        expires_at: now.plus_seconds(FLOW_SECONDS),
    };
    let mut tx = app.db.begin().await?;
    db::identity::begin_flow(&mut tx, &flow.hash(), &row, now).await?;
    tx.commit_quietly().await?;
    Ok(Leaving { url: client::leads_to(&client, provider, &flow), browser: flow.secret().clone() })
}

fn find<'a>(app: &'a App, name: &ProviderName) -> Result<&'a Provider, Error> {
    app.config.sign_in.provider(name).ok_or(Error::NotFound("provider"))
}

/// Settings refuse providers without a public URL.
fn redirect(app: &App, provider: &Provider) -> Result<String, Error> {
    let url = app.config.sign_in.public_url.as_ref().ok_or(Error::NotFound("provider"))?;
    Ok(url.join(&format!("/v1/sign-in/oidc/{}/callback", provider.name)))
}

/// Portolan, as the provider knows it, by what the provider says of itself.
async fn client_of(app: &App, provider: &Provider, fresh: Fresh) -> Result<Client, Error> {
    let unasked = |why: Trouble| unasked(provider, &why);
    let metadata = app.issuers.metadata(provider, fresh).await.map_err(unasked)?;
    client::of(provider, &metadata, redirect(app, provider)?).map_err(unasked)
}

/// The cause is for the operator.
fn unasked(provider: &Provider, why: &Trouble) -> Error {
    tracing::warn!(provider = %provider.name, %why, "could not ask a provider");
    Error::refused(
        "provider-unavailable",
        format!("the provider `{}` could not be asked who you are", provider.name),
        "try again in a moment, or sign in another way; the log of Portolan has the cause",
    )
}

fn disbelieved(provider: &Provider, why: Unsound) -> Error {
    tracing::warn!(provider = %provider.name, %why, "did not believe a provider");
    Error::refused(
        "provider-not-believed",
        format!("what the provider `{}` says is not believed: {why}", provider.name),
        "sign in again; if it happens again, ask the operator of Portolan",
    )
}

fn not_begun() -> Error {
    Error::refused(
        "sign-in-not-begun",
        "this browser has not begun this sign-in, or more than 10 minutes ago, or ended it already",
        "begin again",
    )
}

/// Ends what [`begin`] or [`begin_link`] began in the same browser. It can be ended once, however it
/// ends.
pub async fn finish(
    app: &App,
    name: &ProviderName,
    answered: Answered,
    browser: Option<&str>,
    visitor: &Visitor,
) -> Result<Arrived, Error> {
    let provider = find(app, name)?;
    let flow = Flow::from_browser(browser.ok_or_else(not_begun)?);
    let row = take(app, provider, &flow).await?;
    let person = ask(app, provider, &flow, answered).await?;
    let return_to = row.return_to.parse().unwrap_or_default();
    let session = match row.user {
        Some(user) => {
            link(app, provider, &person, &user).await?;
            None
        }
        None => Some(enter(app, provider, &person, visitor).await?),
    };
    Ok(Arrived { session, return_to })
}

async fn take(app: &App, provider: &Provider, flow: &Flow) -> Result<FlowRow, Error> {
    let mut tx = app.db.begin().await?;
    let row = db::identity::take_flow(&mut tx, &flow.hash(), Timestamp::now()).await?;
    tx.commit_quietly().await?;
    row.filter(|row| row.provider == provider.name.as_str()).ok_or_else(not_begun)
}

/// Who the provider says has come.
async fn ask(
    app: &App,
    provider: &Provider,
    flow: &Flow,
    answered: Answered,
) -> Result<Person, Error> {
    let unasked = |why: Trouble| unasked(provider, &why);
    if answered.state.as_deref() != Some(flow.state().as_str()) {
        return Err(not_begun());
    }
    let metadata = app.issuers.metadata(provider, Fresh::No).await.map_err(unasked)?;
    let names_itself =
        metadata.additional_metadata().authorization_response_iss_parameter_supported;
    // Or a provider could pass off a code of another one (RFC 9207).
    match answered.iss.as_deref() {
        None if names_itself => return Err(disbelieved(provider, Unsound::Issuer)),
        Some(other) if other != provider.issuer.as_str() => {
            return Err(disbelieved(provider, Unsound::Issuer));
        }
        None | Some(_) => {}
    }
    if let Some(error) = &answered.error {
        return Err(declined(provider, error));
    }
    let code = answered.code.ok_or_else(|| disbelieved(provider, Unsound::Shape))?;
    let client = client_of(app, provider, Fresh::No).await?;
    let exchanged = app.issuers.exchange(provider, &client, code, &flow.verifier()).await;
    let tokens = exchanged.map_err(unasked)?;
    let token = tokens.id_token().ok_or_else(|| disbelieved(provider, Unsound::Shape))?;
    let judged = judge(app, provider, flow, token).await?;
    let claims = by_name(judged);
    let more = if person::lacks(&claims, provider) {
        let more = app.issuers.userinfo(provider, &client, &tokens, judged.subject()).await;
        more.map_err(unasked)?.as_ref().map_or_else(Map::new, by_name)
    } else {
        Map::new()
    };
    Person::read(&claims, &more, provider).map_err(unasked)
}

/// The error is one of a few words, but a stranger may have written it.
fn declined(provider: &Provider, error: &str) -> Error {
    let word: String = error.chars().filter(char::is_ascii_graphic).take(40).collect();
    Error::refused(
        "provider-declined",
        format!("the provider `{}` did not let you in: {word}", provider.name),
        "begin again, and agree there",
    )
}

/// The claims of a token that is believed. An unknown key is asked for once more: issuers change
/// theirs.
async fn judge<'a>(
    app: &App,
    provider: &Provider,
    flow: &Flow,
    token: &'a IdToken,
) -> Result<&'a IdTokenClaims, Error> {
    let nonce = Nonce::new(flow.nonce());
    let mut judged = Err(Unsound::UnknownKey);
    for fresh in [Fresh::No, Fresh::Yes] {
        let client = client_of(app, provider, fresh).await?;
        judged = id_token::verify(token, &client, &nonce);
        if !matches!(judged, Err(Unsound::UnknownKey)) {
            break;
        }
    }
    judged.map_err(|why| disbelieved(provider, why))
}

/// Lets a person in, into the account that is theirs.
async fn enter(
    app: &App,
    provider: &Provider,
    person: &Person,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    if !person.is_allowed(provider) {
        return Err(Error::Forbidden(format!(
            "the provider `{}` does not say that you have an address of a domain that is let in",
            provider.name
        )));
    }
    let mut tx = app.db.begin().await?;
    let user = account(&mut tx, provider, person).await?;
    roles::apply(&mut tx, provider, &user, &person.groups).await?;
    let whither = (user, None);
    let session = sign_in::enter(app, &mut tx, whither, SignInMethod::OpenId, visitor).await?;
    // Whoever lost their last role is in no team; that they lost it has to last all the same.
    tx.commit().await?;
    session.ok_or_else(sign_in::nowhere)
}

/// The account of a person: the one that is known by issuer and subject, else one that the operator
/// lets them into, else a new one when a team waits for them.
async fn account(
    tx: &mut Transaction,
    provider: &Provider,
    person: &Person,
) -> Result<User, Error> {
    let now = Timestamp::now();
    let known = (provider.issuer.as_str(), person.subject.as_str());
    let said = person.email.as_ref().map(portolan_types::Email::as_str);
    if let Some(user) = db::identity::come(tx, known, said, now).await? {
        return Ok(user);
    }
    let email = person.believed_email(provider).ok_or_else(|| {
        Error::Forbidden(format!(
            "the provider `{}` does not say that your address was verified",
            provider.name
        ))
    })?;
    let user = match db::account::find_by_email(tx, email.as_str()).await? {
        Some(account) if provider.trust_email => account.user,
        Some(_) => return Err(unconfirmed(provider)),
        None if roles::wanted(&provider.roles, &person.groups).is_empty() => {
            return Err(sign_in::nowhere());
        }
        None => {
            let user = User { id: UserId::generate(), email: email.to_string() };
            let taken = |error| Error::on_unique(error, || unconfirmed(provider));
            db::team::insert_user(tx, &user, now).await.map_err(taken)?;
            user
        }
    };
    know(tx, provider, person, &user).await?;
    Ok(user)
}

fn unconfirmed(provider: &Provider) -> Error {
    Error::refused(
        "identity-not-linked",
        format!(
            "there is an account with your address, which has not confirmed yet that it is yours at \
             `{}`",
            provider.name
        ),
        "sign in the other way first, and link the provider there (`POST /v1/identities`)",
    )
}

/// Remembers by what a person is known.
async fn know(
    conn: &mut AnyConnection,
    provider: &Provider,
    person: &Person,
    user: &User,
) -> Result<(), Error> {
    let now = Timestamp::now();
    let identity = Identity {
        id: IdentityId::generate(),
        issuer: provider.issuer.as_str().to_owned(),
        subject: person.subject.clone(),
        email: person.email.as_ref().map(ToString::to_string),
        created_at: now,
        last_used_at: now,
    };
    let taken = |error| {
        Error::on_unique(error, || {
            Error::refused(
                "identity-taken",
                "another account is already known by this at the provider",
                "sign in through the provider to come into that account",
            )
        })
    };
    db::identity::insert(conn, &user.id, &identity).await.map_err(taken)?;
    let message = format!("{} is known at `{}` from now on", user.email, provider.name);
    accounts::tell(conn, events::portolan("sign-in"), user, "identity.linked", &message).await
}

async fn link(app: &App, provider: &Provider, person: &Person, user: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let account = db::account::find(&mut tx, user).await?.ok_or(Error::NotFound("person"))?;
    know(&mut tx, provider, person, &account.user).await?;
    Ok(tx.commit().await?)
}

/// What the caller is known by, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Identity>, Error> {
    let mut conn = app.db.acquire().await?;
    let found = db::identity::list(&mut conn, &actor.user.id, query).await?;
    Ok(page::of(found, query, |identity| (identity.created_at, identity.id.as_str())))
}

/// Forgets by what the caller is known, unless it is their last way in.
pub async fn delete(app: &App, actor: &Actor, id: &IdentityId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let issuer = db::identity::delete(&mut tx, &actor.user.id, id).await?;
    let issuer = issuer.ok_or(Error::NotFound("identity"))?;
    sign_in::ensure_one_left(app, &mut tx, &actor.user.id).await?;
    let message = format!("{} is not known at {issuer} any more", actor.user.email);
    let happened = sessions::happened(actor.team_id(), &actor.user, "identity.unlinked", message);
    events::record(&mut tx, happened.by(actor.author()), Timestamp::now()).await?;
    Ok(tx.commit().await?)
}
