//! What is against a move to another server: what cannot be taken along, and what is taken there.

use portolan_types::{MountSource, Reachability, RouteHost};
use sqlx::AnyConnection;

use super::Wanted;
use crate::{
    Actor, Error,
    applications::{builder, places, ports, word},
    db::{self, route::Assigned},
    servers,
};

pub(super) async fn check(
    conn: &mut AnyConnection,
    actor: &Actor,
    wanted: &Wanted,
) -> Result<(), Error> {
    if wanted.is_on_one_server() {
        return Ok(());
    }
    for id in [&wanted.from().server_id, &wanted.to.server_id] {
        connected(conn, actor, id).await?;
    }
    builder::check_anywhere(&wanted.plan.spec, &wanted.serving.deployment.image)?;
    places::check_new_server(conn, (wanted.from(), &wanted.to)).await?;
    binds(wanted)?;
    ports::check_free(conn, actor, (&wanted.plan.spec.published, &wanted.to)).await?;
    addresses(conn, wanted).await
}

/// Both are worked on.
async fn connected(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &portolan_types::ServerId,
) -> Result<(), Error> {
    let server = servers::find(conn, actor, id).await?;
    if server.reachability == Reachability::Reachable {
        return Ok(());
    }
    Err(Error::refused(
        "server-unreachable",
        format!("server `{}` is {}", server.name, server.reachability),
        "see why it is not reached (`show_server`)",
    ))
}

/// A folder of a host is that host's.
fn binds(wanted: &Wanted) -> Result<(), Error> {
    let bound = wanted.plan.spec.mounts.iter().find_map(|mount| match &mount.source {
        MountSource::Bind(path) => Some(path),
        MountSource::Volume(_) => None,
    });
    let Some(path) = bound else { return Ok(()) };
    let one = wanted.from();
    Err(Error::refused(
        "mounts-a-folder",
        format!(
            "{} `{}` mounts `{path}` of its host, which is not taken along",
            word(one),
            one.name
        ),
        "use a volume instead (`update_application`), and deploy it first",
    ))
}

/// An address of its routes that another route answers for there.
async fn addresses(conn: &mut AnyConnection, wanted: &Wanted) -> Result<(), Error> {
    let scope = wanted.to.server_id.as_str();
    for Assigned { route, .. } in db::route::list_led(conn, &wanted.from().id).await? {
        let host: &RouteHost = &route.host;
        let rivals = db::route::list_claiming(conn, scope, host, None).await?;
        let rival = rivals.iter().map(|row| &row.route).find(|rival| {
            rival.id != route.id && (rival.host != route.host || rival.path == route.path)
        });
        if let Some(rival) = rival {
            return Err(Error::refused(
                "route-exists",
                format!(
                    "`{}` is answered on server `{}` by a route to `{}` already",
                    rival.address(),
                    wanted.to.server_name,
                    rival.target
                ),
                "change one of the two routes first (`update_route`)",
            ));
        }
    }
    Ok(())
}
