//! Removing a server: refused while it has destinations, or forgotten when its host is gone for
//! good. The host is not touched.

use portolan_types::{Reachability, RemovedServer, Server, ServerId, Timestamp};
use sqlx::AnyConnection;

use super::{event, find};
use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    destinations::swarm,
    error::Refusal,
    events,
};

/// What to do with destinations of a server that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Refuse when there are some.
    Empty,
    /// Forget them: the host is gone for good, nothing is removed from it.
    Forget,
}

/// Removes a server from Portolan; its host is not touched.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    removal: Removal,
) -> Result<RemovedServer, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    let heir = hand_over(&mut tx, actor, &server).await?;
    let left_behind = match removal {
        Removal::Empty => refuse_what_is_there(&mut tx, actor, &server).await?,
        Removal::Forget => forget(&mut tx, actor, &server).await?,
    };
    db::server::delete(&mut tx, actor.team_id(), id)
        .await
        .map_err(|error| Error::on_foreign_key(error, || has_destinations(&server, Vec::new())))?;
    let entry = event(actor, "server.removed", &server, "removed").change(&server, &());
    events::record(&mut tx, entry, Timestamp::now()).await?;
    tx.commit().await?;
    app.wake(id);
    if let Some(heir) = heir {
        app.wake(&heir);
    }
    Ok(RemovedServer { left_behind })
}

/// What the server kept of its swarm goes to another of the team's managers of it, if there is one.
async fn hand_over(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
) -> Result<Option<ServerId>, Error> {
    let mut heir = None;
    for one in db::destination::list_assigned(tx, &server.id).await? {
        let Some(cluster_id) = &one.destination.cluster_id else { continue };
        let managers = db::server::list_managers(tx, actor.team_id(), cluster_id).await?;
        if let Some(next) = swarm::heir(&managers, &server.id)
            && swarm::move_to(tx, &one, next).await?
        {
            heir = Some(next.id.clone());
        }
    }
    Ok(heir)
}

async fn refuse_what_is_there(
    conn: &mut AnyConnection,
    actor: &Actor,
    server: &Server,
) -> Result<Vec<String>, Error> {
    let names = db::destination::list_names(conn, actor.team_id(), &server.id).await?;
    if !names.is_empty() {
        return Err(has_destinations(server, names));
    }
    match db::proxy::find(conn, actor.team_id(), &server.id).await? {
        Some(_) => Err(has_proxy(server)),
        None => Ok(names),
    }
}

fn has_proxy(server: &Server) -> Error {
    Error::refused(
        "server-has-proxy",
        format!("server `{}` has a proxy", server.name),
        "remove its proxy first (`remove_proxy`)",
    )
}

fn has_destinations(server: &Server, blockers: Vec<String>) -> Error {
    Error::Refused(Refusal {
        code: "server-has-destinations",
        message: format!("server `{}` has destinations", server.name),
        remedy: Some(
            "remove its destinations first; if the host is gone for good, forget it (`delete_server.forget`): \
             its networks then stay on it"
                .into(),
        ),
        blockers,
    })
}

async fn forget(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
) -> Result<Vec<String>, Error> {
    if server.reachability == Reachability::Reachable {
        return Err(Error::refused(
            "server-reachable",
            format!("server `{}` answers: it is not gone", server.name),
            "remove its destinations, then the server; only a host that does not answer can be forgotten",
        ));
    }
    db::route::delete_of_server(tx, &server.id).await?;
    db::proxy::forget(tx, actor.team_id(), &server.id).await?;
    Ok(db::destination::forget_of_server(tx, actor.team_id(), &server.id).await?)
}
