//! `portolan registry`.

use portolan_types::{
    CheckRegistry, CreateRegistry, Operation, Registry, RegistryCheck, RegistryOutcome, Server,
    UpdateRegistry,
};

use super::operation::accompany;
use crate::{
    ask::{Consent, confirm},
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Style, Table},
    watch::Wait,
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/registries", &[], listing).await?;
    printer.page(&page, table, "no logins of registries yet: see `portolan registry add`")?;
    Ok(())
}

fn table(registries: &[Registry]) -> Table {
    let header = &["NAME", "HOST", "USER", "CHECK", "ID"];
    Table::new(header).yielding(&["USER"]).with(registries.iter().map(|registry| {
        vec![
            Span::plain(registry.name.as_str()),
            Span::plain(registry.host.as_str()),
            Span::plain(registry.user.as_str()),
            check_span(registry.check.as_ref()),
            Span::plain(registry.id.as_str()),
        ]
    }))
}

fn check_span(check: Option<&RegistryCheck>) -> Span {
    let Some(check) = check else { return Span::plain("-") };
    let style = match check.outcome {
        RegistryOutcome::Accepted => Style::Good,
        RegistryOutcome::Failed => Style::Caution,
        RegistryOutcome::Refused => Style::Bad,
    };
    Span::new(style, check.outcome.as_str())
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let registry: Registry = find(client, wanted).await?;
    printer.one(&registry, details)?;
    Ok(())
}

fn details(registry: &Registry) -> Details {
    let check = registry.check.as_ref();
    Details::default()
        .row("name", registry.name.as_str())
        .row("id", registry.id.as_str())
        .row("host", registry.host.as_str())
        .row("user", registry.user.as_str())
        .span("check", check_span(check))
        .maybe("tried from", check.map(|check| check.server_name.as_str()))
        .maybe("tried", check.map(|check| since(check.checked_at)))
        .maybe("answer", check.and_then(|check| check.words.as_deref()))
        .row("created", since(registry.created_at))
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    request: &CreateRegistry,
) -> anyhow::Result<()> {
    let registry: Registry = client.create("/v1/registries", request).await?;
    printer.one(&registry, details)?;
    printer.say(&Line::styled(
        Style::Dim,
        format!("see whether it works: portolan registry check {} --server SERVER", registry.id),
    ));
    Ok(())
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    change: &UpdateRegistry,
) -> anyhow::Result<()> {
    let registry: Registry = find(client, wanted).await?;
    let registry: Registry = client.change(&path(&registry), change).await?;
    printer.one(&registry, details)?;
    Ok(())
}

fn path(registry: &Registry) -> String {
    format!("/v1/registries/{}", registry.id)
}

pub(crate) async fn check(
    client: &Client,
    printer: &Printer,
    (wanted, from): (&Reference, &Reference),
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let registry: Registry = find(client, wanted).await?;
    let server: Server = find(client, from).await?;
    let asked = CheckRegistry { server_id: server.id };
    let address = format!("{}/check", path(&registry));
    let operation: Operation = client.act_with(&address, &asked).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let registry: Registry = find(client, wanted).await?;
    let question = format!(
        "remove the login `{}` ({} at {})? Images that want it are not fetched any more.",
        registry.name, registry.user, registry.host
    );
    confirm(printer, consent, &question)?;
    let () = client.remove(&path(&registry), &[]).await?;
    printer.say(&Line::plain(format!("removed registry `{}`", registry.name)));
    Ok(())
}
