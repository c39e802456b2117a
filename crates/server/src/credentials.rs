//! One door for whoever asks: what came with a request is the secret of a token or of a session.
//!
//! Owns how a secret is recognised and whether what it stands for is still good. Tokens are made in
//! `tokens`, sessions in `sessions`.

use std::net::IpAddr;

use portolan_types::{Credential, Timestamp};

use crate::{Actor, App, Error, audit, db, sessions, tokens, vault};

/// Whose secret it is, that came from an address.
pub async fn authenticate(
    app: &App,
    secret: &str,
    address: Option<IpAddr>,
) -> Result<Actor, Error> {
    if secret.starts_with(sessions::SECRET_PREFIX) {
        return authenticate_session(app, secret).await;
    }
    let actor = tokens::authenticate(app, &vault::hash(secret), address).await?;
    audit::known(Some(actor.team_id()), actor.author());
    Ok(actor)
}

/// Whose session it is: where nothing else will do.
pub(crate) async fn authenticate_session(app: &App, secret: &str) -> Result<Actor, Error> {
    let actor = sessions::authenticate(app, &vault::hash(secret)).await?;
    audit::known(Some(actor.team_id()), actor.author());
    Ok(actor)
}

/// Whether what the actor came with has neither ended nor been revoked, and the person is still in
/// the team and sees as much of it as they did.
pub(crate) async fn is_good(app: &App, actor: &Actor) -> Result<bool, Error> {
    let now = Timestamp::now();
    let mut conn = app.db.acquire().await?;
    let whose = (actor.team_id(), &actor.user.id, actor.sees);
    Ok(match &actor.credential {
        Credential::Token(token) => db::token::is_good(&mut conn, whose, &token.id, now).await?,
        Credential::Session(sign_in) => {
            let still = sessions::still(app, now);
            db::session::is_good(&mut conn, whose, &sign_in.id, still).await?
        }
    })
}
