//! Where Portolan may be led to: to public addresses, and where the operator said.
//!
//! Others choose URLs: people of teams those of their webhooks, issuers those of their documents.
//! And the control plane stands where much can be reached that they cannot reach. So the address is
//! judged, not the name, and the connection is made to the address that was judged: the judge *is*
//! the resolver of the HTTP client, which asks once. A name that resolves to something else the next
//! time is judged again then. Owns no client: redirects and proxies are the callers' affair.

use std::{
    error::Error as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::host::clean;

/// Why it does not go there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not a public address; the operator of Portolan permits others with `{flag}`")]
pub(crate) struct Refused {
    address: IpAddr,
    flag: &'static str,
}

/// Judges addresses, and resolves names to those that pass.
#[derive(Clone)]
pub(crate) struct Guard {
    allowed: Arc<[IpNet]>,
    flag: &'static str,
    resolver: Arc<dyn Resolve>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Guard {
    /// `allowed` are the networks that the operator permits besides public addresses, by `flag`.
    pub(crate) fn new(allowed: &[IpNet], flag: &'static str) -> Self {
        Self::with(allowed, flag, Arc::new(System))
    }

    fn with(allowed: &[IpNet], flag: &'static str, resolver: Arc<dyn Resolve>) -> Self {
        Self { allowed: allowed.into(), flag, resolver }
    }

    /// The HTTP client resolves no addresses: those in a URL are judged here.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.judge(address.into()),
            Some(Host::Ipv6(address)) => self.judge(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// Whether a connection may be made to an address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        self.judge(address).is_ok()
    }

    /// By which the operator permits more.
    pub(crate) const fn flag(&self) -> &'static str {
        self.flag
    }

    fn judge(&self, address: IpAddr) -> Result<(), Refused> {
        let real = embedded(address);
        if is_public(real) || self.allowed.iter().any(|net| net.contains(&real)) {
            return Ok(());
        }
        Err(Refused { address: real, flag: self.flag })
    }

    /// Those that pass; a refusal when none does.
    fn sift(&self, found: Addrs) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let (mut good, mut refused): (Vec<SocketAddr>, _) = (Vec::new(), None);
        for address in found {
            match self.judge(address.ip()) {
                Ok(()) => good.push(address),
                Err(why) => refused = Some(why),
            }
        }
        match refused {
            Some(why) if good.is_empty() => Err(why.into()),
            Some(_) | None => Ok(Box::new(good.into_iter())),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move { guard.sift(guard.resolver.resolve(name).await?) })
    }
}

/// Why a request could not be made: the innermost cause, since the outer ones name the URL.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    clean(&cause.map_or_else(|| error.to_string(), ToString::to_string))
}

/// As the machine resolves names.
#[derive(Debug)]
struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The address that is reached: IPv4 inside of IPv6 (RFC 4291 section 2.5.5.2, RFC 6052).
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.octets() {
        [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => {
            Ipv4Addr::new(a, b, c, d).into()
        }
        _ => v6.to_canonical(),
    }
}

/// What IANA's registries of special addresses call globally reachable, and no multicast
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // Shared behind the NAT of carriers.
        [100, second, ..] => second & 0xc0 == 64,
        // In this order: this network, and multicast with all above it; for protocols; relays from
        // IPv6, withdrawn; for benchmarks.
        octets => matches!(
            octets,
            [0 | 224..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..]
        ),
    };
    let inside = address.is_private() || address.is_loopback() || address.is_link_local();
    !special && !inside && !address.is_documentation()
}

/// Whether a server can be at an address. Docker hosts on private networks are the usual case; what
/// is refused is where nobody's host is, and where much listens that trusts who can reach it: this
/// machine, its links, the services with which clouds tell machines their secrets, and IPv4 in those
/// disguises that no address of a host has.
pub(crate) fn has_servers(address: IpAddr, allowed: &[IpNet]) -> bool {
    let real = embedded(address);
    let odd = match real {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            v4.is_loopback() || v4.is_link_local() || matches!(octets, [0 | 224..=255, ..])
                // Of one cloud alone, in a range that others use for hosts.
                || octets == [100, 100, 100, 200]
        }
        IpAddr::V6(v6) => is_odd_v6(v6),
    };
    !odd || allowed.iter().any(|net| net.contains(&real))
}

fn is_odd_v6(address: Ipv6Addr) -> bool {
    let metadata = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
    let [first, second, ..] = address.segments();
    // `::/16` has no address of a host, and holds loopback and IPv4 in an old disguise.
    let disguised = first == 0
        || first == 0x2002
        || (first == 0x2001 && second == 0)
        || (first == 0x64 && second == 0xff9b);
    disguised || address.is_unicast_link_local() || address.is_multicast() || address == metadata
}

