//! `portolan app move` and `portolan database move`: both move an application.

use portolan_types::{
    Application, ApplicationMoved, Database, Destination, MoveApplication, MovedVolume, Operation,
    Preview,
};

use crate::{
    ask::{Consent, Run, confirm},
    client::Client,
    commands::{manner::Manner, operation::accompany, preview},
    failure::Outcome,
    find::{Reference, find},
    printer::{Printer, Span, Table},
    watch::Wait,
    words::{bytes, took},
};

/// What is moved: each has the id of an application.
#[derive(Debug)]
pub(crate) enum Moved {
    Application(Reference),
    Database(Reference),
}

/// Something that can be moved, found.
#[derive(Debug)]
struct Found {
    id: String,
    what: &'static str,
    name: String,
}

impl Moved {
    async fn find(&self, client: &Client) -> anyhow::Result<Found> {
        Ok(match self {
            Self::Application(wanted) => {
                let one: Application = find(client, wanted).await?;
                Found { id: one.id.to_string(), what: "application", name: one.name.to_string() }
            }
            Self::Database(wanted) => {
                let one: Database = find(client, wanted).await?;
                Found { id: one.id.to_string(), what: "database", name: one.name.to_string() }
            }
        })
    }
}

/// Where it goes, and how.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) destination: Reference,
    /// Although names of databases are then not found.
    pub(crate) force: bool,
}

/// Asks with what the preview shows.
pub(crate) async fn move_over(
    client: &Client,
    printer: &Printer,
    (moved, target): (&Moved, &Target),
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let one = moved.find(client).await?;
    let to: Destination = find(client, &target.destination).await?;
    let path = format!("/v1/applications/{}/move", one.id);
    let request = MoveApplication { destination_id: to.id, force: target.force };
    let seen: Preview = client.act_with(&format!("{path}?preview=true"), &request).await?;
    if manner.run == Run::Dry || !seen.allowed {
        return preview::show(printer, &seen);
    }
    preview::say_steps(printer, &seen);
    let question =
        format!("move {} `{}` to `{}` of `{}`?", one.what, one.name, to.name, to.server_name);
    confirm(printer, manner.consent, &question)?;
    let operation: Operation = client.act_with(&path, &request).await?;
    accompany(client, printer, operation, manner.wait).await
}

/// What a person says to a move that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Confirm,
    TakeBack,
}

impl Decision {
    const fn path(self) -> &'static str {
        match self {
            Self::Confirm => "confirm-move",
            Self::TakeBack => "take-back-move",
        }
    }

    fn question(self, one: &Found) -> String {
        let Found { what, name, .. } = one;
        match self {
            Self::Confirm => format!(
                "confirm the move of {what} `{name}`? What is left where it was is removed for good."
            ),
            Self::TakeBack => format!(
                "take the move of {what} `{name}` back? What was written to its volumes since is \
                 lost."
            ),
        }
    }
}

pub(crate) async fn decide(
    client: &Client,
    printer: &Printer,
    (moved, decision): (&Moved, Decision),
    (consent, wait): (Consent, Wait),
) -> anyhow::Result<Outcome> {
    let one = moved.find(client).await?;
    confirm(printer, consent, &decision.question(&one))?;
    let path = format!("/v1/applications/{}/{}", one.id, decision.path());
    let operation: Operation = client.act(&path).await?;
    accompany(client, printer, operation, wait).await
}

/// What became of it.
pub(in crate::commands) fn show(
    printer: &Printer,
    result: &ApplicationMoved,
) -> anyhow::Result<()> {
    let gap = match result.gap_ms {
        Some(0) => "something ran at every moment".to_owned(),
        Some(gap) => format!("nothing ran for {}", took(gap)),
        None => "how long nothing ran was not measured".to_owned(),
    };
    printer.line(&format!("moved from {} to {}: {gap}", result.from, result.to))?;
    if !result.volumes.is_empty() {
        printer.table(&volumes(&result.volumes))?;
    }
    Ok(())
}

fn volumes(volumes: &[MovedVolume]) -> Table {
    Table::new(&["VOLUME", "ENTRIES", "SIZE", "SENT", "SHA256"]).with(volumes.iter().map(|one| {
        vec![
            Span::plain(one.name.as_str()),
            Span::plain(one.entries.to_string()),
            Span::plain(bytes(one.bytes)),
            Span::plain(bytes(one.sent_bytes)),
            Span::plain(one.sha256.as_str()),
        ]
    }))
}
