//! Ports of a service: those that are published at the host's, and those that it answers at.

use std::{net::IpAddr, num::NonZeroU16};

use portolan_types::{HostPort, Transport};

use super::{finding::Findings, spot::Spot, unknown};

/// How many ports a range may have.
const MOST: u16 = 50;

/// What is under `ports`.
#[derive(Debug, Default)]
pub(super) struct Ports {
    pub(super) published: Vec<HostPort>,
    /// In the container, by TCP.
    pub(super) targets: Vec<NonZeroU16>,
}

pub(super) fn published(spot: &Spot<'_>, findings: &mut Findings) -> Ports {
    let mut ports = Ports::default();
    for item in spot.items(findings) {
        let read = if item.is_map() { long(&item, findings) } else { short(&item, findings) };
        let Some(port) = read else { continue };
        ports.add(port, &item, findings);
    }
    ports
}

/// Ports from the first to the last.
type Range = (u16, u16);

#[derive(Debug, Clone, Copy)]
struct Port {
    host: Option<Range>,
    container: Range,
    transport: Transport,
    address: Option<IpAddr>,
}

impl Ports {
    fn add(&mut self, port: Port, spot: &Spot<'_>, findings: &mut Findings) {
        let Port { host, container, transport, address } = port;
        let (first, last) = container;
        let numbers = (first..=last).filter_map(NonZeroU16::new);
        if transport == Transport::Tcp {
            self.targets.extend(numbers.clone());
        }
        let Some((from, to)) = host else {
            let what = "not published: a port of the host is chosen by whoever wants one; routes and \
                        other services reach it as it is";
            return spot.tell(findings, what);
        };
        if to - from != last - first {
            return spot.refuse(findings, "as many ports of the host as of the container");
        }
        let hosts = (from..=to).filter_map(NonZeroU16::new);
        let pairs = hosts.zip(numbers);
        self.published.extend(pairs.map(|(host, container)| HostPort {
            host,
            container,
            transport,
            address,
        }));
    }
}

/// `[ADDRESS:][HOST:]CONTAINER[/TRANSPORT]`.
fn short(spot: &Spot<'_>, findings: &mut Findings) -> Option<Port> {
    let text = spot.text(findings)?;
    let (ports, transport) = text.split_once('/').unwrap_or((text, "tcp"));
    let transport = spot.accept(findings, transport.parse())?;
    let (rest, container) =
        ports.rsplit_once(':').map_or((None, ports), |(rest, port)| (Some(rest), port));
    let container = range(container, spot, findings)?;
    let Some(rest) = rest else {
        return Some(Port { host: None, container, transport, address: None });
    };
    let (address, host) =
        rest.rsplit_once(':').map_or((None, rest), |(address, port)| (Some(address), port));
    let address = address.map(|text| self::address(text, spot, findings));
    let address = match address {
        Some(None) => return None,
        Some(found) => found,
        None => None,
    };
    let host = if host.is_empty() { None } else { Some(range(host, spot, findings)?) };
    Some(Port { host, container, transport, address })
}

fn long(spot: &Spot<'_>, findings: &mut Findings) -> Option<Port> {
    let (mut host, mut container) = (None, None);
    let (mut transport, mut address) = (Transport::Tcp, None);
    for (key, spot) in spot.entries(findings) {
        match key {
            "target" => container = Some(range(spot.text(findings)?, &spot, findings)?),
            "published" => host = Some(range(spot.text(findings)?, &spot, findings)?),
            "protocol" => transport = spot.parsed(findings)?,
            "host_ip" => address = Some(self::address(spot.text(findings)?, &spot, findings)?),
            "mode" if matches!(spot.text(findings), Some("host" | "ingress")) => {}
            "name" | "app_protocol" => {}
            _ => unknown::key(key, &spot, findings),
        }
    }
    if container.is_none() {
        spot.refuse(findings, "a port has a `target`");
    }
    Some(Port { host, container: container?, transport, address })
}

fn address(text: &str, spot: &Spot<'_>, findings: &mut Findings) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    spot.accept(findings, bare.parse::<IpAddr>().map_err(|_| format!("`{text}` is no address")))
}

fn range(text: &str, spot: &Spot<'_>, findings: &mut Findings) -> Option<Range> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let both = first.parse::<NonZeroU16>().ok().zip(last.parse::<NonZeroU16>().ok());
    let both = both.map(|(first, last)| (first.get(), last.get()));
    let good = both.filter(|(first, last)| first <= last && last - first < MOST);
    if good.is_none() {
        let why = format!("`{text}` is neither a port nor a range of at most {MOST}");
        spot.refuse(findings, why);
    }
    good
}

/// Where it answers others on its networks.
pub(super) fn exposed(spot: &Spot<'_>, findings: &mut Findings) -> Vec<NonZeroU16> {
    let mut ports = Vec::new();
    for item in spot.items(findings) {
        let Some(text) = item.text(findings) else { continue };
        let (numbers, transport) = text.split_once('/').unwrap_or((text, "tcp"));
        let Some((first, last)) = range(numbers, &item, findings) else { continue };
        if transport == "tcp" {
            ports.extend((first..=last).filter_map(NonZeroU16::new));
        }
    }
    ports
}
