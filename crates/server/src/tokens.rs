//! API tokens: made, listed, revoked, and recognised at each request.

use portolan_types::{
    Abilities, Author, CreateToken, CreatedToken, Credential, Name, Page, PageQuery, Subject, Team,
    TeamId, Timestamp, Token, TokenId, User,
};
use secrecy::ExposeSecret;
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, db,
    db::token::NewToken,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
    rights::Grants,
    vault,
};

/// How long a token lasts when its maker does not say.
pub(crate) const DEFAULT_DAYS: u16 = 90;
const MAX_DAYS: u16 = 3_650;
/// The prefix by which secret scanners find our tokens.
const SECRET_PREFIX: &str = "portolan_";
const TOUCH_AFTER_SECONDS: u64 = 60;

/// Makes a token for the actor. The answer is the only place where its secret is ever seen, so a
/// repetition is refused instead of answered.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateToken,
    repeat: Option<IdempotencyKey>,
) -> Result<CreatedToken, Error> {
    let days = match input.expires_in_days {
        Some(days) if !(1..=MAX_DAYS).contains(&days) => {
            return Err(Error::field("expires_in_days", format!("must be 1 to {MAX_DAYS}")));
        }
        Some(days) => days,
        None => DEFAULT_DAYS,
    };
    let mut tx = app.db.begin().await?;
    let request = ("token", &input);
    let team = actor.team_id();
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, "token").await?;
    if earlier.is_some() {
        return Err(made_already());
    }
    let wanted = Wanted { name: input.name, abilities: input.abilities, days };
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

/// A token about to be made.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub name: Name,
    pub abilities: Abilities,
    pub days: u16,
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
        expires_at: Some(now.plus_seconds(i64::from(wanted.days) * 86_400)),
        last_used_at: None,
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

/// Ends a token at once.
pub async fn delete(app: &App, actor: &Actor, id: &TokenId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let team = actor.team_id();
    let token = db::token::find(&mut tx, team, id).await?.ok_or(Error::NotFound("token"))?;
    if !db::token::delete(&mut tx, team, id).await? {
        return Err(Error::NotFound("token"));
    }
    let by = (actor.author(), actor.user.email.as_str());
    note(&mut tx, team, by, Change::Revoked(&token)).await?;
    Ok(tx.commit().await?)
}

/// What happened to a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    Made(&'a Token),
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
        Change::Revoked(token) => ("token.revoked", "revoked", Some(token), None),
    };
    let (Change::Made(token) | Change::Revoked(token)) = change;
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
pub(crate) async fn authenticate(app: &App, secret_hash: &str) -> Result<Actor, Error> {
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let holder = db::token::find_holder(&mut conn, secret_hash, now)
        .await?
        .ok_or(Error::Unauthenticated("the token is unknown or has expired"))?;
    let stale = |at: Timestamp| at.seconds_until(now) >= TOUCH_AFTER_SECONDS;
    if holder.token.last_used_at.is_none_or(stale) {
        db::token::touch(&mut conn, &holder.token.id, now).await?;
    }
    let db::token::Holder { token, user, team, role } = holder;
    Ok(Actor { user, team, role, credential: Credential::Token(token), grants: Grants::default() })
}
