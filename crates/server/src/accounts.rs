//! People as persons: how they sign in, and what they change about that.
//!
//! Owns passwords, second factors, ways back and the bounds on guessing. What a session is, is in
//! `sessions`; what a person may do in a team, elsewhere.

mod passwords;
mod places;
mod reset;
mod second_factor;
mod sign_in;
mod throttle;
mod totp;

use portolan_types::{Account, Author, ChangePassword, Password, SignIn, Timestamp, User};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, db, events,
    sessions::{self, Begun, Visitor},
};

pub(crate) use self::{
    passwords::{Passwords, Verdict},
    places::{
        FORGOTTEN_AFTER_SECONDS as PLACES_FORGOTTEN_AFTER_SECONDS, remember as remember_place,
    },
    reset::{mail as mail_reset, page},
    second_factor::seal_context as totp_context,
    throttle::{FORGOTTEN_AFTER_SECONDS as TALLIES_FORGOTTEN_AFTER_SECONDS, Tally},
};
pub use self::{
    reset::{ResetError, ResetOffer, SecondFactor, ask as ask_reset, offer as offer_reset, redeem},
    second_factor::{Renewed, begin_totp, confirm_totp, delete_totp, renew_recovery_codes},
    sign_in::sign_in,
};

/// What a guesser knows of a person.
pub(crate) fn known_of(email: &str) -> Vec<String> {
    let mut known = vec![email.to_owned(), "portolan".to_owned()];
    known.extend(email.split(['@', '.', '+', '-', '_']).map(str::to_owned));
    known
}

/// How the caller may sign in.
pub async fn show(app: &App, actor: &Actor) -> Result<Account, Error> {
    let mut conn = app.db.acquire().await?;
    let account = find(&mut conn, &actor.user).await?;
    let totp = db::second_factor::find_totp(&mut conn, &actor.user.id).await?;
    let left = db::second_factor::count_recovery_codes(&mut conn, &actor.user.id).await?;
    Ok(Account {
        user: account.user,
        has_password: account.password_hash.is_some(),
        has_totp: totp.is_some_and(|totp| totp.confirmed_at.is_some()),
        recovery_codes_left: left,
    })
}

async fn find(conn: &mut AnyConnection, user: &User) -> Result<db::account::Account, Error> {
    db::account::find(conn, &user.id).await?.ok_or(Error::NotFound("user"))
}

/// Puts a new password in the place of the caller's. All their sessions end; the answer is a new
/// one.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    input: ChangePassword,
    visitor: &Visitor,
) -> Result<Begun, Error> {
    require_password(app, actor, "current", input.current).await?;
    let hash = app.passwords.choose("new", input.new, known_of(&actor.user.email)).await?;
    let mut tx = app.db.begin().await?;
    db::account::set_password(&mut tx, &actor.user.id, &hash).await?;
    db::account::delete_reset(&mut tx, &actor.user.id).await?;
    let message = format!("{} changed their password", actor.user.email);
    tell(&mut tx, actor.author(), &actor.user, "user.password-changed", &message).await?;
    let begun = sessions::renew(app, &mut tx, actor, visitor).await?;
    tx.commit().await?;
    Ok(begun)
}

/// What concerns a person takes a session: the policies of the routes say so.
fn session_of(actor: &Actor) -> Result<&SignIn, Error> {
    actor
        .sign_in()
        .ok_or_else(|| Error::Forbidden("this needs a person who signed in, not a token".into()))
}

/// Who is signed in shows that they still know their password: so often in a session, and no more.
async fn require_password(
    app: &App,
    actor: &Actor,
    field: &'static str,
    password: Password,
) -> Result<(), Error> {
    let attempt = throttle::admit_again(app, session_of(actor)?.id.as_str()).await?;
    let stored = find(&mut *app.db.acquire().await?, &actor.user).await?.password_hash;
    if stored.is_none() {
        return Err(no_password());
    }
    if app.passwords.verify(password, stored).await? == Verdict::Wrong {
        return Err(Error::field(field, "not your password"));
    }
    let mut tx = app.db.begin().await?;
    attempt.succeeded(&mut tx).await?;
    Ok(tx.commit_quietly().await?)
}

fn no_password() -> Error {
    Error::refused(
        "no-password",
        "you have no password yet",
        "choose one by mail (`ask_password_reset`), or by `portolan user reset` on the host",
    )
}

/// Tells all teams of a person what happened to them. Each open stream there looks at its right to
/// read.
pub(crate) async fn tell(
    conn: &mut AnyConnection,
    by: Author,
    user: &User,
    kind: &'static str,
    message: &str,
) -> Result<(), Error> {
    for (team, _) in db::account::list_teams(conn, &user.id).await? {
        let happened = sessions::happened(&team.id, user, kind, message.to_owned());
        events::record(conn, happened.by(by.clone()), Timestamp::now()).await?;
    }
    Ok(())
}
