//! Who listens here: the TCP ports of this network namespace at which connections are taken.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use crate::json::Object;

/// The kernel's number for a socket that listens.
const LISTENS: &str = "0A";

pub(crate) fn run() -> io::Result<String> {
    let ipv4 = fs::read_to_string("/proc/net/tcp")?;
    // IPv6 may be switched off; then there is no such file.
    let ipv6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    let mut found: Vec<SocketAddr> =
        ipv4.lines().chain(ipv6.lines()).filter_map(listener).collect();
    found.sort_unstable_by_key(|one| (one.port(), one.ip()));
    found.dedup();
    Ok(Object::new().texts("listeners", found.iter().map(ToString::to_string)).end())
}

/// `0: 0100007F:1F90 00000000:0000 0A ...`: address and port of one that listens.
fn listener(line: &str) -> Option<SocketAddr> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, _, state, ..] = columns.as_slice() else { return None };
    let (address, port) = local.split_once(':').filter(|_| *state == LISTENS)?;
    Some(SocketAddr::new(parse(address)?, u16::from_str_radix(port, 16).ok()?))
}

/// Words of 32 bits, each in the machine's own order.
fn parse(digits: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(digits.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match digits.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let bytes = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            let bytes: [u8; 16] = bytes.try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_listen_count() {
        let local = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000";
        assert_eq!(listener(local), Some("127.0.0.1:8080".parse().expect("an address")));
        let connected = local.replace(" 0A ", " 01 ");
        assert_eq!(listener(&connected), None);
        assert_eq!(listener("  sl  local_address rem_address   st tx_queue rx_queue"), None);
        let any = format!("1: {}:0050 {}:0000 0A 0", "0".repeat(32), "0".repeat(32));
        assert_eq!(listener(&any), Some("[::]:80".parse().expect("an address")));
        let loopback = format!("1: {}01000000:0050 {}:0000 0A 0", "0".repeat(24), "0".repeat(32));
        assert_eq!(listener(&loopback), Some("[::1]:80".parse().expect("an address")));
        for cut in
            ["1: 0100007F:1F 0", "1: 01:1F90 0:0 0A", "1: 0100007F 0:0 0A", "1: zz00007F:1 0 0A"]
        {
            assert_eq!(listener(cut), None, "{cut}");
        }
    }
}
