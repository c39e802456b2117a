//! API tokens: made, listed, narrowed, revoked, and recognised at each request.

mod limits;

use std::net::IpAddr;

use portolan_types::{
    Abilities, Author, CreateToken, CreatedToken, Credential, Name, Page, PageQuery, Subject, Team,
    TeamId, Timestamp, Token, TokenAddresses, TokenId, UpdateToken, User,
};
use secrecy::ExposeSecret;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, audit, db,
    db::token::{Holder, NewToken},
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
    rights::Grants,
    vault,
};

use limits::{Asked, Limits};

/// How long a token lasts when its maker does not say.
pub(crate) const DEFAULT_DAYS: u16 = 90;
const MAX_DAYS: u16 = 3_650;
/// The prefix by which secret scanners find our tokens.
const SECRET_PREFIX: &str = "portolan_";
const TOUCH_AFTER_SECONDS: u64 = 60;
const UNKNOWN: &str = "the token is unknown or has expired";

/// Makes a token for the actor. The answer is the only place where its secret is ever seen, so a
/// repetition is refused instead of answered.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateToken,
    repeat: Option<IdempotencyKey>,
) -> Result<CreatedToken, Error> {
    let asked = Asked { days: input.expires_in_days.is_some() };
    let limits = Limits {
        abilities: input.abilities.clone(),
        expires_at: limits::end(input.expires_in_days)?,
        addresses: input.addresses.clone(),
    };
    let limits = limits::within(actor, asked, limits)?;
    let mut tx = app.db.begin().await?;
    let request = ("token", &input);
    let team = actor.team_id();
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, "token").await?;
    if earlier.is_some() {
        return Err(made_already());
    }
    let Limits { abilities, expires_at, addresses } = limits;
    let wanted = Wanted { name: input.name, abilities, expires_at, addresses };
    let created = mint(&mut tx, &actor.team, &actor.user, wanted).await?;
    let by = (actor.author(), actor.user.email.as_str());
    note(&mut tx, team, by, Change::Made(&created.token)).await?;
    tx.commit().await?;
    Ok(created)
}

fn made_already() -> Error {
    Error::refused(
        "token-made-already",
        "this request has made its token already, and the secret cannot be shown again",
        "if the first answer was lost, revoke that token and make another with a new key",
    )
}

/// When a token ends that nobody says an end for.
pub(crate) fn usual_end(now: Timestamp) -> Timestamp {
    now.plus_seconds(i64::from(DEFAULT_DAYS) * 86_400)
}

/// A token about to be made.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub name: Name,
    pub abilities: Abilities,
    pub expires_at: Timestamp,
    pub addresses: Option<TokenAddresses>,
}

/// Makes a token and its secret, and stores the hash of it.
pub(crate) async fn mint(
    conn: &mut AnyConnection,
    team: &Team,
    user: &User,
    wanted: Wanted,
) -> Result<CreatedToken, Error> {
    let now = Timestamp::now();
    let token = Token {
        id: TokenId::generate(),
        name: wanted.name,
        abilities: wanted.abilities,
        email: user.email.clone(),
        expires_at: Some(wanted.expires_at),
        last_used_at: None,
        last_used_address: None,
        addresses: wanted.addresses,
        created_at: now,
    };
    let secret = vault::random_secret(SECRET_PREFIX);
    let new = NewToken {
        token: &token,
        team_id: &team.id,
        user_id: &user.id,
        secret_hash: &vault::hash(secret.expose_secret()),
    };
    db::token::insert(conn, &new).await?;
    Ok(CreatedToken { token, secret: secret.expose_secret().to_owned() })
}

/// The team's tokens, without their secrets.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Token>, Error> {
    let mut conn = app.db.acquire().await?;
    let tokens = db::token::list(&mut conn, actor.team_id(), query).await?;
    Ok(page::of(tokens, query, |token| (token.created_at, token.id.as_str())))
}

/// Narrows a token, or renames it; whoever follows events with it is asked again at once.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &TokenId,
    edit: UpdateToken,
) -> Result<Token, Error> {
    let mut tx = app.db.begin().await?;
    let team = actor.team_id();
    let before = db::token::find(&mut tx, team, id).await?.ok_or(Error::NotFound("token"))?;
    let after = limits::narrowed(&before, edit)?;
    if !db::token::update(&mut tx, team, &after).await? {
        return Err(Error::NotFound("token"));
    }
    let by = (actor.author(), actor.user.email.as_str());
    note(&mut tx, team, by, Change::Edited { before: &before, after: &after }).await?;
    tx.commit().await?;
    Ok(after)
}

/// Ends a token at once.
pub async fn delete(app: &App, actor: &Actor, id: &TokenId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    revoke(&mut tx, actor, id).await?;
    Ok(tx.commit().await?)
}

