//! The fleet as one picture, from the rows and the latest sightings, now or as it was.
//!
//! Owns what is read for it, each list once. Which nodes and links that makes is in `draw`, without a
//! database; what was different at a moment of the past in `past`; how it looks is the page's affair.
//! The drawing of address ranges is another (`chart`).

mod applications;
mod draw;
pub(crate) mod facts;
mod members;
mod past;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use portolan_types::{
    Attachment, Chart, Destination, Link, Proxy, Route, Server, ServerId, Timestamp,
};
use sqlx::AnyConnection;

use self::{draw::Looks, facts::Facts};
use crate::{Actor, App, Error, db, db::application::Drawn, rights::Visible, sighting::Seen};

/// The rows of the fleet's things that somebody sees.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    pub(crate) servers: Vec<Server>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) routes: Vec<Route>,
}

/// Everything that the picture is made of: the rows, and what was last seen of those hosts.
#[derive(Debug, Default)]
struct World {
    fleet: Fleet,
    attachments: Vec<Attachment>,
    applications: Vec<Drawn>,
    links: Vec<Link>,
    sightings: BTreeMap<ServerId, Seen>,
}

/// The team's fleet.
pub async fn show(app: &App, actor: &Actor) -> Result<Chart, Error> {
    let mut conn = app.db.acquire().await?;
    let world = read(&mut conn, actor.visible()).await?;
    let since = db::past::find_since(&mut conn).await?;
    Ok(Chart { since, ..draw(&world) })
}

/// The team's fleet as it was at a moment: what was there, and in which state. What ran on the hosts
/// then is not kept.
pub async fn show_at(app: &App, actor: &Actor, moment: Timestamp) -> Result<Chart, Error> {
    let mut conn = app.db.acquire().await?;
    let since = db::past::find_since(&mut conn).await?;
    let since = since.ok_or(Error::NotFound("past"))?;
    past::check(moment, since, Timestamp::now())?;
    let visible = actor.visible();
    // The present first: what changes in between is undone by what is read next.
    let world = World { sightings: BTreeMap::new(), ..read(&mut conn, visible).await? };
    let facts = past::walk_back(&mut conn, visible, Facts::of(&world), moment).await?;
    let chart = draw::draw(&facts, &world.sightings, Looks::NotKept);
    Ok(Chart { at: Some(moment), since: Some(since), ..chart })
}

fn draw(world: &World) -> Chart {
    draw::draw(&Facts::of(world), &world.sightings, Looks::Known)
}

async fn read(conn: &mut AnyConnection, visible: Visible<'_>) -> Result<World, Error> {
    Ok(World {
        fleet: read_fleet(conn, visible).await?,
        attachments: db::attachment::list_all(conn, visible).await?,
        applications: db::application::list_drawn(conn, visible).await?,
        links: db::link::list_seen(conn, visible).await?,
        sightings: db::sighting::list_of_team(conn, visible).await?.into_iter().collect(),
    })
}

async fn read_fleet(conn: &mut AnyConnection, visible: Visible<'_>) -> Result<Fleet, Error> {
    Ok(Fleet {
        servers: db::server::list_all(conn, visible).await?,
        proxies: db::proxy::list_all(conn, visible).await?,
        destinations: db::destination::list_planned(conn, visible, None).await?,
        routes: db::route::list_all(conn, visible).await?,
    })
}

/// What the team has and how it does, without looking into the hosts.
pub(crate) async fn fleet(app: &App, actor: &Actor) -> Result<Fleet, Error> {
    let mut conn = app.db.acquire().await?;
    read_fleet(&mut conn, actor.visible()).await
}
