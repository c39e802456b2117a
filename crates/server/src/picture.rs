//! The fleet as one picture, from the rows and the latest sightings.
//!
//! Owns what is read for it, each list once. Which nodes and links that makes is in `draw`, without
//! a database; how it looks is the page's affair. The drawing of address ranges is another (`chart`).

mod draw;
mod members;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use portolan_types::{Attachment, Chart, Destination, Proxy, Route, Server, ServerId};

use crate::{Actor, App, Error, db, sighting::Seen};

/// Everything that the picture is made of: a team's rows, and what was last seen of its hosts.
#[derive(Debug, Default)]
struct World {
    servers: Vec<Server>,
    proxies: Vec<Proxy>,
    destinations: Vec<Destination>,
    attachments: Vec<Attachment>,
    routes: Vec<Route>,
    sightings: BTreeMap<ServerId, Seen>,
}

/// The team's fleet.
pub async fn show(app: &App, actor: &Actor) -> Result<Chart, Error> {
    let world = read(app, actor).await?;
    Ok(draw::draw(&world))
}

async fn read(app: &App, actor: &Actor) -> Result<World, Error> {
    let team = actor.team_id();
    let mut conn = app.db.acquire().await?;
    Ok(World {
        servers: db::server::list_all(&mut conn, team).await?,
        proxies: db::proxy::list_all(&mut conn, team).await?,
        destinations: db::destination::list_planned(&mut conn, team, None).await?,
        attachments: db::attachment::list_all(&mut conn, team).await?,
        routes: db::route::list_all(&mut conn, team).await?,
        sightings: db::sighting::list_of_team(&mut conn, team).await?.into_iter().collect(),
    })
}
