//! `portolan event`.

use portolan_types::{Event, Subject};

use crate::{
    client::Client,
    list::{Listing, collect},
    printer::{Printer, Span, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/events", &[], listing).await?;
    printer.page(&page, table, "nothing has happened yet")?;
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
    let of = match subject {
        Subject::Server(_) => "server",
        Subject::Destination(_) => "destination",
        Subject::Route(_) => "route",
        Subject::Certificate(_) => "certificate",
        Subject::Key(_) => "key",
        Subject::Token(_) => "token",
        Subject::Team(_) => "team",
    };
    format!("{of} {name}")
}
