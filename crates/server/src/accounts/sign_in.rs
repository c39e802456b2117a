//! Signing in with a password, and whatever else is asked for.

use portolan_types::{CreateSession, Email, Role, SignInMethod, Team, TeamId, User};
use secrecy::SecretString;
use sqlx::AnyConnection;

use super::{
    Verdict, places,
    second_factor::{self, Factor},
    throttle,
};
use crate::{
    App, Error, db,
    sessions::{self, Begun, Visitor},
};

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

/// Begins a session for whoever knows the password, and has the second factor where there is one.
/// What is not there and what is wrong are answered alike, and as late.
pub async fn sign_in(
    app: &App,
    input: CreateSession,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    let email = Email::folded(&input.email);
    let account = db::account::find_by_email(&mut *app.db.acquire().await?, &email).await?;
    let user = account.as_ref().map(|account| &account.user.id);
    let attempt = throttle::admit(app, &email, user, visitor).await?;
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let verdict = app.passwords.verify(input.password.clone(), stored.clone()).await?;
    let (Some(account), false) = (account, verdict == Verdict::Wrong) else {
        return Err(wrong());
    };
    let mut tx = app.db.begin().await?;
    match second_factor::prove(app, &mut tx, &account.user.id, input.code.as_deref()).await? {
        Factor::NotAsked | Factor::Proved => {}
        Factor::Wrong => return Err(second_factor::wrong()),
        Factor::Missing => {
            drop(tx);
            attempt.take_back(app).await?;
            return Err(second_factor::needed());
        }
    }
    let user = account.user;
    let team = input.team_id.as_ref();
    let signed_in = enter(app, &mut tx, user, team, SignInMethod::Password, visitor).await?;
    attempt.succeeded(&mut tx).await?;
    tx.commit().await?;
    if verdict == Verdict::Outdated {
        renew_hash(app, &signed_in.user, stored, input).await?;
    }
    Ok(signed_in)
}

fn wrong() -> Error {
    Error::NotProven { code: "wrong-password", message: "the address or the password is wrong" }
}

/// The cost of a hash was raised since this one was made.
async fn renew_hash(
    app: &App,
    user: &User,
    stored: Option<String>,
    input: CreateSession,
) -> Result<(), Error> {
    let Some(old) = stored else { return Ok(()) };
    let new = app.passwords.rehash(input.password).await?;
    let mut conn = app.db.acquire().await?;
    Ok(db::account::replace_hash(&mut conn, &user.id, (&old, &new)).await?)
}

/// Begins a session for a person who has shown in whatever way who they are: in the team that they
/// name, or the one that they are in for the longest time. Remembers where they are.
pub async fn enter(
    app: &App,
    conn: &mut AnyConnection,
    user: User,
    team: Option<&TeamId>,
    method: SignInMethod,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    let teams = db::account::list_teams(conn, &user.id).await?;
    if teams.is_empty() {
        return Err(Error::Forbidden("you are in no team: ask an owner to invite you".into()));
    }
    let mut teams = teams.into_iter();
    let found = teams.find(|(of, _)| team.is_none_or(|wanted| of.id == *wanted));
    let (team, role) = found.ok_or(Error::NotFound("team"))?;
    let begun = sessions::begin(app, conn, (&user, &team.id), method, visitor).await?;
    let device = places::remember(conn, &user.id, visitor).await?;
    Ok(SignedIn { begun, user, team, role, device })
}
