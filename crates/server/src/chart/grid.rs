//! One pool, subnet by subnet.

use ipnet::Ipv4Net;
use portolan_types::SubnetPool;

use super::{
    Block, Chart, DRAWING, LEFT, MARGIN, MOST_BLOCKS, class, layered,
    strip::float,
    svg::{Area, Svg},
};
use crate::plan::Span;

/// Most cells: 64 rows of 64 fill a screen. In a larger pool a cell is several subnets.
const MOST_CELLS_BITS: u8 = 12;
const MOST_COLUMNS_BITS: u8 = 6;

const ROW: f64 = 13.0;
const LEAST_WIDTH: f64 = 1.5;
/// Room that a letter of a label takes.
const LETTER: f64 = 5.8;

/// A pool as rows of cells.
struct Grid {
    range: Span,
    base: Ipv4Net,
    top: f64,
    columns: u32,
    rows: u32,
}

impl Grid {
    fn new(pool: SubnetPool, top: f64) -> Self {
        let bits = (pool.size() - pool.base().prefix_len()).min(MOST_CELLS_BITS);
        let columns = bits.min(MOST_COLUMNS_BITS);
        Self {
            range: pool.base().into(),
            base: pool.base(),
            top,
            columns: 1 << columns,
            rows: 1 << (bits - columns),
        }
    }

    fn height(&self) -> f64 {
        ROW * f64::from(self.rows)
    }

    fn area(&self) -> Area {
        Area { x: LEFT, y: self.top, width: DRAWING, height: self.height() }
    }

    /// Addresses in a row.
    fn per_row(&self) -> u128 {
        (self.range.last - self.range.first + 1) / u128::from(self.rows)
    }

    /// The rectangle of a range: part of a row, or whole rows. A CIDR block is never anything
    /// else, because rows are powers of two.
    fn part(&self, net: Ipv4Net) -> Option<Area> {
        let common = Span::from(net).common(self.range)?;
        let (from, length) = (common.first - self.range.first, common.last - common.first + 1);
        let (row, within) = (from / self.per_row(), from % self.per_row());
        let y = self.top + float(row) * ROW;
        if length >= self.per_row() {
            let height = float(length / self.per_row()) * ROW;
            return Some(Area { x: LEFT, y, width: DRAWING, height });
        }
        let per_address = DRAWING / float(self.per_row());
        let width = (float(length) * per_address).max(LEAST_WIDTH);
        Some(Area { x: LEFT + float(within) * per_address, y, width, height: ROW })
    }
}

/// The pool with everything in it. Answers where it ends.
pub(super) fn draw(svg: &mut Svg, chart: &Chart, pool: SubnetPool, top: f64) -> f64 {
    svg.text(
        "head",
        MARGIN,
        top + 10.0,
        &format!("pool {}, subnets of /{}", pool.base(), pool.size()),
    );
    let grid = Grid::new(pool, top + 20.0);
    svg.area("free", grid.area(), &format!("{}: free where nothing is drawn", grid.base));
    svg.lines(grid.area(), grid.columns, grid.rows);
    addresses(svg, &grid);
    let hidden = blocks(svg, chart, &grid);
    next(svg, chart, &grid);
    let bottom = grid.top + grid.height();
    if hidden == 0 {
        return bottom + 24.0;
    }
    svg.text("line", LEFT, bottom + 16.0, &format!("{hidden} more are not drawn"));
    bottom + 40.0
}

/// The first address of each row.
fn addresses(svg: &mut Svg, grid: &Grid) {
    for row in 0..grid.rows {
        let first = grid.range.first + u128::from(row) * grid.per_row();
        let address = std::net::Ipv4Addr::from(u32::try_from(first).unwrap_or(u32::MAX));
        let y = grid.top + f64::from(row) * ROW + 10.0;
        svg.text("address", MARGIN, y, &address.to_string());
    }
}

/// What lies in the pool; answers how much of it was left out.
fn blocks(svg: &mut Svg, chart: &Chart, grid: &Grid) -> usize {
    let inside: Vec<(Ipv4Net, &Block, Area)> = layered(chart)
        .into_iter()
        .filter_map(|(net, block)| grid.part(net).map(|area| (net, block, area)))
        .collect();
    for (net, block, area) in inside.iter().take(MOST_BLOCKS) {
        svg.area(class(block.kind), *area, &format!("{net}: {}", block.by));
        label(svg, *area, &block.by);
    }
    inside.len().saturating_sub(MOST_BLOCKS)
}

/// The name, where there is room for some of it.
fn label(svg: &mut Svg, area: Area, text: &str) {
    let mut room = area.width - 8.0;
    let mut shown = String::new();
    for c in text.chars() {
        room -= LETTER;
        if room < 0.0 {
            break;
        }
        shown.push(c);
    }
    if shown.chars().count() >= 8 {
        svg.text("label", area.x + 4.0, area.y + 10.0, &shown);
    }
}

fn next(svg: &mut Svg, chart: &Chart, grid: &Grid) {
    let Some((net, area)) = chart.next.and_then(|net| Some((net, grid.part(net)?))) else { return };
    svg.area("next", area, &format!("{net}: next"));
    // Beside it, for those who do not see the colour.
    let right = area.x + area.width + 4.0;
    let x = if right + 30.0 > LEFT + DRAWING { area.x - 28.0 } else { right };
    svg.text("label", x, area.y + 10.0, "next");
}
