//! The second factor: an authenticator's codes, and recovery codes for whoever lost it.

use data_encoding::BASE32_NOPAD;
use portolan_types::{ConfirmTotp, NewTotp, ProveAgain, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;

use super::{require_password, session_of, tell, throttle, totp};
use crate::{
    Actor, App, Error, db,
    sessions::{self, Begun, Visitor},
    vault,
};

const RECOVERY_CODES: usize = 10;
/// 80 bits: nothing that could be guessed, and no longer than can be copied by hand.
const RECOVERY_BYTES: usize = 10;

/// What came of the second factor at a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    NotAsked,
    Proved,
    Missing,
    Wrong,
}

pub(super) fn needed() -> Error {
    Error::NotProven {
        code: "second-factor-needed",
        message: "a code of the authenticator is needed as well, or a recovery code (`code`)",
    }
}

pub(super) fn wrong() -> Error {
    Error::NotProven {
        code: "second-factor-wrong",
        message: "the code is wrong, too old, or was used already",
    }
}

/// Takes a code, once.
pub(super) async fn prove(
    app: &App,
    conn: &mut AnyConnection,
    user: &UserId,
    code: Option<&str>,
) -> Result<Factor, Error> {
    let totp = db::second_factor::find_totp(conn, user).await?;
    let Some(totp) = totp.filter(|totp| totp.confirmed_at.is_some()) else {
        return Ok(Factor::NotAsked);
    };
    let Some(code) = code else { return Ok(Factor::Missing) };
    let code = plain(code);
    let now = Timestamp::now();
    let secret = app.vault.open_sealed(&totp.sealed_secret, &seal_context(user.as_str()))?;
    let taken = match totp::find_step(&secret, &code, now, totp.last_step) {
        Some(step) => db::second_factor::take_step(conn, user, step).await?,
        None => db::second_factor::use_recovery_code(conn, user, &vault::hash(&code), now).await?,
    };
    Ok(if taken { Factor::Proved } else { Factor::Wrong })
}

/// People type codes in groups, and recovery codes in small letters.
fn plain(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase()
}

/// What a sealed secret belongs to.
pub(crate) fn seal_context(user: &str) -> String {
    format!("totp:{user}")
}

/// Begins to set up an authenticator: it is wanted once a code of it was given. One that was begun
/// before is forgotten.
pub async fn begin_totp(app: &App, actor: &Actor) -> Result<NewTotp, Error> {
    let secret = totp::new_secret();
    let sealed = app.vault.seal(&secret, &seal_context(actor.user.id.as_str()))?;
    let mut conn = app.db.acquire().await?;
    let now = Timestamp::now();
    if !db::second_factor::put_totp(&mut conn, &actor.user.id, &sealed, now).await? {
        return Err(Error::refused(
            "totp-set-up-already",
            "an authenticator is set up already",
            "take it away first (`disable_totp`)",
        ));
    }
    let uri = totp::uri(&secret, &actor.user.email);
    let qr = totp::picture(&uri).unwrap_or_default();
    Ok(NewTotp { secret: secret.expose_secret().to_owned(), uri, qr })
}

/// New recovery codes, and the session that takes the place of the one that asked.
pub type Renewed = (Vec<SecretString>, Begun);

/// Wants codes of the authenticator from now on. All sessions of the caller end but the new one.
pub async fn confirm_totp(
    app: &App,
    actor: &Actor,
    input: ConfirmTotp,
    visitor: &Visitor,
) -> Result<Renewed, Error> {
    if let Some(password) = input.password {
        require_password(app, actor, "password", password).await?;
    } else if super::show(app, actor).await?.has_password {
        return Err(Error::field("password", "is needed to add a second factor"));
    }
    let user = &actor.user.id;
    let mut tx = app.db.begin().await?;
    db::account::lock(&mut tx, user).await?;
    let totp = db::second_factor::find_totp(&mut tx, user).await?;
    let totp = totp.filter(|totp| totp.confirmed_at.is_none()).ok_or_else(not_begun)?;
    let secret = app.vault.open_sealed(&totp.sealed_secret, &seal_context(user.as_str()))?;
    let now = Timestamp::now();
    let step = totp::find_step(&secret, &plain(&input.code), now, totp.last_step)
        .ok_or_else(|| Error::field("code", "not a code of this authenticator at this time"))?;
    db::second_factor::take_step(&mut tx, user, step).await?;
    db::second_factor::confirm_totp(&mut tx, user, now).await?;
    let codes = put_recovery_codes(&mut tx, user).await?;
    let message = format!("{} added an authenticator to their account", actor.user.email);
    tell(&mut tx, actor.author(), &actor.user, "user.second-factor-added", &message).await?;
    let begun = sessions::renew(app, &mut tx, actor, visitor).await?;
    tx.commit().await?;
    Ok((codes, begun))
}

