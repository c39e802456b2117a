//! `portolan audit`.

use portolan_types::{AuditEntry, AuditNote, AuditOutcome, AuditVerdict, Author};

use crate::{
    cli::AuditFilterArgs,
    client::Client,
    control_plane::{AuditError, Config, offline_hint, verify_audit_on_host},
    failure::{Failure, Outcome},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Style, Table},
    words::since,
};

type Query = Vec<(&'static str, String)>;

fn query(filter: AuditFilterArgs) -> Query {
    let mut query = Query::new();
    query.extend(filter.user.map(|user| ("user_id", user.into())));
    query.extend(filter.subject.map(|subject| ("subject_id", subject.into())));
    query.extend(filter.kind.map(|kind| ("kind", kind.into())));
    query.extend(filter.outcome.map(|outcome| ("outcome", outcome.to_string())));
    query.extend(filter.since.map(|moment| ("since", moment.0.to_string())));
    query.extend(filter.until.map(|moment| ("until", moment.0.to_string())));
    query
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    filter: AuditFilterArgs,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/audit", &query(filter), listing).await?;
    printer.page(&page, table, "nobody did anything of that kind")?;
    Ok(())
}

fn table(entries: &[AuditEntry]) -> Table {
    let header = &["WHEN", "WHO", "FROM", "WHAT", "MESSAGE"];
    Table::new(header).yielding(&["FROM"]).with(entries.iter().map(|entry| {
        let what = match entry.outcome {
            AuditOutcome::Done => Span::plain(&entry.kind),
            AuditOutcome::Refused => Span::new(Style::Bad, &entry.kind),
        };
        vec![
            Span::plain(since(entry.at)),
            Span::plain(who(&entry.by)),
            Span::plain(entry.address.as_deref().unwrap_or("-")),
            what,
            Span::plain(&entry.message),
        ]
    }))
}

fn who(author: &Author) -> &str {
    match author {
        Author::Person { email, .. } => email,
        Author::Portolan { .. } | Author::Docker { .. } => "portolan",
    }
}

/// As it comes: however much it is, it fills no memory.
pub(crate) async fn export(
    client: &Client,
    printer: &Printer,
    filter: AuditFilterArgs,
) -> anyhow::Result<()> {
    let mut lines = client.lines("/v1/audit/export", &query(filter)).await?;
    while let Some(line) = lines.next().await? {
        let entry: AuditEntry = serde_json::from_str(&line)?;
        printer.json_line(&entry)?;
    }
    Ok(())
}

pub(crate) async fn verify(
    client: &Client,
    printer: &Printer,
    note: AuditNote,
) -> anyhow::Result<Outcome> {
    let mut query = Query::new();
    query.extend(note.count.map(|count| ("count", count.to_string())));
    query.extend(note.head.map(|head| ("head", head.into())));
    let verdict = client.get("/v1/audit/verify", &query).await?;
    show(printer, &verdict)
}

pub(crate) async fn verify_on_host(
    printer: &Printer,
    config: &Config,
    note: &AuditNote,
) -> anyhow::Result<Outcome> {
    let verdict = verify_audit_on_host(config, note).await.map_err(|error| explained(&error))?;
    show(printer, &verdict)
}

fn explained(error: &AuditError) -> anyhow::Error {
    let hint = match error {
        AuditError::Database(_) => "see --data-dir, and what `portolan doctor` says",
        AuditError::Offline(error) => offline_hint(error),
        AuditError::Vault(_) => "see --master-key-file: it has to be the key of this installation",
        AuditError::Never => "start `portolan serve` once",
        AuditError::KeyRemoved => "restore the database from a backup",
    };
    Failure::advised(error.to_string(), hint).into()
}

fn show(printer: &Printer, verdict: &AuditVerdict) -> anyhow::Result<Outcome> {
    printer.one(verdict, details)?;
    if verdict.broken.is_some() {
        return Ok(Outcome::Failed);
    }
    printer.say(&Line::plain("the chain holds: note the count and the head"));
    Ok(Outcome::Done)
}

fn details(verdict: &AuditVerdict) -> Details {
    let details = Details::default()
        .row("entries in order", verdict.count.to_string())
        .row("head", verdict.head.as_str())
        .row("without a place yet", verdict.waiting.to_string());
    let Some(broken) = &verdict.broken else { return details };
    let place = broken.sequence.map_or_else(|| "no place".to_owned(), |place| place.to_string());
    details
        .row("broken at", place)
        .row("fault", broken.fault.as_str())
        .row("why", broken.message.as_str())
        .row("entry", broken.entry_id.as_deref().unwrap_or("-"))
}
