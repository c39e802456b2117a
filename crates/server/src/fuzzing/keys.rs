//! Private keys and certificates, as people paste them.

use crate::{certificates, keys};

/// The first byte says which; a zero byte parts a chain from its key.
pub(super) fn fuzz(bytes: &[u8]) {
    let Some((which, text)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    if which % 2 == 0 {
        key(text);
    } else {
        let (chain, key) = text.split_once('\0').unwrap_or((text, ""));
        certificates::read_anything(chain, key);
    }
}

/// What was accepted is stored, and read again at each dial.
fn key(text: &str) {
    let Some(stored) = keys::read_anything(text) else { return };
    assert_eq!(keys::read_anything(&stored).as_deref(), Some(stored.as_str()));
}
