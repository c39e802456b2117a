//! Subnets of networks for which nobody asked for addresses: those that stand in during a change,
//! those of links and those of stacks.
//!
//! All take a part of 198.18.0.0/15, which is set aside for benchmarks (RFC 2544): neither engines nor
//! people take addresses from there, so it collides with nothing.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use crate::host::HostNetwork;

/// Of links. There is room for both containers of two resources that are being deployed.
pub(super) const LINKS: Range = Range { within: [198, 18], prefix: 28 };
/// Of stacks, with room for two containers of each of many services.
pub(super) const STACKS: Range = Range { within: [198, 18], prefix: 26 };
/// Of changes: as many addresses as a Linux bridge has ports.
pub(super) const INTERIM: Range = Range { within: [198, 19], prefix: 22 };

/// A /16 that is given out in subnets of one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    within: [u8; 2],
    prefix: u8,
}

impl Range {
    /// All of it.
    pub(super) const fn whole(self) -> Ipv4Net {
        let [first, second] = self.within;
        Ipv4Net::new_assert(Ipv4Addr::new(first, second, 0, 0), 16)
    }

    /// The first subnet that is clear of all of these.
    pub(super) fn first_clear_of(self, held: &[IpNet]) -> Option<Ipv4Net> {
        let mut subnets = self.whole().subnets(self.prefix).ok()?;
        subnets.find(|subnet| !held.iter().any(|held| overlap(*held, (*subnet).into())))
    }
}

/// The subnets of a network that can be read.
pub(super) fn subnets(network: &HostNetwork) -> impl Iterator<Item = IpNet> {
    network.subnets.iter().filter_map(|one| one.subnet.parse().ok())
}

pub(super) fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}
