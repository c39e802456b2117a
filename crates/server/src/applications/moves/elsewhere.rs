//! What is against a move to another server: what cannot be taken along, and what is taken there.

use portolan_types::{HostPort, MountSource, Reachability, RouteHost};
use sqlx::AnyConnection;

use super::Wanted;
use crate::{
    Actor, Error,
    applications::{builder, word},
    db, servers,
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
    image(wanted)?;
    binds(wanted)?;
    ports(conn, actor, wanted).await?;
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

/// What was built on a server is nowhere else, unless it was sent to a registry.
fn image(wanted: &Wanted) -> Result<(), Error> {
    let image = &wanted.serving.deployment.image;
    if wanted.plan.spec.build.is_none() || builder::has_registry(image) {
        return Ok(());
    }
    Err(Error::refused(
        "image-nowhere-else",
        format!("image `{image}` was built on the server that it is on, and is in no registry"),
        "give it a name in a registry (`update_application`) and let a build server send it there, \
         then deploy it and move it",
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

/// A port of the other host that an application there has.
async fn ports(conn: &mut AnyConnection, actor: &Actor, wanted: &Wanted) -> Result<(), Error> {
    let (asked, to) = (&wanted.plan.spec.published, &wanted.to);
    if asked.is_empty() {
        return Ok(());
    }
    let clashes = |one: &HostPort, other: &HostPort| {
        let addresses = one.address.zip(other.address);
        one.host == other.host
            && one.transport == other.transport
            && addresses.is_none_or(|(one, other)| one == other)
    };
    for row in db::application::list_of_server(conn, actor.team_id(), &to.server_id).await? {
        let has = row.application.spec.published;
        let taken = asked.iter().find(|one| has.iter().any(|other| clashes(one, other)));
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

/// An address of its routes that another route answers for there.
async fn addresses(conn: &mut AnyConnection, wanted: &Wanted) -> Result<(), Error> {
    let scope = wanted.to.server_id.as_str();
    for route in db::route::list_led(conn, &wanted.from().id).await? {
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
