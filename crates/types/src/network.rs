//! The Docker side of a destination: the network's name and the options it is made with.
//!
//! Owns the rules that can be checked without a host. Whether a subnet is free is the host's word.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, id::cuid2, text::text_newtype};

/// Labels with this prefix say what Portolan made; nobody else may set them.
pub const LABEL_PREFIX: &str = "dev.portolan.";

/// Names that Docker or its swarm mode keeps for itself.
pub const RESERVED: [&str; 6] = ["bridge", "host", "none", "default", "ingress", "docker_gwbridge"];

/// A Docker network's name: letters, digits, `_`, `.`, `-`, the first a letter or digit, at most
/// 128 characters, not reserved. Docker's own rule is `RestrictedNamePattern` in
/// `moby/daemon/names`; the bound and the reserved names are ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 128,
    pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
    example = "tz4a98xxat96iws9zmbrgj3a"
)]
pub struct NetworkName(String);

impl NetworkName {
    pub const MAX: usize = 128;

    /// A name that nothing else has: a CUID2.
    pub fn generate() -> Self {
        Self(cuid2())
    }
}

impl FromStr for NetworkName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.chars().all(allowed) {
            return Err(Invalid::new(
                "a network name starts with a letter or digit and has only letters, digits, \
                 `_`, `.` and `-`",
            ));
        }
        if text.len() > Self::MAX {
            return Err(Invalid::new(format!(
                "a network name has at most {} characters",
                Self::MAX
            )));
        }
        // Docker tells `Bridge` from `bridge`, people do not.
        if RESERVED.iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return Err(Invalid::new(format!("the network name `{text}` is reserved by Docker")));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(NetworkName);

/// How a network is made. A subnet that is left out is chosen by Portolan, from the address plan;
/// what else is left out is chosen by the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Unchecked", rename_all = "snake_case")]
pub struct NetworkOptions {
    /// IPv4 addresses of the network; without it Portolan takes one from the address plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "10.20.0.0/24")]
    pub subnet: Option<Ipv4Net>,
    /// The host's own address in the subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Ipv4, example = "10.20.0.1")]
    pub gateway: Option<Ipv4Addr>,
    /// The part of the subnet from which containers get addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "10.20.0.128/25")]
    pub range: Option<Ipv4Net>,
    /// Whether containers get IPv6 addresses too.
    #[serde(default)]
    pub ipv6: bool,
    /// IPv6 addresses of the network; without it Portolan chooses a /64 of the team's own range.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "fd12:3456:789a:1::/64")]
    pub ipv6_subnet: Option<Ipv6Net>,
    /// No way out of the network and none in, except between its members.
    #[serde(default)]
    pub internal: bool,
    /// Encrypts what travels between the hosts of an overlay (`IPsec`); only on a swarm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// Bytes in the largest packet, 68 to 65535 (1280 or more with IPv6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 68, maximum = 65535, example = 1450)]
    pub mtu: Option<u16>,
    /// Labels put on the Docker network. `dev.portolan.` is reserved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// The wire form before the rules between the fields were checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    subnet: Option<Ipv4Net>,
    gateway: Option<Ipv4Addr>,
    range: Option<Ipv4Net>,
    #[serde(default)]
    ipv6: bool,
    ipv6_subnet: Option<Ipv6Net>,
    #[serde(default)]
    internal: bool,
    #[serde(default)]
    encrypted: bool,
    mtu: Option<u16>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl TryFrom<Unchecked> for NetworkOptions {
    type Error = Invalid;

    fn try_from(raw: Unchecked) -> Result<Self, Self::Error> {
        let options = Self {
            subnet: raw.subnet,
            gateway: raw.gateway,
            range: raw.range,
            ipv6: raw.ipv6 || raw.ipv6_subnet.is_some(),
            ipv6_subnet: raw.ipv6_subnet,
            internal: raw.internal,
            encrypted: raw.encrypted,
            mtu: raw.mtu,
            labels: raw.labels,
        };
        options.check()?;
        Ok(options)
    }
}

impl NetworkOptions {
    /// Most labels one network may carry, and bytes a label's key and value may have.
    const MAX_LABELS: usize = 64;
    const MAX_KEY: usize = 128;
    const MAX_VALUE: usize = 1_024;

