//! Sessions: begun when a person has shown who they are, recognised at each request, listed and
//! ended.
//!
//! How a person shows it is the affair of whoever calls [`begin`].

use std::{collections::BTreeSet, net::IpAddr};

use portolan_types::{
    Author, Credential, Page, PageQuery, SessionId, SignIn, SignInMethod, Subject, TeamId,
    Timestamp, User,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{
        self,
        session::{NewSession, Still},
    },
    events::{self, Happened},
    host::clean,
    page,
    rights::Grants,
    vault,
};

/// The prefix by which a session's secret is told from a token's, and found by secret scanners.
pub(crate) const SECRET_PREFIX: &str = "portolan_s_";
const TOUCH_AFTER_SECONDS: u64 = 60;
/// Longer than what browsers call themselves.
const LONGEST_USER_AGENT: usize = 200;

/// Who comes from where, as far as a request tells before it is known who it is.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    pub address: Option<IpAddr>,
    /// What the program calls itself: anything at all.
    pub user_agent: Option<String>,
    /// What this device was given when somebody signed in on it.
    pub device: Option<SecretString>,
}

impl Visitor {
    /// The same with a device that it names besides.
    #[must_use]
    pub(crate) fn with_device(self, named: Option<String>) -> Self {
        let device = named.map(SecretString::from).or(self.device);
        Self { device, ..self }
    }
}

/// A session that has just begun. Its secret is seen here and never again.
#[derive(Debug)]
pub struct Begun {
    pub sign_in: SignIn,
    pub secret: SecretString,
}

/// Begins a session for a person who has just shown who they are, in a team that they are in.
pub async fn begin(
    app: &App,
    conn: &mut AnyConnection,
    (user, team): (&User, &TeamId),
    method: SignInMethod,
    visitor: &Visitor,
) -> Result<Begun, Error> {
    let begun = store(app, conn, (user, team), method, visitor).await?;
    let from = begun.sign_in.address.as_deref().unwrap_or("an unknown address");
    let message = format!("{} signed in by {method} from {from}", user.email);
    let happened = happened(team, user, "session.begun", message);
    let entry = happened.by(author(user, &begun.sign_in));
    events::record(conn, entry, Timestamp::now()).await?;
    Ok(begun)
}

/// Puts a new session in the place of the one that asks, and ends all others of the person: after a
/// change of how they sign in.
pub(crate) async fn renew(
    app: &App,
    conn: &mut AnyConnection,
    actor: &Actor,
    visitor: &Visitor,
) -> Result<Begun, Error> {
    let method = actor.sign_in().map_or(SignInMethod::Password, |sign_in| sign_in.method);
    let begun = store(app, conn, (&actor.user, actor.team_id()), method, visitor).await?;
    end_others(conn, actor.author(), &actor.user, Some(&begun.sign_in.id)).await?;
    Ok(begun)
}

async fn store(
    app: &App,
    conn: &mut AnyConnection,
    (user, team): (&User, &TeamId),
    method: SignInMethod,
    visitor: &Visitor,
) -> Result<Begun, Error> {
    let now = Timestamp::now();
    let sign_in = SignIn {
        id: SessionId::generate(),
        method,
        address: visitor.address.map(|address| address.to_string()),
        user_agent: visitor.user_agent.as_deref().map(shortened),
        created_at: now,
        last_used_at: now,
        expires_at: app.config.sessions.end(now),
        current: true,
    };
    let secret = vault::random_secret(SECRET_PREFIX);
    let secret_hash = vault::hash(secret.expose_secret());
    let new = NewSession {
        sign_in: &sign_in,
        team_id: team,
        user_id: &user.id,
        secret_hash: &secret_hash,
    };
    db::session::insert(conn, &new).await?;
    Ok(Begun { sign_in, secret })
}

fn shortened(text: &str) -> String {
    clean(text).chars().take(LONGEST_USER_AGENT).collect()
}

