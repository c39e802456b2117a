//! The names of an application on its network: its own, and the aliases of its spec.
//!
//! Unique among applications by the database; what else is on the network is compared as it was last
//! seen.

use portolan_types::{Alias, Application};
use sqlx::AnyConnection;

use crate::{
    Error,
    db::{self, Transaction},
};

/// Says whose a container is: the application's id.
pub(crate) const LABEL_APPLICATION: &str = "dev.portolan.application";

/// All of them, the application's own first.
pub(crate) fn of(application: &Application) -> Vec<Alias> {
    let own = application.name.alias();
    let others = application.spec.aliases.iter().filter(|alias| **alias != own).cloned();
    std::iter::once(own.clone()).chain(others).collect()
}

/// Claims the names of an application on its network, and gives up those that it had.
pub(super) async fn claim(tx: &mut Transaction, application: &Application) -> Result<(), Error> {
    let names = of(application);
    for name in &names {
        check_free(tx, application, name).await?;
    }
    db::application::set_aliases(tx, application, &names)
        .await
        .map_err(|error| Error::on_unique(error, || clash(application, "a name", "another one")))
}

async fn check_free(
    conn: &mut AnyConnection,
    application: &Application,
    name: &Alias,
) -> Result<(), Error> {
    let owner = db::application::find_owner(conn, &application.destination_id, name).await?;
    if let Some((_, owner)) = owner.filter(|(id, _)| *id != application.id) {
        return Err(clash(application, &format!("`{name}`"), &format!("application `{owner}`")));
    }
    match find_stranger(conn, application, name).await? {
        Some(stranger) => {
            Err(clash(application, &format!("`{name}`"), &format!("container `{stranger}`")))
        }
        None => Ok(()),
    }
}

/// A container on the network, as it was last seen, that answers to a name and is no application's:
/// the names of those are in the database.
async fn find_stranger(
    conn: &mut AnyConnection,
    application: &Application,
    name: &Alias,
) -> Result<Option<String>, Error> {
    let seen = db::sighting::find(conn, &application.server_id).await?;
    let network = db::destination::find_network(conn, &application.destination_id).await?;
    let (Some(seen), Some(network)) = (seen, network) else { return Ok(None) };
    let stranger = seen.sighting.containers.iter().find(|one| {
        let place = one.attachments.iter().find(|place| place.key == network);
        one.application.is_none()
            && place.is_some_and(|place| {
                one.member.name.eq_ignore_ascii_case(name.as_str())
                    || place.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name.as_str()))
            })
    });
    Ok(stranger.map(|one| one.member.name.clone()))
}

fn clash(application: &Application, name: &str, owner: &str) -> Error {
    let place = application.destination_name.as_ref().map_or("it", |name| name.as_str());
    Error::refused(
        "alias-taken",
        format!("{name} is a name of {owner} on destination `{place}` already"),
        "choose another name or alias, or another destination",
    )
}
