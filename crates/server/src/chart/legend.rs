//! What the patterns mean, with how many of each there are.

use portolan_types::RangeKind;

use super::{
    Chart, MARGIN, WIDTH, class,
    svg::{Area, Svg},
};

const ROW: f64 = 22.0;
const ENTRY: f64 = 236.0;

/// Every pattern there is, free and next among them. Answers where it ends.
pub(super) fn draw(svg: &mut Svg, chart: &Chart, top: f64) -> f64 {
    let count = |kind: RangeKind| chart.blocks.iter().filter(|block| block.kind == kind).count();
    let kinds = RangeKind::ALL.iter().map(|kind| (class(*kind), words(*kind), Some(count(*kind))));
    let rest = [("free", "free", None), ("next", "next", None), ("pool", "a pool", None)];
    let (mut x, mut y) = (MARGIN, top);
    for (class, words, count) in kinds.chain(rest) {
        if x + ENTRY > WIDTH {
            (x, y) = (MARGIN, y + ROW);
        }
        let text = count.map_or_else(|| words.to_owned(), |count| format!("{words} ({count})"));
        svg.area(class, Area { x, y, width: 24.0, height: 14.0 }, words);
        svg.text("key", x + 32.0, y + 11.0, &text);
        x += ENTRY;
    }
    y + ROW + 10.0
}

const fn words(kind: RangeKind) -> &'static str {
    match kind {
        RangeKind::Destination => "destination",
        RangeKind::Network => "other network",
        RangeKind::OtherServer => "other server's destination",
        RangeKind::Reserved => "reserved",
        RangeKind::Route => "route of the host",
        RangeKind::EnginePool => "the engine's own pool",
        RangeKind::Refused => "refused by Docker",
    }
}
