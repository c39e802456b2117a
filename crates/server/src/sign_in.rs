//! What all ways in have in common: which there are, where they lead, and that one is left.
//!
//! The ways themselves are in `openid` and `passkeys`.

use portolan_types::{
    Role, SessionId, SignIn, SignInMethod, SignInProvider, SignInWays, Team, TeamId, Timestamp,
    User, UserId,
};
use secrecy::SecretString;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, accounts,
    config::Provider,
    db, sessions,
    sessions::{Begun, Visitor},
};

/// Who adds a way in has to have shown who they are so lately.
const FRESH_SECONDS: u64 = 15 * 60;

/// A person who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    pub begun: Begun,
    pub user: User,
    pub team: Team,
    pub role: Role,
    /// For a device that was not known yet.
    pub device: Option<SecretString>,
}

/// The ways in that the operator has opened.
pub fn ways(app: &App) -> SignInWays {
    let shown = |provider: &Provider| SignInProvider {
        name: provider.name.clone(),
        issuer: provider.issuer.as_str().to_owned(),
        begin: format!("/v1/sign-in/oidc/{}", provider.name),
    };
    let config = &app.config.sign_in;
    let domain = config.public_url.as_ref().and_then(|url| url.domain());
    SignInWays {
        passkey: domain.is_some(),
        providers: config.providers.iter().map(shown).collect(),
    }
}

/// A session that somebody else found open is no reason to let them make a way in of their own.
/// Answers the session.
pub(crate) fn require_fresh(actor: &Actor) -> Result<&SessionId, Error> {
    let is_fresh = |one: &&SignIn| one.created_at.seconds_until(Timestamp::now()) < FRESH_SECONDS;
    let fresh = actor.sign_in().filter(is_fresh).map(|sign_in| &sign_in.id);
    fresh.ok_or_else(|| {
        Error::refused(
            "sign-in-again",
            "a way in is only added shortly after signing in",
            "sign in again, and add it within 15 minutes",
        )
    })
}

/// Begins a session for a person who has shown in whatever way who they are: in the team that they
/// name, or the one that they are in for the longest time. Remembers from where they came, so that
/// what strangers try does not slow them there. `None` for whoever is in no team.
pub(crate) async fn enter(
    app: &App,
    conn: &mut AnyConnection,
    (user, team): (User, Option<&TeamId>),
    method: SignInMethod,
    visitor: &Visitor,
) -> Result<Option<SignedIn>, Error> {
    let teams = db::account::list_teams(conn, &user.id).await?;
    if teams.is_empty() {
        return Ok(None);
    }
    let mut teams = teams.into_iter();
    let found = teams.find(|(of, _)| team.is_none_or(|wanted| of.id == *wanted));
    let (team, role) = found.ok_or(Error::NotFound("team"))?;
    let begun = sessions::begin(app, conn, (&user, &team.id), method, visitor).await?;
    let device = accounts::remember_place(conn, &user.id, visitor).await?;
    Ok(Some(SignedIn { begun, user, team, role, device }))
}

/// What is said to whoever is known but in no team.
pub(crate) fn nowhere() -> Error {
    Error::Forbidden("you are in no team: ask somebody of yours for an invitation".into())
}

/// Refuses to leave a person without a way in. Call it before the commit.
pub(crate) async fn ensure_one_left(
    app: &App,
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<(), Error> {
    let config = &app.config.sign_in;
    let account = db::account::find(conn, user).await?;
    if account.is_some_and(|account| account.password_hash.is_some()) {
        return Ok(());
    }
    if ways(app).passkey && !db::passkey::credential_ids(conn, user).await?.is_empty() {
        return Ok(());
    }
    let issuers = db::identity::issuers(conn, user).await?;
    if config.providers.iter().any(|one| issuers.iter().any(|issuer| issuer == one.issuer.as_str()))
    {
        return Ok(());
    }
    Err(Error::refused(
        "last-way-in",
        "this is the only way in that is left to you",
        "add another passkey, a password or a provider first",
    ))
}
