//! What a list of destinations tells beyond its rows: who is on each, how full its subnets are, and
//! whether proxies are on it. Read from what was last seen; no host is asked for it.

use std::collections::{BTreeSet, HashMap};

use portolan_types::{
    Attachment, Destination, DestinationId, Server, ServerId, Timestamp, address::AddressUse,
};

use super::ours;
use crate::{
    Actor, App, Error, addresses, db,
    sighting::{Seen, Sighting},
};

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

/// What is read once for all of the destinations.
#[derive(Debug)]
struct Around {
    servers: HashMap<ServerId, Server>,
    sightings: HashMap<ServerId, Seen>,
    attachments: HashMap<DestinationId, Vec<Attachment>>,
}

/// The same destinations, with what was last seen of each.
pub async fn survey(
    app: &App,
    actor: &Actor,
    destinations: Vec<Destination>,
) -> Result<Vec<Surveyed>, Error> {
    let mut around = read(app, actor, &destinations).await?;
    // One whose server went meanwhile goes with it.
    Ok(destinations.into_iter().filter_map(|one| of(one, &mut around)).collect())
}

async fn read(app: &App, actor: &Actor, of: &[Destination]) -> Result<Around, Error> {
    let servers: BTreeSet<&ServerId> = of.iter().map(|one| &one.server_id).collect();
    let servers: Vec<&ServerId> = servers.into_iter().collect();
    let destinations: Vec<&DestinationId> = of.iter().map(|one| &one.id).collect();
    let (visible, mut conn) = (actor.visible(), app.db.acquire().await?);
    let mut attachments: HashMap<_, Vec<_>> = HashMap::new();
    for one in db::attachment::list_of_some(&mut conn, visible, &destinations).await? {
        attachments.entry(one.destination_id.clone()).or_default().push(one);
    }
    let sightings = db::sighting::list_some(&mut conn, &servers).await?.into_iter().collect();
    let servers = db::server::list_some(&mut conn, visible, &servers).await?;
    let servers = servers.into_iter().map(|server| (server.id.clone(), server)).collect();
    Ok(Around { servers, sightings, attachments })
}

fn of(destination: Destination, around: &mut Around) -> Option<Surveyed> {
    let server = around.servers.get(&destination.server_id)?.clone();
    let seen = around.sightings.get(&destination.server_id);
    let network = seen.and_then(|seen| ours(&destination, &seen.sighting));
    let members = seen.zip(network).map(|(seen, network)| seen.sighting.occupants(network).len());
    let nothing = Sighting::default();
    let sighting = seen.map_or(&nothing, |seen| &seen.sighting);
    Some(Surveyed {
        server,
        members,
        seen_at: seen.map(|seen| seen.at),
        subnets: addresses::uses(&destination, network, sighting),
        attachments: around.attachments.remove(&destination.id).unwrap_or_default(),
        destination,
    })
}
