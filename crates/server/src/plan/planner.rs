//! The choice itself: the lowest subnet of the first pool that has one free.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use portolan_types::{
    RangeKind, SubnetPool,
    address::{PoolUse, SubnetUse},
};

use super::{
    Exhausted, Occupied,
    capacity::{added, of_grid},
    grid::Grid,
    span::{Span, ipv4, ipv6},
    taken::Taken,
};

/// Prefix length of an IPv6 subnet: what stateless configuration needs (RFC 4291, section 2.5.1).
const IPV6_SIZE: u8 = 64;

/// Pools, and what of them is taken. Deterministic: the same input gives the same subnets.
#[derive(Debug, Clone)]
pub struct Planner {
    pools: Vec<SubnetPool>,
    ula: Option<Ipv6Net>,
    occupied: Vec<Occupied>,
    ipv4: Taken,
    ipv6: Taken,
}

impl Planner {
    /// Sorts what is occupied, once.
    pub fn new(pools: &[SubnetPool], ula: Option<Ipv6Net>, occupied: Vec<Occupied>) -> Self {
        let pools = pools.to_vec();
        let (ipv4, ipv6) = (Taken::default(), Taken::default());
        let mut planner = Self { pools, ula, occupied: Vec::new(), ipv4, ipv6 };
        for one in occupied {
            planner.occupy(one);
        }
        planner
    }

    /// Takes a range out.
    pub fn occupy(&mut self, one: Occupied) {
        match one.range {
            IpNet::V4(net) => self.ipv4.insert(net.into()),
            IpNet::V6(net) => self.ipv6.insert(net.into()),
        }
        self.occupied.push(one);
    }

    /// Everything that was taken out.
    pub fn occupied(&self) -> &[Occupied] {
        &self.occupied
    }

    /// The next IPv4 subnet. The same until something else is occupied.
    pub fn next_ipv4(&self) -> Result<Ipv4Net, Exhausted> {
        let free = |pool: &SubnetPool| {
            let first = grid(*pool).lowest_free(&self.ipv4)?;
            Some(Ipv4Net::new_assert(ipv4(first), pool.size()))
        };
        self.pools.iter().find_map(free).ok_or_else(|| self.ipv4_exhausted())
    }

    /// The next IPv6 subnet.
    pub fn next_ipv6(&self) -> Result<Ipv6Net, Exhausted> {
        let first = self.ula.and_then(|ula| ipv6_grid(ula).lowest_free(&self.ipv6));
        first
            .map(|first| Ipv6Net::new_assert(ipv6(first), IPV6_SIZE))
            .ok_or_else(|| self.ipv6_exhausted())
    }

    /// How much of each pool is used.
    pub fn pools(&self) -> Vec<PoolUse> {
        let pool_use = |pool: &SubnetPool| {
            let net = |first| Ipv4Net::new_assert(ipv4(first), pool.size()).into();
            PoolUse { pool: *pool, subnets: of_grid(&grid(*pool), &self.ipv4, net) }
        };
        self.pools.iter().map(pool_use).collect()
    }

    /// How much of all pools is used.
    pub fn ipv4_use(&self) -> SubnetUse {
        added(self.pools().into_iter().map(|pool| pool.subnets))
    }

    /// How much of the IPv6 range is used; nothing without one.
    pub fn ipv6_use(&self) -> Option<SubnetUse> {
        let net = |first| Ipv6Net::new_assert(ipv6(first), IPV6_SIZE).into();
        self.ula.map(|ula| of_grid(&ipv6_grid(ula), &self.ipv6, net))
    }

    fn ipv4_exhausted(&self) -> Exhausted {
        let grids: Vec<Grid> = self.pools.iter().copied().map(grid).collect();
        Exhausted {
            pools: self.pools.iter().map(ToString::to_string).collect(),
            total: grids.iter().map(Grid::total).sum(),
            takers: self.takers(&grids, |range| matches!(range, IpNet::V4(_))),
        }
    }

    fn ipv6_exhausted(&self) -> Exhausted {
        let grids: Vec<Grid> = self.ula.map(ipv6_grid).into_iter().collect();
        Exhausted {
            pools: self.ula.iter().map(|ula| format!("{ula}:{IPV6_SIZE}")).collect(),
            total: grids.iter().map(Grid::total).sum(),
            takers: self.takers(&grids, |range| matches!(range, IpNet::V6(_))),
        }
    }

