//! Cutting a list at its limit: one row more than asked for tells that a page follows.

use portolan_types::{AuditEntry, Cursor, Delivery, Event, Page, PageQuery, Timestamp};

use crate::db::delivery::Placed;

/// The page, and where the next one begins.
pub(crate) fn of<T>(
    items: Vec<T>,
    query: &PageQuery,
    key: impl Fn(&T) -> (Timestamp, &str),
) -> Page<T> {
    cut(items, query, |item| {
        let (at, id) = key(item);
        Cursor::new(at.as_millis(), id)
    })
}

/// A page of events: their numbers say where the next one begins.
pub(crate) fn by_sequence(events: Vec<Event>, query: &PageQuery) -> Page<Event> {
    cut(events, query, |event| {
        Cursor::new(i64::try_from(event.sequence).unwrap_or(i64::MAX), event.id.as_str())
    })
}

/// A page of the audit: places in the chain say where the next one begins.
pub(crate) fn by_place_in_chain(entries: Vec<AuditEntry>, query: &PageQuery) -> Page<AuditEntry> {
    cut(entries, query, |entry| {
        Cursor::new(i64::try_from(entry.sequence).unwrap_or(i64::MAX), entry.id.as_str())
    })
}

/// A page of deliveries: their places among those of their notifier say where the next one begins.
pub(crate) fn by_place(rows: Vec<Placed>, query: &PageQuery) -> Page<Delivery> {
    let Page { items, next } =
        cut(rows, query, |row| Cursor::new(row.place, row.delivery.id.as_str()));
    Page { items: items.into_iter().map(|row| row.delivery).collect(), next }
}

fn cut<T>(mut items: Vec<T>, query: &PageQuery, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let limit = usize::try_from(query.limit()).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    Page { items, next }
}