/// Global unicast without what is for protocols, for documentation, or leads into IPv4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let net = |segments: [u16; 2], length| {
        let [first, second] = segments;
        Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length)
    };
    let special = [
        net([0x2001, 0], 23),
        net([0x2001, 0x0db8], 32),
        net([0x2002, 0], 16),
        net([0x3fff, 0], 20),
    ];
    net([0x2000, 0], 3).contains(&address) && !special.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const FLAG: &str = "--allow-webhooks-to";

    fn public(text: &str) -> bool {
        is_public(embedded(text.parse().expect(text)))
    }

    #[test]
    fn only_public_addresses_are() {
        for good in [
            "1.1.1.1",
            "93.184.215.14",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(public(good), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456:789a::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!public(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_in_urls_are_judged_however_they_are_written() {
        let guard = Guard::new(&["10.1.0.0/16".parse().expect("a network")], FLAG);
        let check = |url: &str| guard.check(&url.parse().expect(url));
        for bad in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://127.1:8080/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://10.2.0.1/",
            "http://0/",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in ["http://10.1.2.3/", "http://[::ffff:10.1.2.3]/", "https://1.1.1.1/"] {
            assert!(check(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn servers_are_on_private_networks_and_not_here() {
        let has = |text: &str| has_servers(text.parse().expect(text), &[]);
        for good in [
            "10.0.0.5",
            "192.168.1.2",
            "172.16.0.1",
            "100.64.0.1",
            "8.8.8.8",
            "fd12::1",
            "2606:4700::1",
        ] {
            assert!(has(good), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
        ] {
            assert!(!has(bad), "{bad}");
        }
        let allowed = ["127.0.0.0/8".parse().expect("a network")];
        assert!(has_servers("::ffff:127.0.0.1".parse().expect("an address"), &allowed));
        assert!(!has_servers("::1".parse().expect("an address"), &allowed));
    }

    /// Answers something else each time that it is asked.
    #[derive(Debug)]
    struct Changing(AtomicUsize, &'static [&'static [&'static str]]);

    impl Resolve for Changing {
        fn resolve(&self, _: Name) -> Resolving {
            let turn = self.0.fetch_add(1, Ordering::Relaxed);
            let found = self.1[turn % self.1.len()];
            let found: Vec<SocketAddr> =
                found.iter().map(|text| (text.parse::<IpAddr>().expect(text), 0).into()).collect();
            Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
        }
    }

    async fn resolved(guard: &Guard) -> Result<Vec<String>, String> {
        let name: Name = "hooks.example.com".parse().expect("a name");
        let found = guard.resolve(name).await.map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn a_name_is_judged_each_time_by_what_it_resolves_to() {
        let answers: &[&[&str]] = &[
            &["1.1.1.1"],
            &["127.0.0.1"],
            &["169.254.169.254", "::ffff:10.0.0.1"],
            &["10.0.0.1", "1.1.1.1", "::1"],
        ];
        let guard = Guard::with(&[], FLAG, Arc::new(Changing(AtomicUsize::new(0), answers)));
        assert_eq!(resolved(&guard).await, Ok(vec!["1.1.1.1".to_owned()]));
        let refused = resolved(&guard).await.expect_err("loopback");
        assert!(refused.starts_with("127.0.0.1 is not a public address"), "{refused}");
        resolved(&guard).await.expect_err("nothing public");
        assert_eq!(resolved(&guard).await, Ok(vec!["1.1.1.1".to_owned()]));
    }

    /// The client connects to what was judged, asks once for each connection, and never by itself.
    #[tokio::test]
    async fn the_client_goes_where_the_judge_says() {
        let _present = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answers: &[&[&str]] = &[&["127.0.0.2"], &["127.0.0.1"]];
        let changing = Arc::new(Changing(AtomicUsize::new(0), answers));
        let allowed = ["127.0.0.1/32".parse().expect("a network")];
        let guard = Guard::with(&allowed, FLAG, changing.clone());
        let client = reqwest::Client::builder().no_proxy().dns_resolver(guard).build();
        let client = client.expect("a client");
        let url = format!("http://hooks.example.com:{port}/");
        let refused = client.get(&url).send().await.expect_err("the first answer is refused");
        assert!(refused.is_connect(), "{refused:?}");
        let accepted = tokio::spawn(async move { listener.accept().await.map(drop) });
        // Nobody answers; that it was connected to is what counts.
        client.get(&url).send().await.expect_err("closed at once");
        accepted.await.expect("no panic").expect("a connection");
        assert_eq!(changing.0.load(Ordering::Relaxed), 2);
    }
}