    /// How many subnets each kind touches, most first.
    fn takers(&self, grids: &[Grid], family: impl Fn(&IpNet) -> bool) -> Vec<(RangeKind, u64)> {
        let touched = |kind: RangeKind| {
            let mut of_kind = Taken::default();
            let ranges = self.occupied.iter().filter(|one| one.by.kind() == kind);
            ranges
                .filter(|one| family(&one.range))
                .for_each(|one| of_kind.insert(one.range.into()));
            let in_grid = |grid: &Grid| grid.total() - grid.free(&of_kind);
            grids.iter().map(in_grid).sum::<u64>()
        };
        let mut takers: Vec<(RangeKind, u64)> =
            RangeKind::ALL.iter().map(|kind| (*kind, touched(*kind))).collect();
        takers.retain(|(_, count)| *count > 0);
        takers.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        takers
    }
}

fn grid(pool: SubnetPool) -> Grid {
    Grid::new(Span::from(pool.base()), 1 << (32 - pool.size()))
}

fn ipv6_grid(ula: Ipv6Net) -> Grid {
    Grid::new(Span::from(ula), 1 << (128 - IPV6_SIZE))
}

#[cfg(test)]
mod tests {
    use std::{
        net::IpAddr,
        time::{Duration, Instant},
    };

    use proptest::prelude::*;

    use super::*;
    use crate::plan::By;

    fn pool(text: &str) -> SubnetPool {
        text.parse().expect("a pool")
    }

    fn route(text: &str) -> Occupied {
        Occupied { range: text.parse().expect("a range"), by: By::Route }
    }

    fn overlap(a: IpNet, b: IpNet) -> bool {
        a.contains(&b) || b.contains(&a)
    }

    /// Subnets until there are no more, at most so many.
    fn take(planner: &mut Planner, most: usize) -> Vec<IpNet> {
        let mut taken = Vec::new();
        while taken.len() < most {
            let Ok(next) = planner.next_ipv4() else { break };
            planner.occupy(Occupied { range: next.into(), by: By::Refused });
            taken.push(next.into());
        }
        taken
    }