/// A person as the author of what they do with a session.
pub(crate) fn author(user: &User, sign_in: &SignIn) -> Author {
    Author::Person {
        user_id: user.id.clone(),
        email: user.email.clone(),
        token_id: None,
        token_name: None,
        session_id: Some(sign_in.id.clone()),
    }
}

/// Something that happened to a person, as one of their teams is told.
pub(crate) fn happened<'a>(
    team: &'a TeamId,
    user: &'a User,
    kind: &'static str,
    message: String,
) -> Happened<'a> {
    Happened { team, kind, subject: Subject::User(user.id.clone()), name: &user.email, message }
}

/// What it takes now for a session to go on.
pub(crate) fn still(app: &App, now: Timestamp) -> Still {
    Still { now, used_after: app.config.sessions.used_after(now) }
}

/// Whose session it is.
pub(crate) async fn authenticate(app: &App, secret_hash: &str) -> Result<Actor, Error> {
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let db::session::Holder { sign_in, user, team, role, sees } =
        db::session::find_holder(&mut conn, secret_hash, still(app, now))
            .await?
            .ok_or(Error::Unauthenticated("the session is unknown or has ended"))?;
    if sign_in.last_used_at.seconds_until(now) >= TOUCH_AFTER_SECONDS {
        db::session::touch(&mut conn, &sign_in.id, now).await?;
    }
    let credential = Credential::Session(SignIn { current: true, ..sign_in });
    Ok(Actor { user, team, role, sees, credential, grants: Grants::default() })
}

/// The caller's own sessions, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<SignIn>, Error> {
    let mut conn = app.db.acquire().await?;
    let still = still(app, Timestamp::now());
    let mut found = db::session::list(&mut conn, &actor.user.id, still, query).await?;
    for sign_in in &mut found {
        sign_in.current = Some(&sign_in.id) == current(actor);
    }
    Ok(page::of(found, query, |sign_in| (sign_in.created_at, sign_in.id.as_str())))
}

/// The session that the actor asks with.
fn current(actor: &Actor) -> Option<&SessionId> {
    actor.sign_in().map(|sign_in| &sign_in.id)
}

/// Ends the session that asks.
pub async fn end(app: &App, actor: &Actor) -> Result<(), Error> {
    let id = current(actor).ok_or(Error::NotFound("session"))?;
    delete(app, actor, id).await
}

/// Ends one of the caller's own sessions at once, the one that asks included.
pub async fn delete(app: &App, actor: &Actor, id: &SessionId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let team = db::session::delete(&mut tx, &actor.user.id, id).await?;
    let team = team.ok_or(Error::NotFound("session"))?;
    let message = format!("a session of {} was ended by them", actor.user.email);
    let happened = happened(&team, &actor.user, "session.ended", message);
    events::record(&mut tx, happened.by(actor.author()), Timestamp::now()).await?;
    Ok(tx.commit().await?)
}

/// Ends all of the caller's own sessions but the one that asks. Answers how many.
pub async fn delete_others(app: &App, actor: &Actor) -> Result<u64, Error> {
    let mut tx = app.db.begin().await?;
    let ended = end_others(&mut tx, actor.author(), &actor.user, current(actor)).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Ends all sessions of a person but one. Each team that one of them was in is told, which ends open
/// streams at once.
pub(crate) async fn end_others(
    conn: &mut AnyConnection,
    by: Author,
    user: &User,
    kept: Option<&SessionId>,
) -> Result<u64, Error> {
    let ended = db::session::delete_others(conn, &user.id, kept).await?;
    let number = ended.len() as u64;
    for team in ended.into_iter().collect::<BTreeSet<_>>() {
        let message = format!("sessions of {} were ended", user.email);
        let happened = happened(&team, user, "session.ended", message);
        events::record(conn, happened.by(by.clone()), Timestamp::now()).await?;
    }
    Ok(number)
}
