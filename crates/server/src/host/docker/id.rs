//! Which strings may stand in a path of the Engine API, and how in a query.
//!
//! Ids come back from databases and from hosts. `../images` in a path would be another endpoint,
//! and the engine takes prefixes of ids and names where it is given an id. bollard puts both into
//! its paths as they are, so they are checked before.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use super::super::{HostError, words::clean};

/// A whole id of a network or container: 64 hexadecimal digits, or 25 letters and digits of what a
/// swarm has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DockerId<'a>(&'a str);

impl<'a> DockerId<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, HostError> {
        let lower = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
        let local = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if local || (text.len() == 25 && text.bytes().all(lower)) {
            return Ok(Self(text));
        }
        Err(HostError::Protocol { why: format!("`{}` is no id of Docker's", clean(text)) })
    }

    pub(super) const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether nothing but a network with this id can be meant: names rarely have 64 digits.
    pub(super) const fn is_local(self) -> bool {
        self.0.len() == 64
    }
}

impl fmt::Display for DockerId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Whether an id or a name can stand in a path as it is. Dots alone would be resolved away.
pub(super) fn is_plain(id_or_name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    id_or_name.starts_with(|c: char| c.is_ascii_alphanumeric()) && id_or_name.bytes().all(plain)
}

/// A `filters` parameter, `{"KEY":["VALUE",...]}`, with every byte encoded that means something in
/// JSON or in an address.
pub(super) fn filter(key: &str, values: &[&str]) -> String {
    filters(&[(key, values)])
}

/// The same with several keys.
pub(super) fn filters(pairs: &[(&str, &[&str])]) -> String {
    let pairs: BTreeMap<&str, &[&str]> = pairs.iter().copied().collect();
    encoded(&serde_json::json!(pairs).to_string())
}

/// A text as it can stand in a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// Whether a reference to an image can stand in a path as it is: names have slashes in them.
pub(super) fn is_reference(reference: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-:@/".contains(&b);
    let part = |part: &str| part.starts_with(|c: char| c.is_ascii_alphanumeric());
    reference.bytes().all(plain) && reference.split('/').all(part)
}

#[cfg(feature = "fuzzing")]
pub(super) fn read_anything(text: &str) {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"?#%\\".contains(&b));
    let leads_up = |text: &str| text.split('/').any(|part| part == ".." || part == ".");
    assert!(DockerId::parse(text).is_err() || is_plain(text));
    assert!(!is_plain(text) || (plain(text) && !text.contains('/') && !leads_up(text)));
    assert!(!is_reference(text) || (plain(text) && !leads_up(text)));
    assert!(encoded(text).bytes().all(|b| b.is_ascii_alphanumeric() || b == b'%'));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 12] = [
        "",
        ".",
        "..",
        "../images",
        "%2e%2e",
        "a/b",
        "a?b",
        "a#b",
        "a b",
        "a\r\nHost: x",
        "ä",
        "a%2fb",
    ];

    #[test]
    fn ids_are_whole_and_nothing_else() {
        assert!(DockerId::parse(&"0af".repeat(22)[..64]).is_ok());
        assert!(DockerId::parse("a1b2c3d4e5f6g7h8i9j0k1l2m").is_ok());
        for text in HOSTILE.into_iter().chain(["0af1", "web", &"0".repeat(65), &"z".repeat(64)]) {
            assert!(DockerId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn filters_are_encoded() {
        assert_eq!(filter("type", &["network"]), "%7B%22type%22%3A%5B%22network%22%5D%7D");
        assert_eq!(filter("a", &["&\"é"]), "%7B%22a%22%3A%5B%22%26%5C%22%C3%A9%22%5D%7D");
    }

    #[test]
    fn references_have_slashes_and_lead_nowhere_else() {
        for text in ["caddy:2", "registry:5000/a/b:1", "caddy@sha256:0af", "sha256:0af"] {
            assert!(is_reference(text), "{text}");
        }
        for text in ["", "a/../b", "/a", "a//b", "a/", "a b", "a?b", "a%2fb", "ä", ":2"] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn only_plain_names_stand_in_paths() {
        for text in ["web", "0af", "my_net.work-1"] {
            assert!(is_plain(text), "{text}");
        }
        for text in HOSTILE {
            assert!(!is_plain(text), "{text}");
        }
    }
}
