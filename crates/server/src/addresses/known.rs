//! What is known of a server's addresses: its rows, its host as last seen, and the team's plan.

use std::{collections::BTreeSet, sync::Arc};

use ipnet::IpNet;
use portolan_types::{AddressPlan, Destination, DestinationId, Server, ServerId, SubnetPool};
use sqlx::AnyConnection;

use crate::{
    Error, db,
    host::HostNetwork,
    plan::{By, Occupied, Planner},
    reconcile::compare::LABEL_DESTINATION,
    rights,
    sighting::Seen,
};

/// How far to look for other destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Server,
    Team,
}

/// Everything that a choice depends on.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) plan: AddressPlan,
    pub(super) server: Server,
    /// Those of the server and of its swarm.
    pub(super) here: Vec<Destination>,
    /// What all of the team's destinations take, where that was asked for.
    pub(super) of_team: Arc<[Taken]>,
    pub(super) seen: Option<Seen>,
}

impl Known {
    pub(super) async fn read(
        conn: &mut AnyConnection,
        asks: rights::Visible<'_>,
        server: Server,
        plan: AddressPlan,
        scope: Scope,
    ) -> Result<Self, Error> {
        // What takes addresses is counted whoever asks, or they would be given out twice.
        let whole = rights::Visible::whole(asks.team());
        let here = db::destination::list_planned(conn, whole, Some(&server.id)).await?;
        let of_team = match scope {
            Scope::Server => Arc::default(),
            Scope::Team => of_team(conn, asks, &plan).await?,
        };
        let seen = db::sighting::find(conn, &server.id).await?;
        Ok(Self { plan, server, here, of_team, seen })
    }

    /// The server's own pools, or the team's.
    pub(super) fn pools(&self) -> &[SubnetPool] {
        let own = &self.server.pools;
        if own.is_empty() { self.plan.pools.as_slice() } else { own.as_slice() }
    }

    pub(super) fn planner(&self) -> Planner {
        Planner::new(self.pools(), self.plan.ula, self.occupied())
    }

    /// Leaves a destination out, whose own subnets are not in its way.
    pub(super) fn forget(&mut self, id: &DestinationId) {
        let is_own = |network: &&HostNetwork| {
            let of = self.destination_of(network).map(|one| &one.id);
            of == Some(id) || label(network) == Some(id.as_str())
        };
        let own: Vec<&HostNetwork> = self.networks().iter().filter(is_own).collect();
        let ids: BTreeSet<String> = own.iter().map(|network| network.docker_id.clone()).collect();
        let ranges: Vec<IpNet> = own.into_iter().flat_map(subnets).collect();
        self.here.retain(|one| one.id != *id);
        if let Some(seen) = &mut self.seen {
            seen.sighting.networks.retain(|network| !ids.contains(&network.docker_id));
            // The host's way into a network goes with it.
            let leads_there = |route: &IpNet| ranges.iter().any(|range| range.contains(route));
            seen.sighting.routes.retain(|route| !parsed(route).is_some_and(|it| leads_there(&it)));
        }
    }

    /// Puts what is on the host now in the place of what was seen last.
    pub(super) fn see(&mut self, networks: &[HostNetwork]) {
        if let Some(seen) = &mut self.seen {
            seen.sighting.networks = networks.to_vec();
        }
    }

    pub(super) fn networks(&self) -> &[HostNetwork] {
        self.seen.as_ref().map_or(&[], |seen| &seen.sighting.networks)
    }

    /// The destination whose network this is.
    pub(super) fn destination_of(&self, network: &HostNetwork) -> Option<&Destination> {
        let id = label(network);
        self.here.iter().find(|one| {
            let observed = one.observed.as_ref().map(|observed| observed.docker_id.as_str());
            observed == Some(network.docker_id.as_str()) || id == Some(one.id.as_str())
        })
    }

    /// What subnets on this server keep clear of.
    pub(super) fn occupied(&self) -> Vec<Occupied> {
        let mut occupied = self.of_networks();
        // A route into a network says nothing new.
        let routes: Vec<Occupied> = self
            .routes()
            .filter(|route| !occupied.iter().any(|one| one.range.contains(route)))
            .map(|range| Occupied { range, by: By::Route })
            .collect();
        occupied.extend(routes);
        occupied.extend(self.engine_pools().map(|range| Occupied { range, by: By::EnginePool }));
        occupied.extend(self.plan.reserved.as_slice().iter().map(|reserved| Occupied {
            range: reserved.cidr(),
            by: By::Reserved { note: reserved.note().to_string() },
        }));
        occupied.extend(self.of_other_servers());
        occupied
    }

