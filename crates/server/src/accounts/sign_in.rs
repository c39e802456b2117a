//! Signing in with a password, and whatever else is asked for.

use portolan_types::{CreateSession, Email, SignInMethod, User};

use super::{
    Verdict,
    second_factor::{self, Factor},
    throttle,
};
use crate::{
    App, Error, db,
    sessions::Visitor,
    sign_in::{SignedIn, enter, nowhere},
};

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
    let whither = (account.user, input.team_id.as_ref());
    let entered = enter(app, &mut tx, whither, SignInMethod::Password, visitor).await?;
    let signed_in = entered.ok_or_else(nowhere)?;
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
