//! The way back for whoever forgot their password: a secret that works once, for an hour. By mail
//! when it is asked for, or on the host.

use data_encoding::BASE32_NOPAD;
use portolan_types::{AskPasswordReset, DeliveryId, Email, ResetPassword, Timestamp, User};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;
use zeroize::Zeroizing;

use super::{known_of, tell, throttle};
use crate::{
    App, Config, Error,
    db::{
        self, Db,
        offline::{self, OfflineError},
    },
    events,
    notifiers::{Letter, Receiver},
    sessions::{self, Visitor},
    vault,
};

const PREFIX: &str = "portolan_r_";
const CODE_BYTES: usize = 20;
const LIFETIME_SECONDS: i64 = 3_600;
/// Nobody gets a second mail before, whoever asks.
const PAUSE_SECONDS: i64 = 300;

/// Asks for a mail with a way back. The answer is the same for every address: whether there is an
/// account is looked up later, by `mail`.
pub async fn ask(app: &App, input: AskPasswordReset, visitor: &Visitor) -> Result<(), Error> {
    if !app.post.has_mail() {
        return Err(Error::refused(
            "no-mail",
            "Portolan has no mail server",
            "whoever runs it can let you in: `portolan user reset --email ADDRESS` on the host",
        ));
    }
    throttle::admit_address(app, "reset", visitor).await?;
    app.ask_reset(Email::folded(&input.email))
}

/// Sends the mail that was asked for, if there is such an account.
pub(crate) async fn mail(app: &App, email: &str) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let Some(account) = db::account::find_by_email(&mut tx, email).await? else { return Ok(()) };
    let user = account.user;
    let now = Timestamp::now();
    let recent = now.plus_seconds(LIFETIME_SECONDS - PAUSE_SECONDS);
    let end = db::account::find_reset_end(&mut tx, &user.id).await?;
    if end.is_some_and(|end| end > recent) {
        return Ok(());
    }
    let secret = put(&mut tx, &user, now).await?;
    let message = format!("a new password for {} was asked for by mail", user.email);
    let by = events::portolan("password reset");
    tell(&mut tx, by, &user, "user.password-reset-asked", &message).await?;
    tx.commit().await?;
    send(app, &user, &secret).await;
    Ok(())
}

async fn put(
    conn: &mut AnyConnection,
    user: &User,
    now: Timestamp,
) -> Result<SecretString, sqlx::Error> {
    let secret = new_code();
    let expires_at = now.plus_seconds(LIFETIME_SECONDS);
    let hash = vault::hash(secret.expose_secret());
    db::account::put_reset(conn, &user.id, &hash, expires_at).await?;
    Ok(secret)
}

/// 160 bits in few characters: people copy it, and a line of a mail has to hold it.
fn new_code() -> SecretString {
    let bytes: Zeroizing<[u8; CODE_BYTES]> = Zeroizing::new(rand::random());
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&*bytes).to_lowercase()).into()
}

/// Once: whoever gets no mail asks again.
async fn send(app: &App, user: &User, secret: &SecretString) {
    let sent = match user.email.parse::<Email>() {
        Ok(to) => {
            let text = letter(app, &user.email, secret);
            let id = DeliveryId::generate();
            let letter = Letter { id: &id, title: "a new password", text: &text, body: "" };
            app.post.send(&Receiver::Email { to: vec![to] }, &letter).await.map(drop)
        }
        Err(invalid) => Err(crate::notifiers::Refusal::because(invalid.to_string())),
    };
    if let Err(refusal) = sent {
        // The mail server's words may hold the address, which is not for the log.
        let cause = refusal.words.replace(&user.email, "the address");
        tracing::warn!(user.id = %user.id, cause, "could not send the mail for a new password");
    }
}

