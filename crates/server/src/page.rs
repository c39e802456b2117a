//! Cutting a list at its limit: one row more than asked for tells that a page follows.

use portolan_types::{Cursor, Page, PageQuery, Timestamp};

/// The page, and where the next one begins.
pub(crate) fn of<T>(
    mut items: Vec<T>,
    query: &PageQuery,
    key: impl Fn(&T) -> (Timestamp, &str),
) -> Page<T> {
    let limit = usize::try_from(query.limit()).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let cursor = |item| {
        let (at, id) = key(item);
        Cursor::new(at.as_millis(), id)
    };
    let next = items.last().filter(|_| more).map(cursor);
    Page { items, next }
}