    #[test]
    fn the_lowest_free_subnet_is_next() {
        let occupied = vec![route("10.64.0.7/32"), route("10.64.2.0/23"), route("192.168.0.0/16")];
        let mut planner = Planner::new(&[pool("10.64.0.0/21:24")], None, occupied);
        let subnets = take(&mut planner, 9);
        let texts: Vec<String> = subnets.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["10.64.1.0/24", "10.64.4.0/24", "10.64.5.0/24", "10.64.6.0/24", "10.64.7.0/24"]
        );
        let error = planner.next_ipv4().expect_err("exhausted").to_string();
        assert_eq!(
            error,
            "all 8 subnets of 10.64.0.0/21:24 are taken: 5 by what Docker refused, 3 by routes of \
             the host"
        );
    }

    #[test]
    fn what_covers_a_pool_leaves_the_next_pool() {
        let pools = [pool("10.64.0.0/24:26"), pool("10.66.0.0/24:24")];
        let planner = |text| Planner::new(&pools[..1], None, vec![route(text)]);
        for text in ["0.0.0.0/0", "10.0.0.0/8", "10.64.0.0/24"] {
            assert!(planner(text).next_ipv4().is_err(), "{text}");
        }
        let planner = Planner::new(&pools, None, vec![route("10.64.0.0/15")]);
        assert_eq!(planner.next_ipv4().map(|net| net.to_string()), Ok("10.66.0.0/24".into()));
        let all = planner.ipv4_use();
        assert_eq!((all.total, all.used, all.free), (5, 4, 1));
    }

    #[test]
    fn ipv6_subnets_come_from_the_range_of_the_team() {
        let ula = Some("fd12:3456:789a::/48".parse().expect("a range"));
        let taken = vec![route("fd12:3456:789a::/63"), route("fd12:3456:789a:3::/64")];
        let planner = Planner::new(&[], ula, taken);
        assert_eq!(
            planner.next_ipv6().map(|net| net.to_string()),
            Ok("fd12:3456:789a:2::/64".into())
        );
        let all = planner.ipv6_use().expect("a range");
        assert_eq!((all.total, all.used), (65_536, 3));
        let full = Planner::new(&[], ula, vec![route("fd00::/8")]);
        assert!(full.next_ipv6().is_err());
        assert!(Planner::new(&[], None, vec![]).next_ipv6().is_err());
    }

    #[test]
    fn ten_thousand_subnets_are_planned_in_one_run() {
        let began = Instant::now();
        // Every other /24 is in the way.
        let occupied = (0..=255_u8)
            .flat_map(|b| (0..128_u8).map(move |c| route(&format!("10.{b}.{}.0/24", 2 * c))));
        let mut planner = Planner::new(&[pool("10.0.0.0/8:24")], None, occupied.collect());
        let subnets = take(&mut planner, 10_000);
        let distinct: std::collections::BTreeSet<IpNet> = subnets.iter().copied().collect();
        assert_eq!((subnets.len(), distinct.len()), (10_000, 10_000));
        let odd = |net: &IpNet| matches!(net.addr(), IpAddr::V4(ip) if ip.octets()[2] % 2 == 1);
        assert!(subnets.iter().all(odd));
        // A probe of every candidate would take minutes; this takes a fraction of a second.
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    fn any_range() -> impl Strategy<Value = Occupied> {
        // Around the pools, so that most of them matter.
        (any::<u32>(), 8_u8..=32).prop_map(|(bits, prefix)| {
            let address = std::net::Ipv4Addr::from(0x0a40_0000 | (bits & 0x001f_ffff));
            let net = Ipv4Net::new_assert(address, prefix).trunc();
            Occupied { range: net.into(), by: By::Route }
        })
    }

    fn any_pools() -> impl Strategy<Value = Vec<SubnetPool>> {
        let one = |base: &'static str| {
            (16_u8..=20, 0_u8..=6).prop_map(move |(prefix, more)| {
                let size = (prefix + more).max(16);
                let base: std::net::Ipv4Addr = base.parse().expect("an address");
                SubnetPool::new(Ipv4Net::new_assert(base, prefix), size).expect("a pool")
            })
        };
        (one("10.64.0.0"), one("10.80.0.0")).prop_map(|(a, b)| vec![a, b])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// No subnet overlaps another or anything occupied; the counts agree with what is given;
        /// the end comes exactly when nothing is free.
        #[test]
        fn no_overlap_and_total(pools in any_pools(), occupied in prop::collection::vec(any_range(), 0..40)) {
            let mut planner = Planner::new(&pools, None, occupied.clone());
            let before = planner.ipv4_use();
            prop_assert_eq!(before.used + before.free, before.total);
            let subnets = take(&mut planner, usize::MAX);
            prop_assert_eq!(subnets.len() as u64, before.free);
            prop_assert_eq!(before.next, subnets.first().copied());
            for (index, subnet) in subnets.iter().enumerate() {
                prop_assert!(pools.iter().any(|pool| IpNet::from(pool.base()).contains(subnet)));
                prop_assert!(!occupied.iter().any(|one| overlap(one.range, *subnet)));
                prop_assert!(!subnets[..index].iter().any(|other| overlap(*other, *subnet)));
            }
            let after = planner.ipv4_use();
            prop_assert_eq!((after.free, after.next), (0, None));
            prop_assert!(planner.next_ipv4().is_err());
        }

        /// The same world gives the same plan, in whatever order it was told.
        #[test]
        fn deterministic(pools in any_pools(), occupied in prop::collection::vec(any_range(), 0..40)) {
            let backwards = occupied.iter().rev().cloned().collect();
            let mut one = Planner::new(&pools, None, occupied);
            let mut other = Planner::new(&pools, None, backwards);
            prop_assert_eq!(take(&mut one, 50), take(&mut other, 50));
        }

        /// Free exactly where a look at every candidate finds it.
        #[test]
        fn as_a_look_at_every_candidate(occupied in prop::collection::vec(any_range(), 0..20)) {
            let pool = pool("10.64.0.0/16:24");
            let subnets = Ipv4Net::subnets(&pool.base(), pool.size()).expect("subnets");
            let mut free = subnets.filter(|net| {
                !occupied.iter().any(|one| overlap(one.range, (*net).into()))
            });
            let planner = Planner::new(&[pool], None, occupied.clone());
            prop_assert_eq!(planner.next_ipv4().ok(), free.next());
        }
    }
}
