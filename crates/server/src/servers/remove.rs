//! Removing a server: refused while it has destinations, or forgotten when its host is gone for
//! good. The host is not touched.

use portolan_types::{
    Connection, Failure, Name, Preview, Reachability, RemovedServer, Server, ServerId, Timestamp,
};
use sqlx::AnyConnection;

use super::{event, find};
use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    destinations::{
        preview::{as_failure, going_dark, refused},
        swarm,
    },
    error::Refusal,
    events, reconcile,
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
    let left_behind = take_away(&mut tx, actor, &server, removal).await?;
    db::server::delete(&mut tx, actor.team_id(), id, Timestamp::now())
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

/// What is on the server; answers the networks that stay on its host.
async fn take_away(
    tx: &mut Transaction,
    actor: &Actor,
    server: &Server,
    removal: Removal,
) -> Result<Vec<String>, Error> {
    match removal {
        Removal::Empty => refuse_what_is_there(tx, actor, server).await,
        Removal::Forget => forget(tx, actor, server).await,
    }
}

/// What removing a server would do: what it does itself up to its end, which is left out.
pub async fn preview(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    removal: Removal,
) -> Result<Preview, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    let routes = reconcile::routes_of(&mut tx, &server).await?;
    let heir = match hand_over(&mut tx, actor, &server).await? {
        Some(heir) => Some(find(&mut tx, actor, &heir).await?.name),
        None => None,
    };
    let left_behind = take_away(&mut tx, actor, &server, removal).await;
    drop(tx);
    let as_of = server.last_contact_at.unwrap_or_else(Timestamp::now);
    let left_behind = match left_behind {
        Ok(left_behind) => left_behind,
        Err(error) => return Ok(refused(as_of, vec![in_full(error)?])),
    };
    Ok(Preview {
        steps: steps(&server, heir.as_ref(), &left_behind),
        dark_routes: going_dark(routes.iter().map(|row| &row.route)),
        ..refused(as_of, Vec::new())
    })
}

/// With the names of what is in the way.
fn in_full(error: Error) -> Result<Failure, Error> {
    let blockers = match &error {
        Error::Refused(refusal) => refusal.blockers.join(", "),
        _ => String::new(),
    };
    let failure = as_failure(error)?;
    let message = match blockers.as_str() {
        "" => failure.message,
        names => format!("{}: {names}", failure.message),
    };
    Ok(Failure { message, ..failure })
}

fn steps(server: &Server, heir: Option<&Name>, left_behind: &[String]) -> Vec<String> {
    let name = &server.name;
    let mut steps: Vec<String> = heir
        .map(|heir| format!("hand what `{name}` keeps of its swarm to server `{heir}`"))
        .into_iter()
        .collect();
    steps
        .extend(left_behind.iter().map(|network| format!("leave network `{network}` on its host")));
    if let Connection::Ssh { user, .. } = &server.connection {
        steps.push(format!(
            "leave the line of its key in ~{user}/.ssh/authorized_keys: take it away yourself"
        ));
    }
    steps.push(format!("forget server `{name}`"));
    steps
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
    let (team, now) = (actor.team_id(), Timestamp::now());
    db::route::delete_of_server(tx, &server.id, now).await?;
    db::application::delete_of_server(tx, &server.id).await?;
    db::proxy::forget(tx, team, &server.id, now).await?;
    Ok(db::destination::forget_of_server(tx, team, &server.id, now).await?)
}
