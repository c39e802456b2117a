//! From where a token may be used.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

/// Networks, IPv4 and IPv6: 1 to 32 of them, without doubles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schema(value_type = Vec<String>, min_items = 1, max_items = 32, example = json!(["192.0.2.0/24"]))]
pub struct TokenAddresses(Vec<IpNet>);

impl TokenAddresses {
    const MOST: usize = 32;

    /// An IPv4 address that comes as one of IPv6 is the one of IPv4.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether no address is in these that is not in others.
    pub fn are_within(&self, others: &Self) -> bool {
        self.0.iter().all(|network| others.0.iter().any(|other| other.contains(network)))
    }
}

impl TryFrom<Vec<String>> for TokenAddresses {
    type Error = Invalid;

    fn try_from(texts: Vec<String>) -> Result<Self, Self::Error> {
        let mut networks = texts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
        networks.sort_unstable();
        networks.dedup();
        if (1..=Self::MOST).contains(&networks.len()) {
            return Ok(Self(networks));
        }
        Err(Invalid::new(format!("a token has 1 to {} networks, or no list of them", Self::MOST)))
    }
}

/// A network, or one address.
fn parse(text: &str) -> Result<IpNet, Invalid> {
    let text = text.trim();
    let network: IpNet =
        text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
            let text = text.escape_debug();
            Invalid::new(format!("`{text}` is no network: write 192.0.2.0/24 or 2001:db8::/32"))
        })?;
    let IpNet::V6(v6) = network else { return Ok(network.trunc()) };
    // As the addresses that are compared with it: canonical.
    match v6.addr().to_ipv4_mapped() {
        Some(address) if v6.prefix_len() >= 96 => {
            let network = IpNet::new(address.into(), v6.prefix_len() - 96);
            network.map(|network| network.trunc()).map_err(|error| Invalid::new(error.to_string()))
        }
        _ => Ok(network.trunc()),
    }
}

impl From<TokenAddresses> for Vec<String> {
    fn from(addresses: TokenAddresses) -> Self {
        addresses.0.iter().map(IpNet::to_string).collect()
    }
}

/// Networks with commas between them: the form in the database and on the command line.
impl FromStr for TokenAddresses {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::to_owned).collect::<Vec<_>>().try_into()
    }
}

impl std::fmt::Display for TokenAddresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let networks: Vec<String> = self.0.iter().map(IpNet::to_string).collect();
        f.pad(&networks.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> TokenAddresses {
        text.parse().expect(text)
    }

    #[test]
    fn lists_read_and_write_as_networks() {
        assert_eq!(list("192.0.2.7/24, 2001:db8::1").to_string(), "192.0.2.0/24,2001:db8::1/128");
        assert_eq!(list("192.0.2.7").to_string(), "192.0.2.7/32");
        assert_eq!(list("::ffff:192.0.2.7/120").to_string(), "192.0.2.0/24");
        for bad in ["", ",", "everywhere", "192.0.2.0/33", &vec!["192.0.2.1"; 33].join("x,")] {
            assert!(bad.parse::<TokenAddresses>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_in_one_of_them_or_not() {
        let here = list("192.0.2.0/24,2001:db8::/32");
        let contains = |text: &str| here.contain(text.parse().expect(text));
        assert!(contains("192.0.2.7") && contains("::ffff:192.0.2.7") && contains("2001:db8::7"));
        assert!(!contains("192.0.3.7") && !contains("::1") && !contains("2001:db9::7"));
    }

    #[test]
    fn a_part_is_within_the_whole() {
        assert!(list("192.0.2.128/25").are_within(&list("192.0.2.0/24,::1")));
        assert!(!list("192.0.2.0/24").are_within(&list("192.0.2.128/25")));
        assert!(!list("192.0.2.0/25,::1").are_within(&list("192.0.2.0/24")));
    }
}
