//! Whether a server can take a destination, and of which kind it is. Each refusal names its cause.

use portolan_types::{
    DestinationKind, Failure, NetworkOptions, Reachability, Right, Server, ServerKind, ServerState,
    TeamId,
};
use sqlx::AnyConnection;

use super::{preview::as_failure, swarm::is_able};
use crate::{Actor, App, Error, servers};

/// Where a destination goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placement {
    pub kind: DestinationKind,
    /// The swarm, for an overlay.
    pub cluster_id: Option<String>,
}

/// The kind that the server implies. A kind sent by the caller must be the same.
pub(super) async fn check(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &Server,
    asked: Option<DestinationKind>,
) -> Result<Placement, Error> {
    check_fit(server)?;
    let companions = servers::companions(conn, team, server).await?;
    let placement = judge(server, &companions)?;
    let kind = placement.kind;
    if asked.is_some_and(|asked| asked != kind) {
        return Err(Error::field(
            "kind",
            format!("the kind is derived: server `{}` implies `{kind}`", server.name),
        ));
    }
    Ok(placement)
}

/// What a server implies, beside those of its swarm.
fn judge(server: &Server, companions: &[Server]) -> Result<Placement, Error> {
    check_fit(server)?;
    if server.reachability != Reachability::Reachable && !goes_on(server, companions) {
        return Err(unreachable(server));
    }
    derived(server, companions)
}

/// A server as a place for a destination.
#[derive(Debug, Clone)]
pub struct Offer {
    pub server: Server,
    /// The kind of destination that it takes, or why it takes none from the actor now.
    pub kind: Result<DestinationKind, Failure>,
}

/// Every server of the team as a place for a destination, oldest first.
pub async fn offers(app: &App, actor: &Actor) -> Result<Vec<Offer>, Error> {
    let all = servers::list_all(app, actor).await?;
    all.iter().map(|server| offer(actor, server, &all)).collect()
}

fn offer(actor: &Actor, server: &Server, all: &[Server]) -> Result<Offer, Error> {
    let companions = servers::among(server, all);
    let may = actor.require_on(Right::Operate, &server.id);
    let kind = match may.and_then(|()| judge(server, &companions)) {
        Ok(placement) => Ok(placement.kind),
        Err(Error::Forbidden(message)) => {
            let code = "forbidden".to_owned();
            Err(Failure { code, message, remedy: None, blockers: Vec::new() })
        }
        Err(error) => Err(as_failure(error)?),
    };
    Ok(Offer { server: server.clone(), kind })
}

/// Whether another manager of the server's swarm can be worked through.
fn goes_on(server: &Server, companions: &[Server]) -> bool {
    let manages = |one: &Server| one.kind == Some(ServerKind::SwarmManager);
    manages(server) && companions.iter().any(|one| manages(one) && is_able(one))
}

/// Refuses options that no network of this kind can have.
pub(super) fn check_options(
    server: &Server,
    kind: DestinationKind,
    options: &NetworkOptions,
) -> Result<(), Error> {
    match kind {
        DestinationKind::Standalone if options.encrypted => Err(Error::field(
            "options.encrypted",
            format!(
                "only a network between the hosts of a swarm can be encrypted, and server `{}` \
                 is in none",
                server.name
            ),
        )),
        DestinationKind::Swarm if options.ipv6 => Err(Error::field(
            "options.ipv6",
            "an overlay takes no IPv6: Docker's swarm mode gives out IPv4 addresses only, and two \
             nodes would give their containers the same IPv6 address",
        )),
        DestinationKind::Standalone | DestinationKind::Swarm => Ok(()),
    }
}

/// Refuses a server that nothing can be placed on now, by cause.
pub(crate) fn check_usable(server: &Server) -> Result<(), Error> {
    check_fit(server)?;
    if server.reachability != Reachability::Reachable {
        return Err(unreachable(server));
    }
    Ok(())
}

/// Refuses a server that is not meant for destinations, or not known to be fit for them.
fn check_fit(server: &Server) -> Result<(), Error> {
    let name = &server.name;
    if server.build_server {
        return Err(Error::refused(
            "server-builds",
            format!("server `{name}` is a build server: destinations cannot be placed on it"),
            "choose another server, or take the mark off (`update_server.build_server`)",
        ));
    }
    match server.state {
        ServerState::Ready => Ok(()),
        ServerState::New => Err(Error::refused(
            "server-not-validated",
            format!("server `{name}` has not been validated yet"),
            "wait for its validation, or start it (`validate_server`)",
        )),
        ServerState::Failed => Err(Error::refused(
            "server-not-usable",
            format!(
                "server `{name}` cannot be used: {}",
                server.reason.as_deref().unwrap_or("its validation failed")
            ),
            "mend that, then validate it again (`validate_server`)",
        )),
    }
}

pub(crate) fn unreachable(server: &Server) -> Error {
    let seen = server
        .last_contact_age_seconds
        .map_or_else(|| "never heard of".to_owned(), |age| format!("last heard of {age} s ago"));
    Error::refused(
        "server-unreachable",
        format!("server `{}` cannot be reached ({seen})", server.name),
        "see `show_server` for the reason; Portolan reconnects by itself when it is back",
    )
}

fn derived(server: &Server, companions: &[Server]) -> Result<Placement, Error> {
    let swarm = server.swarm.as_ref();
    let cluster_id = swarm.and_then(|swarm| swarm.cluster_id.clone());
    match (server.kind, cluster_id) {
        (Some(ServerKind::Standalone), _) => {
            Ok(Placement { kind: DestinationKind::Standalone, cluster_id: None })
        }
        (Some(ServerKind::SwarmManager), cluster_id @ Some(_)) => {
            Ok(Placement { kind: DestinationKind::Swarm, cluster_id })
        }
        (Some(ServerKind::SwarmManager), None) => Err(Error::refused(
            "swarm-not-known",
            format!(
                "server `{}` is a swarm manager that does not know its swarm: {}",
                server.name,
                swarm.and_then(|swarm| swarm.error.as_deref()).unwrap_or("it did not say why")
            ),
            "see `docker node ls` on it, then validate it again (`validate_server`)",
        )),
        (Some(ServerKind::SwarmWorker), _) => Err(worker(server, companions)),
        (None, _) => Err(Error::refused(
            "server-not-validated",
            format!("the role of server `{}` is not known yet", server.name),
            "validate it (`validate_server`)",
        )),
    }
}

fn worker(server: &Server, companions: &[Server]) -> Error {
    let managers = servers::managers_in_words(server, companions);
    Error::refused(
        "server-is-worker",
        format!("server `{}` is a swarm worker: networks are made on a manager", server.name),
        format!("use {managers}: what is made there is on this server too"),
    )
}
