//! The overview: where in the private ranges everything lies, the pools among it.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{
    Chart, DRAWING, LEFT, MARGIN, MOST_BLOCKS, class, layered,
    svg::{Area, Svg},
};
use crate::plan::Span;

/// RFC 1918, and the shared space that carriers and overlays use (RFC 6598).
const RANGES: [([u8; 4], u8); 4] =
    [([10, 0, 0, 0], 8), ([100, 64, 0, 0], 10), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];

const HEIGHT: f64 = 20.0;
/// Narrower ones could not be seen.
const LEAST_WIDTH: f64 = 1.5;

/// One strip a range. Answers where they end.
pub(super) fn draw(svg: &mut Svg, chart: &Chart, top: f64) -> f64 {
    svg.text("head", MARGIN, top + 10.0, "private ranges");
    let mut y = top + 20.0;
    for (octets, prefix) in RANGES {
        strip(svg, chart, Ipv4Net::new_assert(Ipv4Addr::from(octets), prefix), y);
        y += HEIGHT + 6.0;
    }
    y + 14.0
}

fn strip(svg: &mut Svg, chart: &Chart, range: Ipv4Net, y: f64) {
    svg.text("address", MARGIN, y + 14.0, &range.to_string());
    let whole = Area { x: LEFT, y, width: DRAWING, height: HEIGHT };
    svg.area("free", whole, &format!("{range}: free where nothing is drawn"));
    let mut hidden = 0_usize;
    for (drawn, (net, block)) in layered(chart).into_iter().enumerate() {
        let Some(area) = part(range, net, y) else { continue };
        if drawn < MOST_BLOCKS {
            svg.area(class(block.kind), area, &format!("{net}: {}", block.by));
        } else {
            hidden += 1;
        }
    }
    for pool in &chart.pools {
        if let Some(area) = part(range, pool.base(), y) {
            svg.area("pool", area, &format!("pool {pool}"));
        }
    }
    if hidden > 0 {
        svg.text("label", LEFT + 4.0, y + 14.0, &format!("{hidden} more are not drawn"));
    }
}

/// The part of a strip that a range covers.
fn part(strip: Ipv4Net, net: Ipv4Net, y: f64) -> Option<Area> {
    let strip = Span::from(strip);
    let common = Span::from(net).common(strip)?;
    let (from, length) = (common.first - strip.first, common.last - common.first + 1);
    let per_address = DRAWING / float(strip.last - strip.first + 1);
    let width = (float(length) * per_address).max(LEAST_WIDTH);
    Some(Area { x: LEFT + float(from) * per_address, y, width, height: HEIGHT })
}

/// Counts of IPv4 addresses are exact in a float.
pub(super) fn float(number: u128) -> f64 {
    u32::try_from(number).map_or(4_294_967_296.0, f64::from)
}
