//! Pools: ranges from which subnets are taken.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

/// A range, and the prefix length of the subnets that are taken from it. Written `RANGE:SIZE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Unchecked")]
pub struct SubnetPool {
    #[schema(value_type = String, example = "10.64.0.0/12")]
    base: Ipv4Net,
    /// Prefix length of each subnet.
    #[schema(minimum = 16, maximum = 29, example = 24)]
    size: u8,
}

/// The wire form before it was checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    base: Ipv4Net,
    size: u8,
}

impl TryFrom<Unchecked> for SubnetPool {
    type Error = Invalid;

    fn try_from(raw: Unchecked) -> Result<Self, Self::Error> {
        Self::new(raw.base, raw.size)
    }
}

impl SubnetPool {
    /// 4,096 subnets of 254 addresses.
    ///
    /// Nothing else begins there by default: engines take 172.17.0.0/16 to 172.31.0.0/16 and
    /// 192.168.0.0/16, swarms 10.0.0.0/24 and up, Kubernetes 10.96.0.0/12 and 10.244.0.0/16, k3s
    /// 10.42.0.0/15, Podman 10.88.0.0/16, `OpenVPN` 10.8.0.0/24, and clouds hand out the lowest
    /// part of 10.0.0.0/8.
    pub const DEFAULT: Self = Self {
        base: Ipv4Net::new_assert(Ipv4Addr::new(10, 64, 0, 0), 12),
        size: Self::DEFAULT_SIZE,
    };

    /// Of a pool that does not name the size of its subnets.
    const DEFAULT_SIZE: u8 = 24;

    /// A pool within the bounds.
    pub fn new(base: Ipv4Net, size: u8) -> Result<Self, Invalid> {
        if base.addr() != base.network() {
            return Err(Invalid::new(format!(
                "pool {base} has bits set beyond its prefix: did you mean {}?",
                base.trunc()
            )));
        }
        if !(16..=29).contains(&size) {
            return Err(Invalid::new(format!(
                "the subnets of a pool have a prefix between /16 and /29, not /{size}"
            )));
        }
        if !(8..=size).contains(&base.prefix_len()) {
            return Err(Invalid::new(format!(
                "pool {base} must have a prefix between /8 and that of its subnets, /{size}"
            )));
        }
        let first = base.network();
        let unusable = first.is_loopback() || first.is_multicast() || first.is_link_local();
        if unusable || first.octets()[0] == 0 || first.octets()[0] >= 240 {
            return Err(Invalid::new(format!("pool {base} cannot be used for containers")));
        }
        Ok(Self { base, size })
    }

    pub const fn base(&self) -> Ipv4Net {
        self.base
    }

    pub const fn size(&self) -> u8 {
        self.size
    }

    fn overlaps(self, other: Self) -> bool {
        self.base.contains(&other.base) || other.base.contains(&self.base)
    }
}

impl fmt::Display for SubnetPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.base, self.size)
    }
}

impl FromStr for SubnetPool {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || Invalid::new("a pool is written `RANGE:SIZE`, such as 10.64.0.0/12:24");
        let (base, size) = match text.split_once(':') {
            Some((base, size)) => (base, size.parse().map_err(|_| bad())?),
            None => (text, Self::DEFAULT_SIZE),
        };
        Self::new(base.parse().map_err(|_| bad())?, size)
    }
}

/// Pools that do not overlap each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<SubnetPool>", into = "Vec<SubnetPool>")]
#[schema(value_type = Vec<SubnetPool>, max_items = 64)]
pub struct SubnetPools(Vec<SubnetPool>);

impl SubnetPools {
    pub const MAX: usize = 64;

    pub fn as_slice(&self) -> &[SubnetPool] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<SubnetPool>> for SubnetPools {
    type Error = Invalid;

    fn try_from(pools: Vec<SubnetPool>) -> Result<Self, Self::Error> {
        if pools.len() > Self::MAX {
            return Err(Invalid::new(format!("at most {} pools", Self::MAX)));
        }
        for (index, pool) in pools.iter().enumerate() {
            if let Some(other) = pools[..index].iter().find(|other| other.overlaps(*pool)) {
                return Err(Invalid::new(format!(
                    "pools {} and {} overlap",
                    other.base, pool.base
                )));
            }
        }
        Ok(Self(pools))
    }
}

impl From<SubnetPool> for SubnetPools {
    fn from(pool: SubnetPool) -> Self {
        Self(vec![pool])
    }
}

impl From<SubnetPools> for Vec<SubnetPool> {
    fn from(pools: SubnetPools) -> Self {
        pools.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_keep_their_bounds() {
        for text in ["10.64.0.0/12:24", "10.64.0.0/24:24", "172.20.0.0/14:16", "10.1.0.0/28:29"] {
            let pool: SubnetPool = text.parse().expect(text);
            assert_eq!(pool.to_string(), text);
        }
        assert_eq!("10.64.0.0/12".parse::<SubnetPool>().map(|pool| pool.size()), Ok(24));
        let bad = [
            ("", "RANGE:SIZE"),
            ("10.64.0.0/12:x", "RANGE:SIZE"),
            ("fd00::/48:64", "RANGE:SIZE"),
            ("10.64.0.1/12:24", "did you mean 10.64.0.0/12"),
            ("10.64.0.0/12:30", "between /16 and /29"),
            ("10.0.0.0/8:15", "between /16 and /29"),
            ("10.64.0.0/25:24", "between /8 and that of its subnets"),
            ("0.0.0.0/0:24", "between /8"),
            ("127.0.0.0/8:24", "cannot be used"),
            ("240.0.0.0/8:24", "cannot be used"),
        ];
        for (text, part) in bad {
            let error = text.parse::<SubnetPool>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn pools_do_not_overlap() {
        let pools = |texts: &[&str]| {
            let pools: Vec<SubnetPool> =
                texts.iter().map(|text| text.parse().expect("a pool")).collect();
            SubnetPools::try_from(pools)
        };
        assert!(pools(&["10.1.0.0/16:24", "10.2.0.0/16:20"]).is_ok());
        assert!(pools(&["10.1.0.0/16:24", "10.0.0.0/8:20"]).is_err());
        assert!(pools(&["10.1.0.0/16:24"; 2]).is_err());
        let many: Vec<String> = (0..65).map(|n| format!("10.{n}.0.0/16:24")).collect();
        assert!(pools(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
    }
}
