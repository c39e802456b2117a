//! A map of addresses as a picture (SVG): each pool as a grid of its subnets, read like a text from
//! left to right and from top to bottom, in which every CIDR block is one rectangle.
//!
//! Owns the drawing. What a range is held by comes from `addresses`; texts are hostile and are
//! escaped in `svg`. The picture needs no script, no font and nothing from elsewhere, and says
//! everything by pattern and text as well as by colour.

mod grid;
mod legend;
mod strip;
mod svg;

use ipnet::{IpNet, Ipv4Net};
use portolan_types::{RangeKind, SubnetPool};

use svg::Svg;
pub(crate) use svg::style_source;

/// What the picture shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// Sentences below the title: how much is used, what is next.
    pub(crate) lines: Vec<String>,
    pub(crate) pools: Vec<SubnetPool>,
    pub(crate) blocks: Vec<Block>,
    /// The subnet that the next destination gets.
    pub(crate) next: Option<Ipv4Net>,
}

/// A range that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) range: IpNet,
    pub(crate) kind: RangeKind,
    /// By what, in words.
    pub(crate) by: String,
}

/// Most rectangles of one grid or strip: a browser has to hold them all.
const MOST_BLOCKS: usize = 8_192;

/// The measures of the page.
const WIDTH: f64 = 1_000.0;
const MARGIN: f64 = 24.0;
/// Where the drawing begins, right of the addresses of the rows.
const LEFT: f64 = 130.0;
const DRAWING: f64 = WIDTH - LEFT - MARGIN;

/// The whole picture as a document.
pub(crate) fn draw(chart: &Chart) -> String {
    let mut svg = Svg::new();
    let mut y = heading(&mut svg, chart);
    y = legend::draw(&mut svg, chart, y);
    y = strip::draw(&mut svg, chart, y);
    for pool in &chart.pools {
        y = grid::draw(&mut svg, chart, *pool, y);
    }
    svg.finish(WIDTH, y + MARGIN, &chart.title, &chart.lines.join(" "))
}

fn heading(svg: &mut Svg, chart: &Chart) -> f64 {
    let mut y = MARGIN + 16.0;
    svg.text("title", MARGIN, y, &chart.title);
    for line in &chart.lines {
        y += 20.0;
        svg.text("line", MARGIN, y, line);
    }
    y + 16.0
}

/// The class by which the style sheet knows a kind.
const fn class(kind: RangeKind) -> &'static str {
    kind.as_str()
}

/// Large and vague ranges first, so that what is exact lies above them.
const fn layer(kind: RangeKind) -> u8 {
    match kind {
        RangeKind::EnginePool => 0,
        RangeKind::Reserved => 1,
        RangeKind::Route => 2,
        RangeKind::OtherServer => 3,
        RangeKind::Refused | RangeKind::Network => 4,
        RangeKind::Destination => 5,
    }
}

/// The IPv4 blocks in the order in which they are drawn.
fn layered(chart: &Chart) -> Vec<(Ipv4Net, &Block)> {
    let mut blocks: Vec<(Ipv4Net, &Block)> = chart
        .blocks
        .iter()
        .filter_map(|block| match block.range {
            IpNet::V4(net) => Some((net, block)),
            IpNet::V6(_) => None,
        })
        .collect();
    blocks.sort_by_key(|(net, block)| (layer(block.kind), *net));
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(range: &str, kind: RangeKind, by: &str) -> Block {
        Block { range: range.parse().expect("a range"), kind, by: by.to_owned() }
    }

    fn chart(blocks: Vec<Block>) -> Chart {
        Chart {
            title: "addresses of server `web-1`".into(),
            lines: vec!["3 of 4096 subnets are used, next is 10.64.3.0/24".into()],
            pools: vec!["10.64.0.0/12:24".parse().expect("a pool")],
            blocks,
            next: "10.64.3.0/24".parse().ok(),
        }
    }

    #[test]
    fn hostile_names_stay_text() {
        let name = "</title><script>alert(1)</script>\u{202e}\u{7}&\"'";
        let drawn = draw(&chart(vec![block("10.64.0.0/16", RangeKind::Network, name)]));
        assert!(!drawn.contains("<script"), "{drawn}");
        assert!(drawn.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{drawn}");
        assert!(!drawn.contains(['\u{202e}', '\u{7}']), "{drawn}");
    }

    #[test]
    fn every_kind_has_a_style_a_legend_and_a_block() {
        let blocks = RangeKind::ALL
            .iter()
            .zip(0_u8..)
            .map(|(kind, n)| block(&format!("10.64.{n}.0/24"), *kind, kind.as_str()));
        let drawn = draw(&chart(blocks.collect()));
        for kind in RangeKind::ALL {
            assert!(drawn.contains(&format!(".{kind}{{")), "no style for {kind}");
            // The legend, the overview and the grid.
            let used = drawn.matches(&format!("class=\"{kind}\"")).count();
            assert!(used >= 3, "{kind}: {used}");
        }
        assert!(drawn.contains("prefers-color-scheme:dark"));
    }

    #[test]
    fn the_worst_world_is_drawn_in_bounds() {
        let pools = ["10.0.0.0/8:29", "172.16.0.0/12:16", "192.168.0.0/29:29"];
        let blocks = (0..=u16::MAX).map(|n| {
            let [high, low] = n.to_be_bytes();
            block(&format!("10.{high}.{low}.0/28"), RangeKind::Destination, "one of many")
        });
        let more =
            [block("0.0.0.0/1", RangeKind::Route, "all"), block("fd00::/8", RangeKind::Route, "x")];
        let chart = Chart {
            pools: pools.iter().map(|pool| pool.parse().expect("a pool")).collect(),
            ..chart(blocks.chain(more).collect())
        };
        let drawn = draw(&chart);
        assert!(drawn.len() < 8 << 20, "{} bytes", drawn.len());
        assert!(drawn.contains("more are not drawn"), "what was left out is not said");
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "a number is none");
    }

    #[test]
    fn an_empty_chart_is_a_picture_too() {
        let drawn = draw(&Chart::default());
        assert!(drawn.starts_with("<svg ") && drawn.trim_end().ends_with("</svg>"), "{drawn}");
    }
}
