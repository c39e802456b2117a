//! What probes answer, read with distrust: it came back through a host.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

/// What came of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    Answered,
    Stranger,
    Refused,
    Silent,
    Unreachable,
}

/// To `dial`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Dialled {
    pub(super) answer: Word,
    milliseconds: u64,
    why: Option<String>,
}

impl Dialled {
    /// In words, for the evidence.
    pub(super) fn in_words(&self) -> String {
        let after = format!("after {} ms", self.milliseconds);
        let why = self.why.as_deref().unwrap_or("no reason given");
        match self.answer {
            Word::Answered => format!("answered {after}"),
            Word::Stranger => format!("somebody else answered {after}"),
            Word::Refused => format!("refused {after}: {why}"),
            Word::Silent => format!("nothing came back, {after}"),
            Word::Unreachable => format!("no way there, {after}: {why}"),
        }
    }

    /// Whether the machine is there, whatever it said.
    pub(super) fn is_there(&self) -> bool {
        matches!(self.answer, Word::Answered | Word::Stranger | Word::Refused)
    }

    /// Whether a connection came about.
    pub(super) fn is_through(&self) -> bool {
        matches!(self.answer, Word::Answered | Word::Stranger)
    }
}

/// To `resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Resolved {
    pub(super) resolver: IpAddr,
    pub(super) addresses: Vec<IpAddr>,
    why: Option<String>,
}

impl Resolved {
    pub(super) fn in_words(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        match (addresses.as_slice(), &self.why) {
            ([], Some(why)) => why.clone(),
            ([], None) => "no address".into(),
            (some, _) => some.join(" and "),
        }
    }
}

/// To `routes`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Routes {
    pub(super) gateways: Vec<IpAddr>,
    pub(super) ipv6_default_routes: u64,
}

impl Routes {
    pub(super) fn in_words(&self) -> String {
        let gateways: Vec<String> = self.gateways.iter().map(ToString::to_string).collect();
        match (gateways.as_slice(), self.ipv6_default_routes) {
            ([], 0) => "no default route".into(),
            ([], _) => "a default route for IPv6 alone".into(),
            (some, _) => format!("a default route by {}", some.join(" and ")),
        }
    }

    pub(super) fn lead_out(&self) -> bool {
        !self.gateways.is_empty() || self.ipv6_default_routes > 0
    }
}

/// To `listeners`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Listeners {
    pub(super) listeners: Vec<SocketAddr>,
}

impl Listeners {
    /// A container may listen at thousands of ports.
    const SHOWN: usize = 12;

    pub(super) fn in_words(&self) -> String {
        let shown = self.listeners.iter().take(Self::SHOWN).map(ToString::to_string);
        let shown: Vec<String> = shown.collect();
        match (shown.as_slice(), self.listeners.len().saturating_sub(Self::SHOWN)) {
            ([], _) => "nobody listens".into(),
            (some, 0) => some.join(", "),
            (some, more) => format!("{} and {more} more", some.join(", ")),
        }
    }
}

/// To `xfrm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Xfrm {
    /// Packets that were to be encrypted and found no key, since the host's network is there.
    pub(super) without_key: u64,
}

/// To `capture`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Captured {
    pub(super) packets: u64,
    /// With the nonce, for anybody to read.
    pub(super) readable: u64,
    pub(super) vxlan: u64,
    pub(super) esp: u64,
}

impl Captured {
    pub(super) fn in_words(self) -> String {
        let Self { packets, readable, vxlan, esp } = self;
        format!(
            "{packets} packets: {esp} of ESP, {vxlan} of VXLAN, {readable} with what was sent in readable form"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_nonsense_is_not() {
        let silent =
            r#"{"to":"10.0.0.2:7411","answer":"silent","milliseconds":2000,"why":"timed out"}"#;
        let dialled: Dialled = serde_json::from_str(silent).expect("an answer");
        assert_eq!(dialled.in_words(), "nothing came back, after 2000 ms");
        assert!(!dialled.is_there() && !dialled.is_through());
        for text in ["", "{}", r#"{"answer":"perhaps","milliseconds":1}"#, "answered"] {
            assert!(serde_json::from_str::<Dialled>(text).is_err(), "{text}");
        }
        let none = r#"{"name":"a","resolver":"127.0.0.11","addresses":[],"why":"NXDOMAIN"}"#;
        let resolved: Resolved = serde_json::from_str(none).expect("an answer");
        assert_eq!(resolved.in_words(), "NXDOMAIN");
    }
}
