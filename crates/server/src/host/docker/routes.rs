//! Where the host sends packets: its routing tables, as Linux prints them.
//!
//! Left out is what says nothing about a range in use elsewhere: the default route, loopback,
//! link-local, multicast, and the engine's own bridges, which are in the list of networks.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::{engine::Engine, ssh::Command};

const FILES: [&str; 2] = ["/proc/net/route", "/proc/net/ipv6_route"];

/// The host's routes; `None` where they cannot be read. On this machine they are those of
/// Portolan's own network namespace: in a container they show less than there is.
pub(super) async fn read(engine: &Engine) -> Option<Vec<IpNet>> {
    let text = match engine.connector().session() {
        Some(session) => session.output(Command::Routes).await?,
        None => of_this_machine().await?,
    };
    Some(parse(&text))
}

/// IPv6 may be switched off; then there is no such file.
async fn of_this_machine() -> Option<String> {
    let [ipv4, ipv6] = FILES;
    let mut text = tokio::fs::read_to_string(ipv4).await.ok()?;
    text.push_str(&tokio::fs::read_to_string(ipv6).await.unwrap_or_default());
    Some(text)
}

/// The two files tell themselves apart: one begins its lines with the interface, the other ends
/// them with it.
fn parse(text: &str) -> Vec<IpNet> {
    let route = |line: &str| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let (interface, net) = match columns.as_slice() {
            [target, prefix, _, _, _, _, _, _, _, interface] => {
                (*interface, ipv6(target, prefix)?.into())
            }
            [interface, target, _, _, _, _, _, mask, ..] => {
                (*interface, ipv4(target, mask)?.into())
            }
            _ => return None,
        };
        (!is_engines(interface) && says_something(&net)).then_some(net)
    };
    let mut routes: Vec<IpNet> = text.lines().filter_map(route).collect();
    routes.sort();
    routes.dedup();
    routes
}

#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(text: &str) {
    assert!(parse(text).iter().all(says_something));
}

/// The kernel prints the bytes as one number of the machine, and all engines' machines are
/// little-endian but s390x, whose routes come out as nonsense and are at worst in the way.
fn ipv4(target: &str, mask: &str) -> Option<Ipv4Net> {
    let address = |hex: &str| {
        u32::from_str_radix(hex, 16).ok().map(|number| Ipv4Addr::from(number.swap_bytes()))
    };
    Ipv4Net::with_netmask(address(target)?, address(mask)?).ok()
}

fn ipv6(target: &str, prefix: &str) -> Option<Ipv6Net> {
    let address = (target.len() == 32).then(|| u128::from_str_radix(target, 16).ok())??;
    let prefix = u8::from_str_radix(prefix, 16).ok()?;
    Ipv6Net::new(Ipv6Addr::from(address), prefix).ok()
}

/// Bridges that the engine names itself: `br-` and twelve digits of the network's id.
fn is_engines(interface: &str) -> bool {
    let id = interface.strip_prefix("br-");
    let is_id = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    matches!(interface, "lo" | "docker0" | "docker_gwbridge") || id.is_some_and(is_id)
}

fn says_something(net: &IpNet) -> bool {
    let aside = match net {
        IpNet::V4(net) => {
            let first = net.network();
            first.is_loopback() || first.is_link_local() || first.is_multicast()
        }
        IpNet::V6(net) => {
            let first = net.network();
            first.is_loopback() || first.is_unicast_link_local() || first.is_multicast()
        }
    };
    net.prefix_len() > 0 && !aside
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100580A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000580A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t0000080A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
tun0\t0100080A\t00000000\t0001\t0\t0\t0\tFFFFFFFF\t0\t0\t0
eth0\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
br-0123456789ab\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
br-lan\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
fd120000000000000000000000000000 30 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
fd340000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 docker0
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
";

    fn parsed(text: &str) -> Vec<String> {
        parse(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_matters_is_kept() {
        assert_eq!(
            parsed(ROUTES),
            ["10.8.0.0/16", "10.8.0.1/32", "10.88.0.0/24", "192.168.1.0/24", "fd12::/48"]
        );
    }

    #[test]
    fn nonsense_is_no_route() {
        for text in
            ["", "a b", "eth0 X Y Z 0 0 0 00FFFFFF 0 0 0", "eth0 0000580A 0 1 0 0 0 00FF00FF"]
        {
            assert!(parsed(text).is_empty(), "{text}");
        }
    }
}
