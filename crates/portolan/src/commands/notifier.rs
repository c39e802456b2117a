//! `portolan notifier`.

use portolan_types::{
    CreateNotifier, CreatedNotifier, Delivery, DeliveryState, Notifier, NotifierState, Target,
    UpdateNotifier,
};

use crate::{
    ask::{Consent, confirm},
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Style, Table},
    words::{since, until},
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/notifiers", &[], listing).await?;
    printer.page(&page, table, "nobody is told: see `portolan notifier add`")?;
    Ok(())
}

fn table(notifiers: &[Notifier]) -> Table {
    let header = &["NAME", "STATE", "TELLS", "TOPICS", "ID"];
    Table::new(header).yielding(&["TOPICS"]).with(notifiers.iter().map(|notifier| {
        vec![
            Span::plain(notifier.name.as_str()),
            state_span(notifier.state),
            Span::plain(target_words(&notifier.target)),
            Span::plain(notifier.topics.to_string()),
            Span::plain(notifier.id.as_str()),
        ]
    }))
}

fn state_span(state: NotifierState) -> Span {
    let style = match state {
        NotifierState::Active => Style::Good,
        NotifierState::Paused => Style::Caution,
    };
    Span::new(style, state.as_str())
}

/// What tells one notifier from another, without its secrets.
pub(crate) fn target_words(target: &Target) -> String {
    match target {
        Target::Webhook { origin } => origin.clone(),
        Target::Email { to } => {
            to.iter().map(portolan_types::Email::as_str).collect::<Vec<_>>().join(", ")
        }
    }
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let notifier: Notifier = find(client, wanted).await?;
    printer.one(&notifier, details)?;
    Ok(())
}

fn details(notifier: &Notifier) -> Details {
    let (kind, target) = match &notifier.target {
        Target::Webhook { .. } => ("webhook", target_words(&notifier.target)),
        Target::Email { .. } => ("email", target_words(&notifier.target)),
    };
    Details::default()
        .row("name", notifier.name.as_str())
        .row("id", notifier.id.as_str())
        .span("state", state_span(notifier.state))
        .maybe("reason", notifier.reason.as_deref())
        .row(kind, target)
        .row("topics", notifier.topics.to_string())
        .row("min severity", notifier.min_severity.as_str())
        .row("quiet", format!("{} s", notifier.quiet_seconds))
        .row("grace", format!("{} s", notifier.grace_seconds))
        .row("created", since(notifier.created_at))
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    request: &CreateNotifier,
) -> anyhow::Result<()> {
    let created: CreatedNotifier = client.act_with("/v1/notifiers", request).await?;
    match (printer.format(), &created.secret) {
        (Format::Json, _) => printer.json(&created)?,
        (Format::Text, Some(secret)) => {
            printer.say(&Line::plain(format!(
                "added notifier `{}`. What comes is signed with this, which is shown only now:",
                created.notifier.name
            )));
            printer.line(secret.expose())?;
        }
        (Format::Text, None) => printer.one(&created.notifier, details)?,
    }
    printer.say(&Line::styled(
        Style::Dim,
        format!("see whether it arrives: portolan notifier test {}", created.notifier.id),
    ));
    Ok(())
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    change: &UpdateNotifier,
) -> anyhow::Result<()> {
    let notifier: Notifier = find(client, wanted).await?;
    let notifier: Notifier = client.change(&path(&notifier), change).await?;
    printer.one(&notifier, details)?;
    Ok(())
}

fn path(notifier: &Notifier) -> String {
    format!("/v1/notifiers/{}", notifier.id)
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let notifier: Notifier = find(client, wanted).await?;
    let question = format!(
        "remove notifier `{}` ({})? What waits is not delivered any more.",
        notifier.name,
        target_words(&notifier.target)
    );
    confirm(printer, consent, &question)?;
    let () = client.remove(&path(&notifier), &[]).await?;
    printer.say(&Line::plain(format!("removed notifier `{}`", notifier.name)));
    Ok(())
}

pub(crate) async fn test(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<Outcome> {
    let notifier: Notifier = find(client, wanted).await?;
    let delivery: Delivery = client.act(&format!("{}/test", path(&notifier))).await?;
    printer.one(&delivery, delivery_details)?;
    match delivery.state {
        DeliveryState::Delivered | DeliveryState::Waiting => Ok(Outcome::Done),
        DeliveryState::Failed => Ok(Outcome::Failed),
    }
}

fn delivery_details(delivery: &Delivery) -> Details {
    Details::default()
        .row("id", delivery.id.as_str())
        .row("what", delivery.title.as_str())
        .span("state", delivery_span(delivery.state))
        .maybe("answer", delivery.answer.as_deref())
        .maybe("error", delivery.error.as_deref())
}

fn delivery_span(state: DeliveryState) -> Span {
    let style = match state {
        DeliveryState::Waiting => Style::Caution,
        DeliveryState::Delivered => Style::Good,
        DeliveryState::Failed => Style::Bad,
    };
    Span::new(style, state.as_str())
}

pub(crate) async fn deliveries(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    listing: Listing,
) -> anyhow::Result<()> {
    let notifier: Notifier = find(client, wanted).await?;
    let path = format!("{}/deliveries", path(&notifier));
    let page = collect(client, &path, &[], listing).await?;
    printer.page(&page, delivery_table, "nothing was told yet")?;
    Ok(())
}

fn delivery_table(deliveries: &[Delivery]) -> Table {
    let header = &["WHEN", "STATE", "TRIED", "WHAT", "ANSWER", "NEXT", "ID"];
    let rows = deliveries.iter().map(|delivery| {
        let said = delivery.answer.as_deref().or(delivery.error.as_deref());
        vec![
            Span::plain(since(delivery.created_at)),
            delivery_span(delivery.state),
            Span::plain(delivery.attempts.to_string()),
            Span::plain(delivery.title.as_str()),
            Span::or_dash(said.map(str::to_owned)),
            Span::or_dash(delivery.next_attempt_at.map(next)),
            Span::plain(delivery.id.as_str()),
        ]
    });
    Table::new(header).yielding(&["NEXT", "TRIED", "ANSWER"]).with(rows)
}

/// When it is tried again.
fn next(at: portolan_types::Timestamp) -> String {
    match until(at) {
        past if past == "expired" => "now".to_owned(),
        later => later,
    }
}
