//! Configurations of proxies, from routes and from what people add of their own: always one that
//! can be read, with no more in it than was asked for.

use crate::reconcile;

/// Lines: the host, the path, the name and the value of a header, the user; the rest is people's own.
pub(super) fn fuzz(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut parts = text.splitn(6, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (host, path, name, value, user) = (next(), next(), next(), next(), next());
    reconcile::generate_anything([host, path, name, value, user], next());
}
