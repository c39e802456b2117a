//! `portolan passkey`.

use portolan_types::{Name, Passkey, UpdatePasskey};

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
    let page = collect(client, "/v1/passkeys", &[], listing).await?;
    printer.page(&page, table, "no passkeys")?;
    Ok(())
}

fn table(passkeys: &[Passkey]) -> Table {
    Table::new(&["NAME", "BACKED UP", "CREATED", "LAST USED", "ID"]).yielding(&["CREATED"]).with(
        passkeys.iter().map(|passkey| {
            vec![
                Span::plain(passkey.name.as_str()),
                Span::plain(if passkey.backed_up { "yes" } else { "no" }),
                Span::plain(since(passkey.created_at)),
                passkey
                    .last_used_at
                    .map_or_else(|| Span::dim("never"), |at| Span::plain(since(at))),
                Span::plain(passkey.id.as_str()),
            ]
        }),
    )
}

pub(crate) async fn rename(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    name: Name,
) -> anyhow::Result<()> {
    let passkey: Passkey = find(client, wanted).await?;
    let path = format!("/v1/passkeys/{}", passkey.id);
    let renamed: Passkey = client.change(&path, &UpdatePasskey { name }).await?;
    printer.say(&Line::plain(format!("passkey `{}` is `{}` now", passkey.name, renamed.name)));
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let passkey: Passkey = find(client, wanted).await?;
    let () = client.remove(&format!("/v1/passkeys/{}", passkey.id), &[]).await?;
    printer.say(&Line::plain(format!("removed passkey `{}`", passkey.name)));
    Ok(())
}
