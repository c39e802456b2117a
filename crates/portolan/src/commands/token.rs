//! `portolan token`.

use portolan_types::{CreateToken, CreatedToken, Timestamp, Token, TokenAddresses, UpdateToken};

use crate::{
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Format, Line, Printer, Span, Style, Table},
    words::{since, until},
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/tokens", &[], listing).await?;
    printer.page(&page, table, "no tokens")?;
    Ok(())
}

fn table(tokens: &[Token]) -> Table {
    let header = &["NAME", "ABILITIES", "OWNER", "EXPIRES", "LAST USED", "FROM", "ID"];
    Table::new(header).yielding(&["FROM", "LAST USED", "OWNER"]).with(tokens.iter().map(|token| {
        vec![
            Span::plain(token.name.as_str()),
            Span::plain(token.abilities.to_string()),
            Span::plain(&token.email),
            expiry_span(token.expires_at),
            token.last_used_at.map_or_else(|| Span::dim("never"), |at| Span::plain(since(at))),
            from_span(token),
            Span::plain(token.id.as_str()),
        ]
    }))
}

/// From where it was used last, or may be used as long as it was not.
fn from_span(token: &Token) -> Span {
    match (&token.last_used_address, &token.addresses) {
        (Some(address), _) => Span::plain(address),
        (None, Some(addresses)) => Span::dim(addresses.to_string()),
        (None, None) => Span::dim("-"),
    }
}

/// `in 89 d`.
pub(crate) fn expiry_span(expires_at: Option<Timestamp>) -> Span {
    match expires_at {
        None => Span::dim("never"),
        Some(at) if at <= Timestamp::now() => Span::new(Style::Bad, until(at)),
        Some(at) => Span::plain(until(at)),
    }
}

/// Only the secret is data: `TOKEN=$(portolan token create ...)` works.
pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    request: &CreateToken,
) -> anyhow::Result<()> {
    let created: CreatedToken = client.create("/v1/tokens", request).await?;
    if printer.format() == Format::Json {
        printer.json(&created)?;
        return Ok(());
    }
    printer.say(&Line::plain(format!(
        "created token `{}` ({}); its secret is shown only now:",
        created.token.name, created.token.abilities
    )));
    printer.line(&created.secret)?;
    Ok(())
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    request: &UpdateToken,
) -> anyhow::Result<()> {
    let token: Token = find(client, wanted).await?;
    let token: Token = client.change(&format!("/v1/tokens/{}", token.id), request).await?;
    let from =
        token.addresses.as_ref().map_or_else(|| "anywhere".to_owned(), TokenAddresses::to_string);
    let (name, abilities) = (&token.name, &token.abilities);
    printer.say(&Line::plain(format!("token `{name}` may {abilities}, from {from}")));
    Ok(())
}

pub(crate) async fn revoke(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let token: Token = find(client, wanted).await?;
    let () = client.remove(&format!("/v1/tokens/{}", token.id), &[]).await?;
    printer.say(&Line::plain(format!("revoked token `{}`", token.name)));
    Ok(())
}
