//! Which login is sent for an image, with its password.
//!
//! Owns the choice, and that a login is never sent to another registry than its own.

use portolan_types::{RegistryHost, RegistryId, TeamId};

use super::seal_context;
use crate::{
    App, Error,
    db::{self, registry::Login},
    host::RegistryLogin,
};

/// The login with which an image is fetched: the chosen one, or the only one that the team has for
/// the image's registry. None where there are several to choose from, and nobody did. A login is
/// never sent to another registry than its own.
pub(crate) async fn login_for(
    app: &App,
    team: &TeamId,
    image: &str,
    chosen: Option<&RegistryId>,
) -> Result<Option<RegistryLogin>, Error> {
    let host = RegistryHost::of_image(image);
    let login = match (chosen, &host) {
        (Some(id), _) => Some(chosen_login(app, team, id, host.as_ref()).await?),
        (None, Some(host)) => only_login(app, team, host).await?,
        (None, None) => None,
    };
    login.map(|login| open(app, login)).transpose()
}

async fn chosen_login(
    app: &App,
    team: &TeamId,
    id: &RegistryId,
    host: Option<&RegistryHost>,
) -> Result<Login, Error> {
    let mut conn = app.db.acquire().await?;
    let login = db::registry::find_login(&mut conn, team, id).await?;
    let login = login.ok_or(Error::NotFound("registry"))?;
    if Some(&login.host) != host {
        return Err(elsewhere(&login));
    }
    Ok(login)
}

fn elsewhere(login: &Login) -> Error {
    Error::refused(
        "registry-elsewhere",
        format!("the login is for `{}`, and the image comes from another registry", login.host),
        "choose a login of the image's registry, or none",
    )
}

async fn only_login(app: &App, team: &TeamId, host: &RegistryHost) -> Result<Option<Login>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut logins = db::registry::list_logins(&mut conn, team, host).await?;
    Ok(if logins.len() == 1 { logins.pop() } else { None })
}

/// What is sent, with the password.
pub(super) fn open(app: &App, login: Login) -> Result<RegistryLogin, Error> {
    let password =
        app.vault.open_sealed(&login.sealed_password, &seal_context(login.id.as_str()))?;
    Ok(RegistryLogin { host: login.host, user: login.user, password })
}
