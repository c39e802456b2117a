//! The networks of stacks: made, with the containers of their services on them, and taken down when no
//! stack has them any more.
//!
//! A new container joins when it is made (`joined`), so that it never runs without; one that runs and was
//! taken off is brought back.

use portolan_types::ApplicationId;
use sqlx::AnyConnection;

use super::{
    PassError,
    recorder::failure,
    side::{Around, Held, Side, endpoint},
    spare,
    work::{Halt, halt},
};
use crate::{
    App,
    db::{
        self,
        server::Assigned,
        stack::network::{Placed, name_of},
    },
    host::{Host, Place, label},
};

fn side(row: &Placed) -> Side {
    Side {
        name: name_of(&row.id),
        label: (label::STACK_NETWORK, row.id.clone()),
        internal: row.internal,
        range: spare::STACKS,
    }
}

/// Brings the networks of a server's stacks to rest.
pub(super) async fn pass(app: &App, around: Around<'_>, held: &mut Held) -> Result<(), PassError> {
    let mut conn = app.db.acquire().await?;
    let rows = db::stack::network::list_of_server(&mut conn, &around.server.server.id).await?;
    drop(conn);
    for row in &rows {
        if row.over {
            take_down(app, around.host, row).await?;
            continue;
        }
        match keep(around, row, held).await {
            Ok(()) => {}
            // Whoever is deployed onto it is told (`joined`); it is tried again at the next look.
            Err(Halt::Refused(failure)) => {
                tracing::warn!(network = %row.id, failure.message, "could not keep a stack's network");
            }
            Err(Halt::Pass(error)) => return Err(error),
        }
    }
    visits(app, around).await
}

/// Brings services back that were taken off another destination. That one keeps its network itself.
async fn visits(app: &App, around: Around<'_>) -> Result<(), PassError> {
    let mut conn = app.db.acquire().await?;
    let all = db::stack::visit::list_of_server(&mut conn, &around.server.server.id).await?;
    drop(conn);
    for (name, end) in &all {
        let Some(network) = around.seen.networks.iter().find(|one| one.name == *name) else {
            continue;
        };
        match around.is_on((name, &network.docker_id), end).await {
            Ok(_) => {}
            Err(Halt::Refused(failure)) => {
                tracing::warn!(network = %name, failure.message, "could not connect a service");
            }
            Err(Halt::Pass(error)) => return Err(error),
        }
    }
    Ok(())
}

async fn keep(around: Around<'_>, row: &Placed, held: &mut Held) -> Result<(), Halt> {
    if row.ends.is_empty() {
        return Ok(());
    }
    let side = side(row);
    let network = side.made(around, held).await?;
    for end in &row.ends {
        side.is_on(around, (end, &network)).await?;
    }
    Ok(())
}

/// Where the containers of an application are to be beside its destination. One that is not there is a
/// failure: a program would look for others in vain.
pub(super) async fn joined(
    conn: &mut AnyConnection,
    host: &dyn Host,
    (server, application): (&Assigned, &ApplicationId),
) -> Result<Vec<Place>, Halt> {
    let mut places = Vec::new();
    for row in db::stack::network::list_of_server(conn, &server.server.id).await? {
        let end = row.ends.iter().find(|end| end.application == *application);
        let Some(end) = end.filter(|_| !row.over) else { continue };
        let side = side(&row);
        let place = side.place(host, end).await.map_err(|error| {
            halt(server.server.name.as_str(), error, &format!("look for network `{}`", side.name))
        })?;
        places.push(place.ok_or_else(|| {
            let why = format!("network `{}` of its stack could not be made", side.name);
            failure("no-stack-network", why, "see the server's networks (`scan_server`), and deploy again (`deploy_application`)")
        })?);
    }
    let visits = db::stack::visit::list_of_server(conn, &server.server.id).await?;
    let own = visits.into_iter().filter(|(_, end)| end.application == *application);
    places.extend(own.map(|(network, end)| Place { network, endpoint: endpoint(&end) }));
    Ok(places)
}

/// What the host refuses is tried again at the next look.
async fn take_down(app: &App, host: &dyn Host, row: &Placed) -> Result<(), PassError> {
    match side(row).cleared(host).await {
        Ok(()) => {}
        Err(error) if !error.is_undecided() => {
            tracing::warn!(network = %row.id, %error, "could not take a stack's network down");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let mut conn = app.db.acquire().await?;
    Ok(db::stack::network::delete(&mut conn, &row.id).await?)
}
