//! `portolan identity`.

use portolan_types::Identity;

use crate::{
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Line, Printer, Span, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/identities", &[], listing).await?;
    printer.page(&page, table, "no provider knows you")?;
    Ok(())
}

fn table(identities: &[Identity]) -> Table {
    Table::new(&["ISSUER", "SUBJECT", "ADDRESS", "LAST USED", "ID"]).yielding(&["ADDRESS"]).with(
        identities.iter().map(|identity| {
            vec![
                Span::plain(&identity.issuer),
                Span::plain(&identity.subject),
                identity.email.as_ref().map_or_else(|| Span::dim("-"), Span::plain),
                Span::plain(since(identity.last_used_at)),
                Span::plain(identity.id.as_str()),
            ]
        }),
    )
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let identity: Identity = find(client, wanted).await?;
    let () = client.remove(&format!("/v1/identities/{}", identity.id), &[]).await?;
    printer.say(&Line::plain(format!("{} does not let you in any more", identity.issuer)));
    Ok(())
}