    /// The rules between the fields.
    pub fn check(&self) -> Result<(), Invalid> {
        self.check_subnet()?;
        self.check_members_of_subnet()?;
        self.check_ipv6()?;
        self.check_mtu()?;
        self.check_labels()
    }

    fn check_subnet(&self) -> Result<(), Invalid> {
        let Some(subnet) = self.subnet else { return Ok(()) };
        if subnet.addr() != subnet.network() {
            return Err(Invalid::new(format!(
                "subnet {subnet} has bits set beyond its prefix: did you mean {}?",
                subnet.trunc()
            )));
        }
        if !(8..=29).contains(&subnet.prefix_len()) {
            return Err(Invalid::new(format!(
                "subnet {subnet} must have a prefix between /8 and /29"
            )));
        }
        let first = subnet.network();
        if first.is_loopback()
            || first.is_multicast()
            || first.is_link_local()
            || first.octets()[0] == 0
        {
            return Err(Invalid::new(format!("subnet {subnet} cannot be used for containers")));
        }
        Ok(())
    }

    fn check_members_of_subnet(&self) -> Result<(), Invalid> {
        let Some(subnet) = self.subnet else {
            return match (self.gateway, self.range) {
                (None, None) => Ok(()),
                _ => Err(Invalid::new("a gateway or a range needs a subnet")),
            };
        };
        if let Some(gateway) = self.gateway
            && (!subnet.contains(&gateway)
                || gateway == subnet.network()
                || gateway == subnet.broadcast())
        {
            return Err(Invalid::new(format!("gateway {gateway} is not a host in {subnet}")));
        }
        if let Some(range) = self.range
            && (range.addr() != range.network() || !subnet.contains(&range))
        {
            return Err(Invalid::new(format!("range {range} does not lie within {subnet}")));
        }
        Ok(())
    }

    fn check_ipv6(&self) -> Result<(), Invalid> {
        let Some(subnet) = self.ipv6_subnet else { return Ok(()) };
        if subnet.addr() != subnet.network() {
            return Err(Invalid::new(format!(
                "subnet {subnet} has bits set beyond its prefix: did you mean {}?",
                subnet.trunc()
            )));
        }
        if !(48..=120).contains(&subnet.prefix_len()) {
            return Err(Invalid::new(format!(
                "subnet {subnet} must have a prefix between /48 and /120"
            )));
        }
        let first: Ipv6Addr = subnet.network();
        if first.is_loopback() || first.is_multicast() || first.is_unicast_link_local() {
            return Err(Invalid::new(format!("subnet {subnet} cannot be used for containers")));
        }
        Ok(())
    }

    fn check_mtu(&self) -> Result<(), Invalid> {
        // 68 is the least that IPv4 allows (RFC 791), 1280 the least for IPv6 (RFC 8200).
        let least = if self.ipv6 { 1_280 } else { 68 };
        match self.mtu {
            Some(mtu) if mtu < least => Err(Invalid::new(format!(
                "an mtu of {mtu} is too small: it must be at least {least}"
            ))),
            _ => Ok(()),
        }
    }

