//! The fleet as one picture, from the rows and the latest sightings.
//!
//! Owns what is read for it, each list once, and how the fleet is counted. Which nodes and links
//! that makes is in `draw`, without a database; how it looks is the page's affair. The drawing of
//! address ranges is another (`chart`).

mod draw;
mod members;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use portolan_types::{
    Attachment, Chart, Destination, Drift, Page, PageQuery, Proxy, Route, Server, ServerId,
};

use crate::{
    Actor, App, Error,
    db::{self, drift::Filter},
    drifts,
    sighting::Seen,
};

/// Everything that the picture is made of: the rows that somebody sees, and what was last
/// seen of those hosts.
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
    let visible = actor.visible();
    let mut conn = app.db.acquire().await?;
    Ok(World {
        servers: db::server::list_all(&mut conn, visible).await?,
        proxies: db::proxy::list_all(&mut conn, visible).await?,
        destinations: db::destination::list_planned(&mut conn, visible, None).await?,
        attachments: db::attachment::list_all(&mut conn, visible).await?,
        routes: db::route::list_all(&mut conn, visible).await?,
        sightings: db::sighting::list_of_team(&mut conn, visible).await?.into_iter().collect(),
    })
}

/// The fleet's things, whose states are counted, and the differences that stand.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) servers: Vec<Server>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) routes: Vec<Route>,
    /// The newest that are open.
    pub(crate) drifts: Page<Drift>,
}

/// What the team has and how it does, without looking into the hosts.
pub(crate) async fn fleet(app: &App, actor: &Actor) -> Result<Fleet, Error> {
    let filter = Filter { open: Some(true), ..Filter::default() };
    let newest = PageQuery::first(100);
    let drifts = drifts::list(app, actor, &filter, &newest).await?;
    let visible = actor.visible();
    let mut conn = app.db.acquire().await?;
    Ok(Fleet {
        servers: db::server::list_all(&mut conn, visible).await?,
        proxies: db::proxy::list_all(&mut conn, visible).await?,
        destinations: db::destination::list_planned(&mut conn, visible, None).await?,
        routes: db::route::list_all(&mut conn, visible).await?,
        drifts,
    })
}
