//! What hosts say, and what is read out of it.

use crate::host;

/// Line by line, and as a whole.
pub(super) fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = host::clean(&text);
    assert!(!line.contains(char::is_control) && line.chars().count() <= 1_003, "{line:?}");
    assert_eq!(host::clean(&line), line);
    assert!(host::short_id(&text).chars().count() <= 12);
    host::read_anything(bytes);
}