    fn check_labels(&self) -> Result<(), Invalid> {
        if self.labels.len() > Self::MAX_LABELS {
            return Err(Invalid::new(format!("at most {} labels", Self::MAX_LABELS)));
        }
        self.labels.iter().try_for_each(|(key, value)| check_label(key, value))
    }
}

fn check_label(key: &str, value: &str) -> Result<(), Invalid> {
    if key.is_empty() || key.len() > NetworkOptions::MAX_KEY {
        return Err(Invalid::new(format!(
            "a label's key has 1 to {} bytes",
            NetworkOptions::MAX_KEY
        )));
    }
    if value.len() > NetworkOptions::MAX_VALUE {
        return Err(Invalid::new(format!(
            "a label's value has at most {} bytes",
            NetworkOptions::MAX_VALUE
        )));
    }
    if key.chars().chain(value.chars()).any(char::is_control) {
        return Err(Invalid::new("a label must not contain control characters"));
    }
    if key.starts_with(LABEL_PREFIX) {
        return Err(Invalid::new(format!("labels that start with `{LABEL_PREFIX}` are reserved")));
    }
    Ok(())
}

/// A unique local /48 nobody else is likely to have (RFC 4193, section 3.2.2: forty random bits).
pub fn random_ula() -> Ipv6Net {
    let mut octets: [u8; 16] = rand::random();
    octets[0] = 0xfd;
    octets[6..].fill(0);
    Ipv6Net::new_assert(Ipv6Addr::from(octets), 48)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_follow_dockers_rule() {
        for text in ["a", "0", "my-network", "my_network", "my.network", &"x".repeat(128)] {
            assert!(text.parse::<NetworkName>().is_ok(), "{text}");
        }
        let hostile = [
            "",
            "-a",
            ".a",
            "_a",
            "a b",
            "a;b",
            "a|b",
            "$(a)",
            "`a`",
            "a\nb",
            "a\0",
            "é",
            "a/b",
            "../a",
            &"x".repeat(129),
        ];
        for text in hostile {
            assert!(text.parse::<NetworkName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn reserved_names_are_refused_in_any_case() {
        for text in RESERVED.iter().flat_map(|name| [(*name).to_owned(), name.to_uppercase()]) {
            let error = text.parse::<NetworkName>().expect_err("reserved");
            assert!(error.to_string().contains("reserved"), "{error}");
        }
    }

    #[test]
    fn options_check_their_fields_against_each_other() {
        let good = |options: NetworkOptions| assert_eq!(options.check(), Ok(()));
        let bad = |options: NetworkOptions, part: &str| {
            let error = options.check().expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        };
        let net = |text: &str| Some(text.parse::<Ipv4Net>().expect("a subnet"));
        let with = |subnet: &str| NetworkOptions { subnet: net(subnet), ..Default::default() };

        good(NetworkOptions::default());
        good(NetworkOptions { range: net("10.1.0.128/25"), ..with("10.1.0.0/24") });
        bad(with("10.1.0.7/24"), "did you mean 10.1.0.0/24?");
        bad(with("10.1.0.0/30"), "between /8 and /29");
        bad(with("127.0.0.0/24"), "cannot be used");
        bad(NetworkOptions { range: net("10.2.0.0/25"), ..with("10.1.0.0/24") }, "within");
        bad(
            NetworkOptions { gateway: Some([10, 1, 0, 0].into()), ..with("10.1.0.0/24") },
            "not a host",
        );
        bad(NetworkOptions { gateway: Some([10, 1, 0, 1].into()), ..Default::default() }, "needs");
        bad(NetworkOptions { mtu: Some(20), ..Default::default() }, "at least 68");
        bad(NetworkOptions { mtu: Some(1_000), ipv6: true, ..Default::default() }, "1280");
        let labels = BTreeMap::from([("dev.portolan.team".to_owned(), "x".to_owned())]);
        bad(NetworkOptions { labels, ..Default::default() }, "reserved");
    }

    proptest! {
        #[test]
        fn whatever_parses_keeps_its_text(text in "\\PC{0,140}") {
            if let Ok(name) = text.parse::<NetworkName>() {
                prop_assert_eq!(name.as_str(), text.as_str());
            }
        }

        #[test]
        fn random_subnets_are_unique_local(_ in 0..50) {
            let subnet = random_ula();
            prop_assert_eq!(subnet.addr().octets()[0], 0xfd);
            prop_assert_eq!(subnet.trunc(), subnet);
        }
    }
}
