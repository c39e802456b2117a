//! `portolan event list`, and the history of one thing.

use portolan_types::{Destination, Event, KindPrefix, Server, Severity, Subject, Timestamp, Topic};

use crate::{
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Printer, Span, Table},
    words::since,
};

/// Which events are wanted.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) server: Option<Reference>,
    pub(crate) destination: Option<Reference>,
    pub(crate) kind: Option<KindPrefix>,
    pub(crate) topic: Option<Topic>,
    pub(crate) severity: Option<Severity>,
    pub(crate) search: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Filter {
    /// As the API takes it: names become ids.
    pub(crate) async fn into_query(
        self,
        client: &Client,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut query = Vec::new();
        if let Some(wanted) = self.server {
            query.push(("server_id", find::<Server>(client, &wanted).await?.id.into()));
        }
        if let Some(wanted) = self.destination {
            query.push(("destination_id", find::<Destination>(client, &wanted).await?.id.into()));
        }
        query.extend(self.kind.map(|kind| ("kind", kind.into())));
        query.extend(self.topic.map(|topic| ("topic", topic.to_string())));
        query.extend(self.severity.map(|least| ("severity", least.to_string())));
        query.extend(self.search.map(|text| ("search", text)));
        query.extend(self.since.map(|moment| ("since", moment.to_string())));
        query.extend(self.until.map(|moment| ("until", moment.to_string())));
        Ok(query)
    }
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    filter: Filter,
    listing: Listing,
) -> anyhow::Result<()> {
    let query = filter.into_query(client).await?;
    let empty = if query.is_empty() { "nothing has happened yet" } else { "nothing of that kind" };
    let page = collect(client, "/v1/events", &query, listing).await?;
    printer.page(&page, table, empty)?;
    Ok(())
}

fn table(events: &[Event]) -> Table {
    Table::new(&["WHEN", "EVENT", "SUBJECT", "MESSAGE"]).with(events.iter().map(|event| {
        vec![
            Span::plain(since(event.at)),
            Span::plain(&event.kind),
            Span::plain(subject_words(&event.subject, &event.subject_name)),
            Span::plain(&event.message),
        ]
    }))
}

/// `server web-1`.
pub(crate) fn subject_words(subject: &Subject, name: &str) -> String {
    format!("{} {name}", subject.type_word())
}
