//! Lists that span pages.

use portolan_types::{Cursor, Page};
use serde::de::DeserializeOwned;

use crate::client::{Client, Error, Query};

/// The most rows that the API gives at once.
const PAGE: u32 = 200;

/// How much of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Most {
    Rows(u32),
    All,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) most: Most,
    pub(crate) search: Option<String>,
    pub(crate) cursor: Option<Cursor>,
}

impl Listing {
    pub(crate) fn all(search: Option<String>) -> Self {
        Self { most: Most::All, search, cursor: None }
    }
}

/// Follows `next` until there is enough. What is left over is where the last `next` points.
pub(crate) async fn collect<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    filters: &Query<'_>,
    listing: Listing,
) -> Result<Page<T>, Error> {
    let mut page = Page { items: Vec::new(), next: listing.cursor };
    let mut left = listing.most;
    loop {
        let mut query = filters.to_vec();
        query.push(("limit", page_size(left).to_string()));
        query.extend(listing.search.clone().map(|search| ("search", search)));
        query.extend(page.next.take().map(|cursor| ("cursor", cursor.into())));
        let part: Page<T> = client.get(path, &query).await?;
        left = left.less(part.items.len());
        page.items.extend(part.items);
        page.next = part.next;
        if page.next.is_none() || matches!(left, Most::Rows(0)) {
            return Ok(page);
        }
    }
}

fn page_size(left: Most) -> u32 {
    match left {
        Most::Rows(rows) => rows.min(PAGE),
        Most::All => PAGE,
    }
}

impl Most {
    fn less(self, rows: usize) -> Self {
        match self {
            Self::Rows(left) => {
                Self::Rows(left.saturating_sub(u32::try_from(rows).unwrap_or(u32::MAX)))
            }
            Self::All => Self::All,
        }
    }
}
