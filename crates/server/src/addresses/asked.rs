//! Subnets that somebody asks for. They need not come from a pool, but what is in use on the
//! server, or would lead its packets astray, is refused before anything is stored.

use ipnet::IpNet;
use portolan_types::{NetworkOptions, RangeKind};

use super::known::{Known, overlap};
use crate::{
    Error,
    plan::{Occupied, Planner},
};

pub(super) fn check(
    known: &Known,
    planner: &Planner,
    options: &NetworkOptions,
) -> Result<(), Error> {
    let asked = [options.subnet.map(IpNet::from), options.ipv6_subnet.map(IpNet::from)];
    asked.into_iter().flatten().try_for_each(|subnet| {
        let in_the_way = |one: &&Occupied| forbids(one.by.kind()) && overlap(one.range, subnet);
        match planner.occupied().iter().find(in_the_way) {
            Some(one) => Err(refusal(known, subnet, one)),
            None => Ok(()),
        }
    })
}

/// Docker takes a subnet out of its own pools when it is asked to, and what other servers use is
/// the user's choice.
const fn forbids(kind: RangeKind) -> bool {
    match kind {
        RangeKind::Destination | RangeKind::Network | RangeKind::Reserved | RangeKind::Route => {
            true
        }
        RangeKind::OtherServer | RangeKind::EnginePool | RangeKind::Refused => false,
    }
}

fn refusal(known: &Known, subnet: IpNet, one: &Occupied) -> Error {
    let remedy = match one.by.kind() {
        RangeKind::Reserved => {
            "ask for another subnet, or for none: Portolan then chooses a free one; an owner can \
             change the reserved ranges (`update_addresses.reserved`)"
        }
        _ => "ask for another subnet, or for none: Portolan then chooses a free one",
    };
    let server = &known.server.name;
    let message = format!("subnet {subnet} overlaps {one}, on server `{server}`");
    Error::refused("subnet-overlaps", message, remedy)
}
