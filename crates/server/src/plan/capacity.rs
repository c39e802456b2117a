//! How many subnets are left.

use ipnet::IpNet;
use portolan_types::address::SubnetUse;

use super::{grid::Grid, taken::Taken};

/// Of one grid; `subnet` makes a subnet of its first address.
pub(super) fn of_grid(grid: &Grid, taken: &Taken, subnet: impl Fn(u128) -> IpNet) -> SubnetUse {
    let (total, free) = (grid.total(), grid.free(taken));
    let next = grid.lowest_free(taken).map(subnet);
    SubnetUse { total, used: total - free, free, next }
}

/// Of several, of which the first that has a subnet gives the next.
pub(super) fn added(parts: impl Iterator<Item = SubnetUse>) -> SubnetUse {
    parts.fold(SubnetUse::default(), |all, part| SubnetUse {
        total: all.total + part.total,
        used: all.used + part.used,
        free: all.free + part.free,
        next: all.next.or(part.next),
    })
}