/// The same, with what somebody does besides.
pub(crate) async fn revoke(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &TokenId,
) -> Result<(), Error> {
    let team = actor.team_id();
    let token = db::token::find(conn, team, id).await?.ok_or(Error::NotFound("token"))?;
    if !db::token::delete(conn, team, id).await? {
        return Err(Error::NotFound("token"));
    }
    let by = (actor.author(), actor.user.email.as_str());
    note(conn, team, by, Change::Revoked(&token)).await
}

/// Makes a token for something of Portolan's that acts for the actor, for as long as tokens last.
/// Nobody is shown its secret: it is found by its id (`stand_in`).
pub(crate) async fn mint_for_long(
    conn: &mut AnyConnection,
    actor: &Actor,
    name: Name,
    abilities: Abilities,
) -> Result<Token, Error> {
    let limits = Limits { abilities, expires_at: limits::end(Some(MAX_DAYS))?, addresses: None };
    let Limits { abilities, expires_at, addresses } =
        limits::within(actor, Asked { days: false }, limits)?;
    let wanted = Wanted { name, abilities, expires_at, addresses };
    let token = mint(conn, &actor.team, &actor.user, wanted).await?.token;
    let by = (actor.author(), actor.user.email.as_str());
    note(conn, actor.team_id(), by, Change::Made(&token)).await?;
    Ok(token)
}

/// What happened to a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    Made(&'a Token),
    Edited { before: &'a Token, after: &'a Token },
    Revoked(&'a Token),
}

/// Writes down what somebody did to a token; its secret is nowhere near.
pub(crate) async fn note(
    conn: &mut AnyConnection,
    team: &TeamId,
    (author, email): (Author, &str),
    change: Change<'_>,
) -> Result<(), Error> {
    let (kind, what, before, after) = match change {
        Change::Made(token) => ("token.created", "created", None, Some(token)),
        Change::Edited { before, after } => ("token.edited", "edited", Some(before), Some(after)),
        Change::Revoked(token) => ("token.revoked", "revoked", Some(token), None),
    };
    let (Change::Made(token) | Change::Edited { after: token, .. } | Change::Revoked(token)) =
        change;
    let happened = Happened {
        team,
        kind,
        subject: Subject::Token(token.id.clone()),
        name: token.name.as_str(),
        message: format!("token `{}` of {} was {what} by {email}", token.name, token.email),
    };
    let entry = happened.by(author).change(&before, &after);
    Ok(events::record(conn, entry, Timestamp::now()).await?)
}

/// A person as the author of what they do with a token.
pub(crate) fn author(user: &User, token: &Token) -> Author {
    Author::Person {
        user_id: user.id.clone(),
        email: user.email.clone(),
        token_id: Some(token.id.clone()),
        token_name: Some(token.name.clone()),
        session_id: None,
    }
}

/// Whose token it is.
pub(crate) async fn authenticate(
    app: &App,
    secret_hash: &str,
    address: Option<IpAddr>,
) -> Result<Actor, Error> {
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let unknown = Error::Unauthenticated(UNKNOWN);
    let holder = db::token::find_holder(&mut conn, secret_hash).await?.ok_or(unknown)?;
    check(&holder, now, address)?;
    used(&mut conn, &holder.token, now, address).await?;
    Ok(holder.into())
}

/// Whoever has a token that something of Portolan's acts by, if it is good now.
pub(crate) async fn stand_in(app: &App, id: &TokenId) -> Result<Actor, Error> {
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let unknown = Error::Unauthenticated(UNKNOWN);
    let holder = db::token::find_holder_of(&mut conn, id).await?.ok_or(unknown)?;
    check(&holder, now, None)?;
    used(&mut conn, &holder.token, now, None).await?;
    Ok(holder.into())
}

async fn used(
    conn: &mut AnyConnection,
    token: &Token,
    now: Timestamp,
    address: Option<IpAddr>,
) -> Result<(), Error> {
    let stale = |at: Timestamp| at.seconds_until(now) >= TOUCH_AFTER_SECONDS;
    if token.last_used_at.is_none_or(stale) {
        db::token::touch(conn, &token.id, now, address).await?;
    }
    Ok(())
}

impl From<Holder> for Actor {
    fn from(holder: Holder) -> Self {
        let Holder { token, user, team, role, sees } = holder;
        let credential = Credential::Token(token);
        Self { user, team, role, sees, credential, grants: Grants::default() }
    }
}

/// Whether a token is good now and here. Whose it is, is known either way: a refusal is in the audit.
fn check(holder: &Holder, now: Timestamp, address: Option<IpAddr>) -> Result<(), Error> {
    let token = &holder.token;
    let why = if token.expires_at.is_some_and(|end| end <= now) {
        UNKNOWN
    } else if !may_come_from(token, address) {
        "the token may not be used from here"
    } else {
        return Ok(());
    };
    audit::known(Some(&holder.team.id), author(&holder.user, token));
    Err(Error::Unauthenticated(why))
}

fn may_come_from(token: &Token, address: Option<IpAddr>) -> bool {
    let Some(allowed) = &token.addresses else { return true };
    address.is_some_and(|address| allowed.contain(address))
}
