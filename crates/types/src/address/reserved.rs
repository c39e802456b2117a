//! Reserved ranges: what the user knows of and Portolan cannot see.

use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, Name};

/// A range that no subnet may overlap. Written `RANGE=NOTE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Unchecked")]
pub struct ReservedRange {
    #[schema(value_type = String, example = "10.8.0.0/16")]
    cidr: IpNet,
    /// What it is for.
    note: Name,
}

/// The wire form before it was checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    cidr: IpNet,
    note: Name,
}

impl TryFrom<Unchecked> for ReservedRange {
    type Error = Invalid;

    fn try_from(raw: Unchecked) -> Result<Self, Self::Error> {
        Self::new(raw.cidr, raw.note)
    }
}

impl ReservedRange {
    fn new(cidr: IpNet, note: Name) -> Result<Self, Invalid> {
        if cidr.addr() == cidr.network() {
            return Ok(Self { cidr, note });
        }
        Err(Invalid::new(format!(
            "range {cidr} has bits set beyond its prefix: did you mean {}?",
            cidr.trunc()
        )))
    }

    pub const fn cidr(&self) -> IpNet {
        self.cidr
    }

    pub const fn note(&self) -> &Name {
        &self.note
    }
}

impl FromStr for ReservedRange {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || Invalid::new("a reserved range is written `RANGE=NOTE`: 10.8.0.0/16=vpn");
        let (cidr, note) = text.split_once('=').ok_or_else(bad)?;
        Self::new(cidr.parse().map_err(|_| bad())?, note.parse()?)
    }
}

/// Reserved ranges; they may overlap each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<ReservedRange>", into = "Vec<ReservedRange>")]
#[schema(value_type = Vec<ReservedRange>, max_items = 64)]
pub struct ReservedRanges(Vec<ReservedRange>);

impl ReservedRanges {
    pub const MAX: usize = 64;

    pub fn as_slice(&self) -> &[ReservedRange] {
        &self.0
    }
}

impl TryFrom<Vec<ReservedRange>> for ReservedRanges {
    type Error = Invalid;

    fn try_from(ranges: Vec<ReservedRange>) -> Result<Self, Self::Error> {
        if ranges.len() > Self::MAX {
            return Err(Invalid::new(format!("at most {} reserved ranges", Self::MAX)));
        }
        Ok(Self(ranges))
    }
}

impl From<ReservedRanges> for Vec<ReservedRange> {
    fn from(ranges: ReservedRanges) -> Self {
        ranges.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_a_note() {
        let range: ReservedRange = "10.8.0.0/16=the vpn = ours".parse().expect("a range");
        assert_eq!(range.note().as_str(), "the vpn = ours");
        assert!("fd12::/48=lan".parse::<ReservedRange>().is_ok());
        for text in
            ["10.8.0.0/16", "10.8.0.0/16=", "10.8.0.1/16=vpn", "vpn=vpn", "10.8.0.0/16=a\nb"]
        {
            assert!(text.parse::<ReservedRange>().is_err(), "{text}");
        }
    }
}
