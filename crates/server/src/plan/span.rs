//! Ranges of addresses as ranges of numbers, IPv4 and IPv6 alike.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// From the first address to the last, both within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u128,
    pub(crate) last: u128,
}

impl Span {
    /// The part that lies in both.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }
}

impl From<Ipv4Net> for Span {
    fn from(net: Ipv4Net) -> Self {
        let number = |address: Ipv4Addr| u128::from(u32::from(address));
        Self { first: number(net.network()), last: number(net.broadcast()) }
    }
}

impl From<Ipv6Net> for Span {
    fn from(net: Ipv6Net) -> Self {
        Self { first: net.network().into(), last: net.broadcast().into() }
    }
}

impl From<IpNet> for Span {
    fn from(net: IpNet) -> Self {
        match net {
            IpNet::V4(net) => net.into(),
            IpNet::V6(net) => net.into(),
        }
    }
}

/// The IPv4 address of a number from a span of IPv4 addresses.
pub(super) fn ipv4(number: u128) -> Ipv4Addr {
    Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The IPv6 address of a number.
pub(super) fn ipv6(number: u128) -> Ipv6Addr {
    Ipv6Addr::from(number)
}