fn letter(app: &App, email: &str, secret: &SecretString) -> String {
    let code = secret.expose_secret();
    let page = page(app, &format!("/password-reset#{code}"));
    format!(
        "Somebody asked for a new password for {email} at Portolan.\n\
         \n\
         This code is good for it, once, within an hour:\n\
         \n    {code}\n\
         \n\
         {page}Use it on the command line with\n\
         \n    portolan user password --with-code\n\
         \n\
         If it was not you, do nothing: nothing was changed.\n"
    )
}

/// Where a browser goes, if it is known where that is. What is behind the `#` is sent to nobody.
pub(crate) fn page(app: &App, path: &str) -> String {
    let url = app.config.sign_in.public_url.as_ref().map(|url| url.join(path));
    url.map_or_else(String::new, |url| format!("Use it in a browser:\n\n    {url}\n\n"))
}

/// Puts a new password in the place of the forgotten one. All sessions end; the second factor stays
/// as it is.
pub async fn redeem(app: &App, input: ResetPassword) -> Result<(), Error> {
    let hash = vault::hash(input.code.trim());
    let now = Timestamp::now();
    let account = db::account::find_by_reset(&mut *app.db.acquire().await?, &hash, now).await?;
    let user = account.ok_or_else(spent)?.user;
    // Before the code is used up: a weak password must not cost it.
    let password = app.passwords.choose("new", input.new, known_of(&user.email)).await?;
    let mut tx = app.db.begin().await?;
    if !db::account::redeem_reset(&mut tx, &hash, Timestamp::now()).await? {
        return Err(spent());
    }
    db::account::set_password(&mut tx, &user.id, &password).await?;
    db::place::delete_all(&mut tx, &user.id).await?;
    let by = events::portolan("password reset");
    let message = format!("the password of {} was reset", user.email);
    tell(&mut tx, by.clone(), &user, "user.password-reset", &message).await?;
    sessions::end_others(&mut tx, by, &user, None).await?;
    Ok(tx.commit().await?)
}

fn spent() -> Error {
    Error::NotProven {
        code: "reset-code-wrong",
        message: "the code is wrong, has expired or was used",
    }
}

/// What becomes of the second factor of a person who is let in again from the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    Keep,
    Remove,
}

/// A way back that was made on the host.
#[derive(Debug)]
pub struct ResetOffer {
    pub email: String,
    pub code: SecretString,
    pub expires_at: Timestamp,
}

/// Why no way back could be made on the host.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error(transparent)]
    Offline(#[from] OfflineError),

    #[error("nobody has the address {0}")]
    Nobody(String),

    #[error("the database could not be read or written: {0}")]
    Database(#[from] sqlx::Error),

    #[error(transparent)]
    Operation(#[from] Error),
}

/// Makes a way back on the host, beside the control plane or without it.
pub async fn offer(
    config: &Config,
    email: &str,
    second_factor: SecondFactor,
) -> Result<ResetOffer, ResetError> {
    let db = offline::open(config).await?;
    let offered = offer_in(&db, email, second_factor).await;
    db.close().await;
    offered
}

async fn offer_in(
    db: &Db,
    email: &str,
    second_factor: SecondFactor,
) -> Result<ResetOffer, ResetError> {
    let email = Email::folded(email);
    let mut tx = db.begin().await?;
    let account = db::account::find_by_email(&mut tx, &email).await?;
    let user = account.ok_or_else(|| ResetError::Nobody(email.clone()))?.user;
    let now = Timestamp::now();
    let code = put(&mut tx, &user, now).await?;
    let by = events::portolan("user reset");
    let message = format!("a way back for {email} was made on the host");
    tell(&mut tx, by.clone(), &user, "user.password-reset-offered", &message).await?;
    if second_factor == SecondFactor::Remove {
        db::second_factor::delete(&mut tx, &user.id).await?;
        let message = format!("the authenticator of {email} was taken away on the host");
        tell(&mut tx, by.clone(), &user, "user.second-factor-removed", &message).await?;
        sessions::end_others(&mut tx, by, &user, None).await?;
    }
    tx.commit().await?;
    Ok(ResetOffer { email, code, expires_at: now.plus_seconds(LIFETIME_SECONDS) })
}
