//! How addresses are shown.

use portolan_types::{
    AddressPlan, FleetAddresses, ServerAddresses,
    address::{AddressUse, HeldRange, NetworkUse, PoolUse, ServerSubnets, SubnetUse},
};

use crate::{
    printer::{Details, Span, Style, Table},
    words::since,
};

pub(super) fn plan(plan: &AddressPlan) -> Details {
    let pools: Vec<String> = plan.pools.as_slice().iter().map(ToString::to_string).collect();
    let details = Details::default().row("pools", pools.join(" "));
    let reserved = plan.reserved.as_slice().iter();
    reserved
        .fold(details, |details, range| {
            details.row("reserved", format!("{}  {}", range.cidr(), range.note()))
        })
        .row("across fleet", if plan.across_fleet { "yes" } else { "no" })
        .maybe("IPv6 range", plan.ula.map(|ula| ula.to_string()))
}

pub(super) fn fleet(fleet: &FleetAddresses) -> Details {
    let details = plan(&fleet.plan).row("free everywhere", in_words(&fleet.ipv4));
    details.maybe("next", fleet.ipv4.next.map(|net| net.to_string()))
}

pub(super) fn servers(servers: &[ServerSubnets]) -> Table {
    let header = &["SERVER", "USED", "FREE", "NEXT", "NEXT IPV6", "POOLS", "SEEN", "ID"];
    Table::new(header).yielding(&["SEEN", "NEXT IPV6", "POOLS"]).with(servers.iter().map(|one| {
        let ipv6 = one.ipv6.as_ref().and_then(|ipv6| ipv6.next);
        vec![
            Span::plain(one.server_name.as_str()),
            Span::plain(one.ipv4.used.to_string()),
            free(&one.ipv4, one.warnings.is_empty()),
            Span::or_dash(one.ipv4.next.map(|net| net.to_string())),
            Span::or_dash(ipv6.map(|net| net.to_string())),
            Span::plain(if one.own_pools { "its own" } else { "the team's" }),
            Span::or_dash(one.seen_at.map(since)),
            Span::plain(one.server_id.as_str()),
        ]
    }))
}

fn free(subnets: &SubnetUse, is_well: bool) -> Span {
    let style = match (subnets.free, is_well) {
        (0, _) => Style::Bad,
        (_, false) => Style::Caution,
        (_, true) => Style::Plain,
    };
    Span::new(style, subnets.free.to_string())
}

pub(super) fn server(shown: &ServerAddresses) -> Details {
    let ServerAddresses { subnets, pools, .. } = shown;
    let of = if subnets.own_pools { "its own" } else { "the team's" };
    let details = Details::default().row("server", subnets.server_name.as_str()).row("pools", of);
    let each = |details: Details, PoolUse { pool, subnets }: &PoolUse| {
        details.row("pool", format!("{pool}  {}", in_words(subnets)))
    };
    pools
        .iter()
        .fold(details, each)
        .maybe("next", subnets.ipv4.next.map(|net| net.to_string()))
        .maybe("IPv6", subnets.ipv6.as_ref().map(in_words))
        .maybe("next IPv6", subnets.ipv6.as_ref().and_then(|ipv6| ipv6.next).map(|n| n.to_string()))
        .row("seen", subnets.seen_at.map_or_else(|| "never".to_owned(), since))
}

/// `3 of 4096 used, 4093 free`.
fn in_words(subnets: &SubnetUse) -> String {
    format!("{} of {} used, {} free", subnets.used, subnets.total, subnets.free)
}

pub(super) fn networks(networks: &[NetworkUse]) -> Option<Table> {
    let header = &[
        "NETWORK",
        "DESTINATION",
        "SUBNET",
        "USED",
        "ADDRESSES",
        "CONTAINERS",
        "GATEWAYS",
        "ENDPOINTS",
    ];
    let rows = networks.iter().flat_map(|network| {
        network.subnets.iter().map(move |subnet| {
            let destination = network.destination.as_ref().map(|one| one.name.as_str());
            vec![
                Span::plain(network.network.as_str()),
                Span::or_dash(destination),
                Span::plain(subnet.subnet.to_string()),
                Span::plain(subnet.used.to_string()),
                Span::plain(capacity(subnet)),
                Span::plain(subnet.containers.to_string()),
                Span::plain(subnet.gateways.to_string()),
                Span::plain(subnet.endpoints.to_string()),
            ]
        })
    });
    let table = Table::new(header).yielding(&["ENDPOINTS", "GATEWAYS", "CONTAINERS"]).with(rows);
    (!networks.is_empty()).then_some(table)
}

fn capacity(subnet: &AddressUse) -> String {
    match subnet.capacity {
        u32::MAX => "plenty".to_owned(),
        capacity => capacity.to_string(),
    }
}

pub(super) fn ranges(ranges: &[HeldRange]) -> Option<Table> {
    let table =
        Table::new(&["RANGE", "KEPT CLEAR FOR"]).with(ranges.iter().map(|range| {
            vec![Span::plain(range.range.to_string()), Span::plain(range.by.as_str())]
        }));
    (!ranges.is_empty()).then_some(table)
}