    /// Destinations, made or not, and networks that are none.
    fn of_networks(&self) -> Vec<Occupied> {
        let destinations = self.here.iter().flat_map(|one| {
            let by = destination_by(one);
            ranges(one).into_iter().map(move |range| Occupied { range, by: by.clone() })
        });
        let strangers = self.networks().iter().flat_map(|network| {
            let by = match self.destination_of(network) {
                Some(destination) => destination_by(destination),
                None => By::Network { name: network.name.clone() },
            };
            subnets(network).map(move |range| Occupied { range, by: by.clone() })
        });
        let mut all: Vec<Occupied> = Vec::new();
        let mut known = BTreeSet::new();
        for one in destinations.chain(strangers) {
            // A destination's row and its network say the same.
            if known.insert((one.range, one.by.to_string())) {
                all.push(one);
            }
        }
        all
    }

    fn routes(&self) -> impl Iterator<Item = IpNet> {
        let routes = self.seen.iter().flat_map(|seen| &seen.sighting.routes);
        routes.filter_map(|route| route.parse().ok())
    }

    fn engine_pools(&self) -> impl Iterator<Item = IpNet> {
        let pools = self.server.engine.iter().flat_map(|engine| &engine.pools);
        pools.filter_map(|pool| pool.base.parse().ok())
    }

    fn of_other_servers(&self) -> impl Iterator<Item = Occupied> {
        let here: BTreeSet<&DestinationId> = self.here.iter().map(|one| &one.id).collect();
        let others = self.of_team.iter().filter(move |one| !here.contains(&one.destination));
        others.map(|one| one.occupied.clone())
    }
}

/// A range that one of the team's destinations takes for all servers.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    destination: DestinationId,
    occupied: Occupied,
}

/// What all of the team's destinations take. Those on servers that are not visible have no names.
pub(super) async fn of_team(
    conn: &mut AnyConnection,
    asks: rights::Visible<'_>,
    plan: &AddressPlan,
) -> Result<Arc<[Taken]>, Error> {
    let whole = rights::Visible::whole(asks.team());
    let all = db::destination::list_planned(conn, whole, None).await?;
    let servers = db::server::list_names_of_team(conn, asks).await?;
    let named: BTreeSet<ServerId> = servers.into_iter().map(|(id, _)| id).collect();
    Ok(taken(plan, &all, &named))
}

/// An IPv6 subnet is used once in a team: there are enough, and it never has to be renumbered
/// when two servers are joined. An IPv4 subnet only where the plan says so.
fn taken(
    plan: &AddressPlan,
    destinations: &[Destination],
    named: &BTreeSet<ServerId>,
) -> Arc<[Taken]> {
    let counts = |range: &IpNet| plan.across_fleet || matches!(range, IpNet::V6(_));
    let of_one = |one: &Destination| {
        let by = if named.contains(&one.server_id) {
            By::OtherServer {
                server: one.server_name.to_string(),
                destination: one.name.to_string(),
            }
        } else {
            By::Unseen
        };
        let taken = |range| Taken {
            destination: one.id.clone(),
            occupied: Occupied { range, by: by.clone() },
        };
        ranges(one).into_iter().filter(counts).map(taken).collect::<Vec<_>>()
    };
    destinations.iter().flat_map(of_one).collect()
}

/// Whether two ranges have an address in common.
pub(crate) fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}

fn label(network: &HostNetwork) -> Option<&str> {
    network.labels.get(LABEL_DESTINATION).map(String::as_str)
}

fn destination_by(destination: &Destination) -> By {
    By::Destination { name: destination.name.to_string(), network: destination.network.to_string() }
}

/// The subnets of a network. Docker's texts are hostile: what is none is left out.
pub(crate) fn subnets(network: &HostNetwork) -> impl Iterator<Item = IpNet> {
    network.subnets.iter().filter_map(|subnet| parsed(&subnet.subnet))
}

/// A range of addresses; one of all there are would only hide the others.
pub(super) fn parsed(text: &str) -> Option<IpNet> {
    let net: IpNet = text.parse().ok()?;
    (net.prefix_len() > 0).then(|| net.trunc())
}

/// The ranges of a destination: those that it is made with, and those that it was seen with.
pub(super) fn ranges(destination: &Destination) -> Vec<IpNet> {
    let options = destination.effective_options();
    let wanted = [options.subnet.map(IpNet::from), options.ipv6_subnet.map(IpNet::from)];
    let observed = destination.observed.iter().flat_map(|observed| &observed.subnets);
    let mut ranges: Vec<IpNet> = wanted.into_iter().flatten().collect();
    ranges.extend(observed.filter_map(|text| parsed(text)));
    ranges.sort();
    ranges.dedup();
    ranges
}
