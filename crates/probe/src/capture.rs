//! Watching the wire: whether packets between two machines of a swarm travel open or encrypted.
//!
//! Only counts leave this module, never a packet. Needs `CAP_NET_RAW` in the host's namespace.

use std::io;

use crate::{ask::Capture, json::Object};

/// VXLAN's port in a swarm, unless `--data-path-port` chose another.
const VXLAN: u16 = 4789;
const UDP: u8 = 17;
const ESP: u8 = 50;

/// What went by.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    packets: u64,
    /// With the nonce in them, for anybody on the way to read.
    readable: u64,
    vxlan: u64,
    encrypted: u64,
}

/// A packet between the two machines.
#[derive(Debug, PartialEq, Eq)]
struct Packet<'a> {
    protocol: u8,
    payload: &'a [u8],
}

pub(crate) fn run(capture: &Capture) -> io::Result<String> {
    let seen = watch(capture)?;
    Ok(Object::new()
        .text("peer", capture.peer)
        .number("packets", seen.packets)
        .number("readable", seen.readable)
        .number("vxlan", seen.vxlan)
        .number("esp", seen.encrypted)
        .end())
}

#[cfg(target_os = "linux")]
fn watch(capture: &Capture) -> io::Result<Seen> {
    use std::{
        io::{ErrorKind, Read},
        time::{Duration, Instant},
    };

    use socket2::{Domain, Protocol, Socket, Type};

    /// All protocols, in the order of the network.
    const EVERYTHING: u16 = 3_u16.to_be();
    const LARGEST: usize = 65_536;

    // Datagrams come without their link's header.
    let mut socket =
        Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(EVERYTHING))))?;
    let deadline = Instant::now() + capture.within;
    let mut seen = Seen::default();
    let mut packet = vec![0; LARGEST];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(seen);
        }
        socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match socket.read(&mut packet) {
            Ok(length) => seen.count(capture, packet.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(seen),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // An interface went down: the others go on.
            Err(error) if error.kind() == ErrorKind::NetworkDown => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn watch(_: &Capture) -> io::Result<Seen> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Seen {
    fn count(&mut self, capture: &Capture, packet: &[u8]) {
        let Some(packet) = Packet::between(capture, packet) else { return };
        self.packets += 1;
        let is_vxlan = packet.protocol == UDP && port(packet.payload) == Some(VXLAN);
        self.encrypted += u64::from(packet.protocol == ESP);
        self.vxlan += u64::from(is_vxlan);
        // A swarm may have chosen another port than VXLAN's own: the nonce tells.
        self.readable += u64::from(has(packet.payload, capture.nonce.as_bytes()));
    }
}

impl<'a> Packet<'a> {
    /// One that comes from the peer or goes there. Headers between IPv6 and its payload are not
    /// looked behind: swarms use none.
    fn between(capture: &Capture, bytes: &'a [u8]) -> Option<Self> {
        let (protocol, addresses, header) = match bytes.first()? >> 4 {
            4 => (*bytes.get(9)?, bytes.get(12..20)?, usize::from(bytes.first()? & 0x0f) * 4),
            6 => (*bytes.get(6)?, bytes.get(8..40)?, 40),
            _ => return None,
        };
        let peer = match capture.peer {
            std::net::IpAddr::V4(peer) => peer.octets().to_vec(),
            std::net::IpAddr::V6(peer) => peer.octets().to_vec(),
        };
        let same = addresses.len() == peer.len() * 2;
        let theirs = same && addresses.chunks(peer.len()).any(|address| address == peer);
        theirs.then_some(Self { protocol, payload: bytes.get(header..)? })
    }
}

fn port(payload: &[u8]) -> Option<u16> {
    let bytes = payload.get(2..4)?;
    bytes.try_into().ok().map(u16::from_be_bytes)
}

fn has(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn packet(protocol: u8, to: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1];
        packet.extend(to);
        packet.extend(payload);
        packet
    }

    fn vxlan(inner: &[u8]) -> Vec<u8> {
        let mut payload = vec![0x80, 0, 0x12, 0xb5, 0, 0, 0, 0];
        payload.extend(inner);
        payload
    }

    #[test]
    fn only_packets_of_the_two_machines_count_and_each_by_its_sort() {
        let capture = Capture {
            within: Duration::from_secs(1),
            peer: [10, 0, 0, 2].into(),
            nonce: "secret".into(),
        };
        let mut seen = Seen::default();
        for bytes in [
            packet(UDP, [10, 0, 0, 2], &vxlan(b"..secret..")),
            packet(UDP, [10, 0, 0, 2], &vxlan(b"another")),
            packet(ESP, [10, 0, 0, 2], &[9; 40]),
            packet(UDP, [10, 0, 0, 2], &[0, 53, 0, 53]),
            packet(ESP, [10, 0, 0, 3], &[9; 40]),
            vec![],
            vec![0x45; 12],
        ] {
            seen.count(&capture, &bytes);
        }
        assert_eq!(seen, Seen { packets: 4, readable: 1, vxlan: 2, encrypted: 1 });
    }
}
