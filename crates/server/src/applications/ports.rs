//! Ports of a host that applications have.

use portolan_types::{Destination, HostPort};
use sqlx::AnyConnection;

use crate::{Actor, Error, db};

/// Refuses ports of a destination's server that an application there has.
pub(super) async fn check_free(
    conn: &mut AnyConnection,
    actor: &Actor,
    (asked, to): (&[HostPort], &Destination),
) -> Result<(), Error> {
    if asked.is_empty() {
        return Ok(());
    }
    for row in db::application::list_of_server(conn, actor.team_id(), &to.server_id).await? {
        let has = row.application.spec.published;
        let taken = asked.iter().find(|one| has.iter().any(|other| clash(one, other)));
        if let Some(taken) = taken {
            return Err(Error::refused(
                "port-taken",
                format!(
                    "port {} of server `{}` is published by `{}` already",
                    taken.host, to.server_name, row.application.name
                ),
                "publish another port (`update_application`), and deploy it first",
            ));
        }
    }
    Ok(())
}

/// One without an address is had at all of them.
fn clash(one: &HostPort, other: &HostPort) -> bool {
    let addresses = one.address.zip(other.address);
    one.host == other.host
        && one.transport == other.transport
        && addresses.is_none_or(|(one, other)| one == other)
}
