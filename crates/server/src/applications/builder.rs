//! Which server builds an application's image: the one that was chosen, or a build server of the team
//! where the image has a registry to go through, or the destination's own.

use portolan_types::{
    ApplicationSpec, Destination, DestinationKind, Image, RegistryHost, Right, TeamId,
};
use sqlx::AnyConnection;

use crate::{Actor, Error, db, servers};

/// Images of this beginning are in no registry (`RepositoryUrl::image`).
const NOWHERE: &str = "localhost";

/// Whether an image can be fetched from anywhere.
pub(super) fn has_registry(image: &Image) -> bool {
    RegistryHost::of_image(image.as_str()).is_some_and(|host| host.as_str() != NOWHERE)
}

/// Refuses what was built on a server and is nowhere else.
pub(super) fn check_anywhere(spec: &ApplicationSpec, image: &Image) -> Result<(), Error> {
    if spec.build.is_none() || has_registry(image) {
        return Ok(());
    }
    Err(Error::refused(
        "image-nowhere-else",
        format!("image `{image}` is built on the server that it is on, and is in no registry"),
        "give it a name in a registry (`update_application`) and let a build server send it there, \
         then deploy it",
    ))
}

/// Refuses a server that may not build, and an image that could not come from where it is built.
pub(super) async fn check(
    conn: &mut AnyConnection,
    (actor, destination): (&Actor, &Destination),
    spec: &ApplicationSpec,
) -> Result<(), Error> {
    let Some(build) = &spec.build else { return Ok(()) };
    if destination.kind == DestinationKind::Swarm && !has_registry(&spec.image) {
        let why = format!("the nodes of destination `{}` could not fetch it", destination.name);
        return Err(without_registry(spec, &why));
    }
    let Some(id) = &build.server_id else { return Ok(()) };
    let server = servers::find(conn, actor, id).await?;
    actor.require_on(Right::Use, id)?;
    if !server.build_server {
        return Err(Error::refused(
            "not-a-build-server",
            format!("server `{}` is no build server", server.name),
            "choose one that is, or make it one (`update_server.build_server`)",
        ));
    }
    if has_registry(&spec.image) {
        return Ok(());
    }
    Err(without_registry(spec, &format!("it could not come from server `{}`", server.name)))
}

fn without_registry(spec: &ApplicationSpec, why: &str) -> Error {
    Error::refused(
        "image-without-registry",
        format!("image `{}` names no registry: {why}", spec.image),
        "name it with one, as `registry.example.com/shop`",
    )
}

/// Fills in who builds, for one deployment.
pub(super) async fn choose(
    conn: &mut AnyConnection,
    team: &TeamId,
    spec: &mut ApplicationSpec,
) -> Result<(), Error> {
    if !has_registry(&spec.image) {
        return Ok(());
    }
    if let Some(build) = spec.build.as_mut().filter(|build| build.server_id.is_none()) {
        build.server_id = db::server::find_builder(conn, team).await?;
    }
    Ok(())
}
