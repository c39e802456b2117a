//! One container that somebody means: on a destination by its name, or the one that serves an
//! application.
//!
//! Owns how it is found in the rows and which rights count for it. Whether it is on its host is found
//! out there (`reconcile::inside`).

use portolan_types::{
    Application, ApplicationId, ContainerName, Destination, DestinationId, GrantedOn, Reachability,
    Server, Subject, TeamId, TerminalSwitch,
};

use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, credentials, db,
    destinations::{self, placement},
    host::HostContainer,
    policy::Policy,
    rights::{self, Visible},
    servers,
};

/// How a container is named.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    On(&'a DestinationId, &'a ContainerName),
    /// The one that serves.
    Of(&'a ApplicationId),
}

impl Named<'_> {
    /// Its name, or what it is found by.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::On(_, container) => container.as_str(),
            Self::Of(application) => application.as_str(),
        }
    }
}

/// A container with where it is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub container: ContainerName,
    pub destination: Destination,
    pub server: Server,
    /// Where it is meant as the one that serves: the rights in its project count.
    pub application: Option<Application>,
}

impl Place {
    /// Where the right to it is.
    pub(crate) fn granted_on(&self) -> GrantedOn {
        match &self.application {
            Some(application) => (&application.project_id).into(),
            None => (&self.server.id).into(),
        }
    }

    /// What work on it is about.
    pub(crate) fn subject(&self) -> (Subject, &str) {
        if let Some(one) = &self.application {
            return (Subject::Application(one.id.clone()), one.name.as_str());
        }
        let destination = &self.destination;
        (Subject::Destination(destination.id.clone()), destination.name.as_str())
    }
}

/// The container as the actor may know of it, on a server that answers.
pub(crate) async fn find(app: &App, actor: &Actor, named: Named<'_>) -> Result<Place, Error> {
    let place = match named {
        Named::On(destination, container) => on(app, actor, destination, container).await?,
        Named::Of(application) => serving(app, actor.visible(), application).await?,
    };
    match place.server.reachability {
        Reachability::Reachable => Ok(place),
        Reachability::Unknown | Reachability::Unreachable => {
            Err(placement::unreachable(&place.server))
        }
    }
}

async fn on(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    container: &ContainerName,
) -> Result<Place, Error> {
    let mut conn = app.db.acquire().await?;
    let destination = destinations::find(&mut conn, actor, id).await?;
    let server = servers::find(&mut conn, actor, &destination.server_id).await?;
    Ok(Place { container: container.clone(), destination, server, application: None })
}

/// The one that serves an application, whether or not its server answers. Who sees an application need
/// not see where it runs.
pub(crate) async fn serving(
    app: &App,
    visible: Visible<'_>,
    id: &ApplicationId,
) -> Result<Place, Error> {
    let mut conn = app.db.acquire().await?;
    let found = db::application::find(&mut conn, visible, id).await?;
    let application = found.ok_or(Error::NotFound("application"))?.application;
    let container = application.container.clone().ok_or_else(|| nothing_serves(&application))?;
    let whole = Visible::whole(visible.team());
    let destination = db::destination::find(&mut conn, whole, &application.destination_id).await?;
    let destination = destination.ok_or(Error::NotFound("destination"))?;
    let server = db::server::find(&mut conn, whole, &destination.server_id).await?;
    let server = server.ok_or(Error::NotFound("server"))?;
    let (container, server) = if application.is_service() {
        replica(&mut conn, visible.team(), (&application, server)).await?
    } else {
        (container, server)
    };
    Ok(Place { container, destination, server, application: Some(application) })
}

/// A replica on a node that is a server here and answers, as it was seen last: the one of the
/// destination's own server, where it runs one.
async fn replica(
    conn: &mut AnyConnection,
    team: &TeamId,
    (application, own): (&Application, Server),
) -> Result<(ContainerName, Server), Error> {
    let mut servers = servers::companions(conn, team, &own).await?;
    servers.sort_by_key(|one| one.id != own.id);
    for server in servers.into_iter().filter(|one| one.reachability == Reachability::Reachable) {
        let Some(seen) = db::sighting::find(conn, &server.id).await? else { continue };
        let runs = |one: &&HostContainer| {
            one.application.as_deref() == Some(application.id.as_str())
                && one.member.state == "running"
        };
        let found = seen.sighting.containers.iter().find(runs);
        if let Some(name) = found.and_then(|one| one.member.name.parse().ok()) {
            return Ok((name, server));
        }
    }
    Err(Error::refused(
        "no-replica-here",
        format!("no replica of application `{}` runs on a server that answers", application.name),
        "see where they run (`list_application_tasks`), and add those nodes as servers",
    ))
}

fn nothing_serves(application: &Application) -> Error {
    Error::refused(
        "never-deployed",
        format!("application `{}` was never deployed: it has no container", application.name),
        "deploy it (`deploy_application`)",
    )
}

/// Whoever turns terminals of a server off lets nobody into its containers either.
pub(crate) fn check_may_be_entered(server: &Server) -> Result<(), Error> {
    match server.terminal {
        TerminalSwitch::On => Ok(()),
        TerminalSwitch::Off => Err(Error::refused(
            "terminal-off",
            format!(
                "terminals on server `{}` are turned off, and with them programs in its containers",
                server.name
            ),
            "an admin turns them on (`update_server.terminal`)",
        )),
    }
}

/// Whether what somebody came with stands, and they have the right to the container now.
pub(crate) async fn may_go_on(
    app: &App,
    before: &Actor,
    place: &Place,
    policy: Policy,
) -> Result<bool, Error> {
    if !credentials::is_good(app, before).await? {
        return Ok(false);
    }
    let mut conn = app.db.acquire().await?;
    let role = db::member::find_role(&mut conn, before.team_id(), &before.user.id).await?;
    let Some(role) = role else { return Ok(false) };
    let mut actor = Actor { role, ..before.clone() };
    actor.grants = rights::read(&mut conn, &actor).await?;
    let visible = actor.visible();
    let is_there = if let Some(one) = &place.application {
        db::application::find(&mut conn, visible, &one.id).await?.is_some()
    } else {
        db::destination::find(&mut conn, visible, &place.destination.id).await?.is_some()
    };
    let has_right =
        policy.right().is_none_or(|right| actor.require_on(right, place.granted_on()).is_ok());
    Ok(is_there && has_right && actor.require(policy).is_ok())
}
