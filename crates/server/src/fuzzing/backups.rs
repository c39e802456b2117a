//! Backups: a file that somebody made is opened or refused, and one that was altered is refused.

use crate::backup;

pub(super) fn fuzz(bytes: &[u8]) {
    backup::open_anything(bytes);
    backup::seal_and_alter(bytes);
}
