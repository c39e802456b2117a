//! `portolan certificate`.

use std::path::Path;

use portolan_types::{Certificate, CreateCertificate, Name};

use crate::{
    ask::{Consent, confirm, read_text},
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Style, Table},
    words::{since, until},
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/certificates", &[], listing).await?;
    let when_empty = "no certificates of your own: proxies obtain theirs by themselves";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

fn table(certificates: &[Certificate]) -> Table {
    let header = &["NAME", "HOSTS", "ENDS", "ID"];
    Table::new(header).yielding(&["HOSTS"]).with(certificates.iter().map(|certificate| {
        vec![
            Span::plain(certificate.name.as_str()),
            Span::plain(certificate.hosts.join(", ")),
            end(certificate),
            Span::plain(certificate.id.as_str()),
        ]
    }))
}

/// Browsers refuse it from then on.
fn end(certificate: &Certificate) -> Span {
    let words = until(certificate.not_after);
    let style = if words == "expired" { Style::Bad } else { Style::Plain };
    Span::new(style, words)
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let certificate: Certificate = find(client, wanted).await?;
    printer.one(&certificate, details)?;
    Ok(())
}

fn details(certificate: &Certificate) -> Details {
    Details::default()
        .row("name", certificate.name.as_str())
        .row("id", certificate.id.as_str())
        .row("hosts", certificate.hosts.join("\n"))
        .row("fingerprint", certificate.fingerprint.as_str())
        .row("valid from", certificate.not_before.to_string())
        .row("valid until", certificate.not_after.to_string())
        .span("ends", end(certificate))
        .row("created", since(certificate.created_at))
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    name: Name,
    chain: &Path,
    key: &Path,
) -> anyhow::Result<()> {
    let request =
        CreateCertificate { name, chain: read_text(chain)?, private_key: read_text(key)? };
    let certificate: Certificate = client.act_with("/v1/certificates", &request).await?;
    printer.one(&certificate, details)?;
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let certificate: Certificate = find(client, wanted).await?;
    let question = format!(
        "remove certificate `{}`? Routes to {} take theirs from where their proxy takes them.",
        certificate.name,
        certificate.hosts.join(", ")
    );
    confirm(printer, consent, &question)?;
    let () = client.remove(&format!("/v1/certificates/{}", certificate.id), &[]).await?;
    printer.say(&Line::plain(format!("removed certificate `{}`", certificate.name)));
    Ok(())
}
