//! What is known of addresses as the picture wants it.

use ipnet::{IpNet, Ipv4Net};
use portolan_types::{AddressPlan, address::SubnetUse};

use super::known::Known;
use crate::{
    chart::{Block, Chart},
    plan::{By, Occupied, Planner},
};

/// One server.
pub(super) fn of_server(known: &Known) -> Chart {
    let planner = known.planner();
    let ipv4 = planner.ipv4_use();
    let seen = match &known.seen {
        Some(seen) => format!("the host was last seen at {}", seen.at),
        None => "the host was not seen yet".to_owned(),
    };
    let mut lines = vec![in_words("IPv4", &ipv4)];
    lines.extend(planner.ipv6_use().map(|ipv6| in_words("IPv6", &ipv6)));
    lines.push(seen);
    Chart {
        title: format!("addresses of server {}", known.server.name),
        lines,
        pools: known.pools().to_vec(),
        blocks: planner.occupied().iter().map(|one| block(one, one.by.to_string())).collect(),
        next: next(&ipv4),
    }
}

/// The team's pools, and what takes them on any server.
pub(super) fn of_fleet(plan: &AddressPlan, fleet: &[Known]) -> Chart {
    let mut occupied = Vec::new();
    let mut blocks = Vec::new();
    for known in fleet {
        for one in known.occupied() {
            // What is of another server here is that server's own there.
            if matches!(one.by, By::OtherServer { .. }) {
                continue;
            }
            blocks.push(block(&one, said_of(known, &one)));
            occupied.push(one);
        }
    }
    blocks.sort_by(|a, b| (a.range, &a.by).cmp(&(b.range, &b.by)));
    blocks.dedup();
    let ipv4 = Planner::new(plan.pools.as_slice(), plan.ula, occupied).ipv4_use();
    Chart {
        title: "addresses of the fleet".to_owned(),
        lines: vec![in_words("IPv4", &ipv4), across(fleet.len())],
        pools: plan.pools.as_slice().to_vec(),
        blocks,
        next: next(&ipv4),
    }
}

fn across(servers: usize) -> String {
    match servers {
        1 => "1 server".to_owned(),
        count => format!("{count} servers; free is what is free on every one"),
    }
}

/// Reserved ranges are everybody's, everything else is of a server.
fn said_of(known: &Known, one: &Occupied) -> String {
    match one.by {
        By::Reserved { .. } => one.by.to_string(),
        By::Destination { .. }
        | By::Network { .. }
        | By::OtherServer { .. }
        | By::Unseen
        | By::Route
        | By::EnginePool
        | By::Refused => format!("{}, on server {}", one.by, known.server.name),
    }
}

fn block(one: &Occupied, by: String) -> Block {
    Block { range: one.range, kind: one.by.kind(), by }
}

fn in_words(what: &str, subnets: &SubnetUse) -> String {
    let SubnetUse { total, used, free, next } = subnets;
    let next = next.map_or_else(|| "none".to_owned(), |net| net.to_string());
    format!("{what}: {used} of {total} subnets are used, {free} are free, the next is {next}")
}

fn next(subnets: &SubnetUse) -> Option<Ipv4Net> {
    match subnets.next {
        Some(IpNet::V4(net)) => Some(net),
        Some(IpNet::V6(_)) | None => None,
    }
}
