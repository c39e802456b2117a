//! No subnet is left: how many there are, and what has them.

use std::fmt;

use portolan_types::RangeKind;

/// Every subnet of the pools is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Exhausted {
    /// The pools, as they are written.
    pub pools: Vec<String>,
    pub total: u64,
    /// How many subnets each kind touches, most first. One subnet may be touched by several.
    pub takers: Vec<(RangeKind, u64)>,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, pools) = (self.total, self.pools.join(" and "));
        match total {
            1 => write!(f, "the only subnet of {pools} is taken"),
            _ => write!(f, "all {total} subnets of {pools} are taken"),
        }?;
        let takers: Vec<String> = self
            .takers
            .iter()
            .map(|(kind, count)| format!("{count} by {}", words(*kind)))
            .collect();
        if takers.is_empty() { Ok(()) } else { write!(f, ": {}", takers.join(", ")) }
    }
}

const fn words(kind: RangeKind) -> &'static str {
    match kind {
        RangeKind::Destination => "destinations of this server",
        RangeKind::Network => "other networks of this server",
        RangeKind::OtherServer => "destinations of other servers",
        RangeKind::Reserved => "reserved ranges",
        RangeKind::Route => "routes of the host",
        RangeKind::EnginePool => "the engine's own pools",
        RangeKind::Refused => "what Docker refused",
    }
}
