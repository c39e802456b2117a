//! What a list of destinations tells beyond its rows: who is on each, how full its subnets are, and
//! whether proxies are on it. Read from what was last seen; no host is asked for it.

use std::collections::BTreeMap;

use portolan_types::{
    Attachment, Destination, DestinationKind, PageQuery, Server, ServerId, Timestamp,
    address::AddressUse,
};
use sqlx::AnyConnection;

use super::ours;
use crate::{Actor, App, Error, addresses, db, servers, sighting::Seen};

/// A destination, and what was last seen of it.
#[derive(Debug, Clone)]
pub struct Surveyed {
    pub destination: Destination,
    pub server: Server,
    /// Containers and services on it; absent where its network was never seen.
    pub members: Option<usize>,
    /// When its host was last looked at.
    pub seen_at: Option<Timestamp>,
    pub subnets: Vec<AddressUse>,
    pub attachments: Vec<Attachment>,
}

/// What is read once for all destinations of a server.
#[derive(Debug)]
struct Host {
    server: Server,
    seen: Option<Seen>,
    attachments: Vec<Attachment>,
}

/// The same destinations, with what was last seen of each.
pub async fn survey(
    app: &App,
    actor: &Actor,
    destinations: Vec<Destination>,
) -> Result<Vec<Surveyed>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut hosts: BTreeMap<ServerId, Host> = BTreeMap::new();
    let mut surveyed = Vec::new();
    for destination in destinations {
        let id = destination.server_id.clone();
        if !hosts.contains_key(&id) {
            hosts.insert(id.clone(), read(&mut conn, actor, &id).await?);
        }
        let Some(host) = hosts.get(&id) else { continue };
        let attachments = attachments(&mut conn, actor, &destination, host).await?;
        surveyed.push(of(destination, host, attachments));
    }
    Ok(surveyed)
}

async fn read(conn: &mut AnyConnection, actor: &Actor, id: &ServerId) -> Result<Host, Error> {
    Ok(Host {
        server: servers::find(conn, actor, id).await?,
        seen: db::sighting::find(conn, id).await?,
        attachments: db::attachment::list_of_proxy(conn, id).await?,
    })
}

/// An overlay has to do with the proxies of all its swarm.
async fn attachments(
    conn: &mut AnyConnection,
    actor: &Actor,
    destination: &Destination,
    host: &Host,
) -> Result<Vec<Attachment>, Error> {
    let id = &destination.id;
    match destination.kind {
        DestinationKind::Standalone => {
            let own = host.attachments.iter().filter(|one| one.destination_id == *id);
            Ok(own.cloned().collect())
        }
        DestinationKind::Swarm => {
            let (visible, query) = (actor.visible(), PageQuery::default());
            Ok(db::attachment::list(conn, visible, None, Some(id), &query).await?)
        }
    }
}

fn of(destination: Destination, host: &Host, attachments: Vec<Attachment>) -> Surveyed {
    let seen = host.seen.as_ref();
    let network = seen.and_then(|seen| ours(&destination, &seen.sighting));
    let members = seen.zip(network).map(|(seen, network)| seen.sighting.occupants(network).len());
    let subnets = match seen {
        Some(seen) => addresses::uses(&destination, network, &seen.sighting),
        None => addresses::uses(&destination, None, &crate::sighting::Sighting::default()),
    };
    Surveyed {
        server: host.server.clone(),
        seen_at: seen.map(|seen| seen.at),
        destination,
        members,
        subnets,
        attachments,
    }
}
