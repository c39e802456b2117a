//! Where packets go from here: the default routes.

use std::{fs, io, net::Ipv4Addr};

use crate::json::Object;

pub(crate) fn run() -> io::Result<String> {
    let ipv4 = fs::read_to_string("/proc/net/route")?;
    // IPv6 may be switched off; then there is no such file.
    let ipv6 = fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    let gateways: Vec<String> =
        ipv4.lines().filter_map(gateway).map(|one| one.to_string()).collect();
    let of_ipv6 = ipv6.lines().filter(|line| is_default(line)).count();
    let counted = u64::try_from(of_ipv6).unwrap_or(u64::MAX);
    Ok(Object::new().texts("gateways", gateways).number("ipv6_default_routes", counted).end())
}

/// `eth0 00000000 0100580A 0003 ...`: the gateway of a default route. The numbers are of the
/// machine's own order.
fn gateway(line: &str) -> Option<Ipv4Addr> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, "00000000", gateway, _, _, _, _, "00000000", ..] = columns.as_slice() else {
        return None;
    };
    let bytes = u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes();
    Some(Ipv4Addr::from(bytes))
}

/// A default route of IPv6 that leads somewhere: the kernel has one that refuses, on `lo`.
fn is_default(line: &str) -> bool {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let to_all = columns.first().is_some_and(|target| target.bytes().all(|byte| byte == b'0'));
    to_all && columns.get(1) == Some(&"00") && columns.last().is_some_and(|device| *device != "lo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_default_routes_count() {
        let of = "eth0\t00000000\t0100580A\t0003\t0\t0\t0\t00000000\t0\t0\t0";
        assert_eq!(gateway(of), Some(Ipv4Addr::new(10, 88, 0, 1)));
        assert_eq!(gateway("eth0\t0000580A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0"), None);
        assert_eq!(gateway("Iface\tDestination\tGateway \tFlags"), None);
        let zeros = "0".repeat(32);
        let line = |device: &str| format!("{zeros} 00 {zeros} 00 {zeros} 0400 1 0 0003 {device}");
        assert!(is_default(&line("eth0")));
        assert!(!is_default(&line("lo")));
    }
}