fn not_begun() -> Error {
    Error::refused(
        "totp-not-begun",
        "no authenticator is being set up",
        "begin anew (`begin_totp`)",
    )
}

async fn put_recovery_codes(
    conn: &mut AnyConnection,
    user: &UserId,
) -> Result<Vec<SecretString>, Error> {
    let codes: Vec<SecretString> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hash = |code: &SecretString| vault::hash(&plain(code.expose_secret()));
    let hashes: Vec<String> = codes.iter().map(hash).collect();
    db::second_factor::put_recovery_codes(conn, user, &hashes).await?;
    Ok(codes)
}

/// Four groups of four.
fn recovery_code() -> SecretString {
    let bytes: [u8; RECOVERY_BYTES] = rand::random();
    let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
    let groups: Vec<String> = text
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    groups.join("-").into()
}

/// Takes the authenticator away. All sessions of the caller end but the new one.
pub async fn delete_totp(
    app: &App,
    actor: &Actor,
    input: ProveAgain,
    visitor: &Visitor,
) -> Result<Begun, Error> {
    let mut tx = prove_again(app, actor, input).await?;
    db::second_factor::delete(&mut tx, &actor.user.id).await?;
    let message = format!("{} took the authenticator from their account", actor.user.email);
    tell(&mut tx, actor.author(), &actor.user, "user.second-factor-removed", &message).await?;
    let begun = sessions::renew(app, &mut tx, actor, visitor).await?;
    tx.commit().await?;
    Ok(begun)
}

/// Makes new recovery codes; those before are good for nothing any more. All sessions of the caller
/// end but the new one.
pub async fn renew_recovery_codes(
    app: &App,
    actor: &Actor,
    input: ProveAgain,
    visitor: &Visitor,
) -> Result<Renewed, Error> {
    let mut tx = prove_again(app, actor, input).await?;
    let codes = put_recovery_codes(&mut tx, &actor.user.id).await?;
    let message = format!("{} made new recovery codes", actor.user.email);
    tell(&mut tx, actor.author(), &actor.user, "user.recovery-codes-made", &message).await?;
    let begun = sessions::renew(app, &mut tx, actor, visitor).await?;
    tx.commit().await?;
    Ok((codes, begun))
}

/// Password and code, once more: a session that somebody got hold of is not enough. Answers the
/// transaction in which the code was taken.
async fn prove_again(
    app: &App,
    actor: &Actor,
    input: ProveAgain,
) -> Result<db::Transaction, Error> {
    require_password(app, actor, "password", input.password).await?;
    let session = &session_of(actor)?.id;
    let attempt = throttle::admit_again(app, &format!("{session}:code")).await?;
    let mut tx = app.db.begin().await?;
    match prove(app, &mut tx, &actor.user.id, Some(&input.code)).await? {
        Factor::Proved => {
            attempt.succeeded(&mut tx).await?;
            Ok(tx)
        }
        Factor::Wrong | Factor::Missing => {
            Err(Error::field("code", "wrong, too old, or used already"))
        }
        Factor::NotAsked => Err(Error::refused(
            "no-second-factor",
            "no authenticator is set up",
            "set one up (`begin_totp`)",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_read_as_they_are_typed() {
        let code = recovery_code();
        let text = code.expose_secret();
        assert_eq!(text.len(), 19);
        assert_eq!(plain(text).len(), 16);
        assert_eq!(plain(&text.to_uppercase().replace('-', " ")), plain(text));
        assert_ne!(recovery_code().expose_secret(), text);
        assert_eq!(plain("123 456"), "123456");
    }
}
