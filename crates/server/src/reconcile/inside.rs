//! A container that somebody means, on its host: whether it is there and is the one.

use std::sync::Arc;

use portolan_types::Destination;

use crate::{
    Error,
    container::Place,
    destinations::placement,
    host::{ContainerDetail, Host, HostError, label},
};

/// The container, where there is a connection and it is where the rows have it.
pub(super) async fn find(
    host: Option<Arc<dyn Host>>,
    place: &Place,
) -> Result<(Arc<dyn Host>, ContainerDetail), Error> {
    let host = host.ok_or_else(|| placement::unreachable(&place.server))?;
    let found = host.find_container(place.container.as_str()).await;
    let found = found.map_err(|error| refused(place, &error))?;
    let it = found.filter(|one| is_meant(one, place));
    it.map(|one| (host, one)).ok_or_else(|| missing(place))
}

fn missing(place: &Place) -> Error {
    let Some(application) = &place.application else { return Error::NotFound("container") };
    Error::refused(
        "container-missing",
        format!("container `{}` of application `{}` is gone", place.container, application.name),
        "make it again (`start_application`), or deploy anew (`deploy_application`)",
    )
}

/// One that was made by hand may have the name of an application's.
fn is_meant(container: &ContainerDetail, place: &Place) -> bool {
    match &place.application {
        Some(application) => {
            let of = container.labels.get(label::APPLICATION);
            of.is_some_and(|of| of == application.id.as_str())
        }
        None => is_on(container, &place.destination),
    }
}

fn is_on(container: &ContainerDetail, destination: &Destination) -> bool {
    let id = destination.observed.as_ref().map_or("", |observed| observed.docker_id.as_str());
    container.endpoint(id, destination.network.as_str()).is_some()
}

/// One that does not run has nothing inside.
pub(super) fn check_runs(place: &Place, container: &ContainerDetail) -> Result<(), Error> {
    if container.is_running() {
        return Ok(());
    }
    let start = if place.application.is_some() {
        "start the application (`start_application`)"
    } else {
        "start it on its host"
    };
    Err(Error::refused(
        "container-not-running",
        format!("container `{}` does not run", place.container),
        start,
    ))
}

/// Why it could not be read.
pub(super) fn refused(place: &Place, error: &HostError) -> Error {
    let (container, server) = (&place.container, &place.server.name);
    Error::refused(
        "not-read",
        format!("could not read container `{container}` on server `{server}`: {error}"),
        error.remedy(),
    )
}
