//! Stacks: applications of one Compose file, placed on a destination together.
//!
//! Owns the rows of stacks and what they were applied from. What a file means is in `compose`; each
//! service is an application, and what deploys, stops and removes it is what does so with others
//! (decision 0054). How a file is brought about is in `apply`.

use std::collections::BTreeMap;

use portolan_types::{
    ApplicationName, ComposeFile, DestinationKind, EnvironmentId, Page, PageQuery, Stack, StackId,
    StackRepository, StackSource, StackState, StackVariable, Subject, Timestamp, VariableName,
    VariableValue,
};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    applications::plan::{open, seal},
    compose::{self, Composed, Files, Finding, Reading, Values},
    db::{self, Transaction, stack::Kept},
    destinations::{self, swarm},
    environments,
    error::Refusal,
    events::{self, Happened},
    page,
    vault::Vault,
};

pub mod apply;
mod difference;
mod files;
mod networks;
mod outside;
mod preview;
pub mod remove;
mod tie;

pub(crate) use self::files::files_of;
pub use self::preview::{of_change as preview_change, of_new as preview_new};

/// What the source of a stack is sealed for.
pub(crate) fn source_context(id: &str) -> String {
    format!("stack:{id}")
}

/// What a stack is applied from, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    file: ComposeFile,
    values: Values,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository: Option<StackRepository>,
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    files: Files,
}

impl Source {
    fn open(vault: &Vault, kept: &Kept) -> Result<Self, Error> {
        open(vault, &kept.sealed_source, &source_context(kept.stack.id.as_str()))
    }

    fn seal(&self, vault: &Vault, id: &StackId) -> Result<String, Error> {
        seal(vault, self, &source_context(id.as_str()))
    }

    /// What the file comes to, or all that is against it.
    fn read(&self, name: &ApplicationName, network: &str) -> Result<Composed, Vec<Finding>> {
        let repository = self.repository.as_ref();
        let (values, files) = (&self.values, &self.files);
        let reading = Reading { stack: name, values, repository, files, network };
        compose::read(self.file.as_str(), &reading)
    }

    /// The same where one that is refused ends it.
    fn composed(&self, name: &ApplicationName, network: &str) -> Result<Composed, Error> {
        self.read(name, network).map_err(|faults| not_done(&faults))
    }

    fn shown(self, kept: &Kept) -> StackSource {
        // What was applied was read; a later version of Portolan may read it otherwise.
        let notices = match self.read(&kept.stack.name, &kept.network) {
            Ok(composed) => composed.notices,
            Err(faults) => faults,
        };
        let variable = |(name, (value, secret)): (VariableName, (VariableValue, bool))| {
            StackVariable { name, value: (!secret).then_some(value), secret }
        };
        StackSource {
            file: self.file,
            variables: self.values.into_iter().map(variable).collect(),
            repository: self.repository,
            files: self.files.into_keys().collect(),
            notices: notices.iter().map(ToString::to_string).collect(),
        }
    }
}

/// With every line that is against it.
fn not_done(faults: &[Finding]) -> Error {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Error::Refused(Refusal {
        code: "compose-file",
        message: format!("the Compose file cannot be applied: {}", lines.join("; ")),
        remedy: Some("change these lines, and apply it again (`apply_stack`)".into()),
        blockers: lines,
    })
}

/// One stack of the team, with what it was applied from.
pub async fn show(app: &App, actor: &Actor, id: &StackId) -> Result<Stack, Error> {
    let mut conn = app.db.acquire().await?;
    let kept = find(&mut conn, actor, id).await?;
    let source = Source::open(&app.vault, &kept)?.shown(&kept);
    let stack = filled(&mut conn, vec![kept]).await?.pop().ok_or(Error::NotFound("stack"))?;
    Ok(Stack { source: Some(source), ..stack })
}

/// The stack as the actor sees it.
async fn find(conn: &mut AnyConnection, actor: &Actor, id: &StackId) -> Result<Kept, Error> {
    db::stack::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("stack"))
}

/// The stack with what it was applied from, and what that came to where it can still be read.
async fn applied(
    conn: &mut AnyConnection,
    (app, actor): (&App, &Actor),
    id: &StackId,
) -> Result<(Stack, Source, Option<Composed>), Error> {
    let kept = find(conn, actor, id).await?;
    let source = Source::open(&app.vault, &kept)?;
    let composed = source.read(&kept.stack.name, &kept.network).ok();
    let stack = filled(conn, vec![kept]).await?.pop().ok_or(Error::NotFound("stack"))?;
    Ok((stack, source, composed))
}

/// With their services and networks.
async fn filled(conn: &mut AnyConnection, kept: Vec<Kept>) -> Result<Vec<Stack>, Error> {
    let ids: Vec<&StackId> = kept.iter().map(|one| &one.stack.id).collect();
    let mut services = db::stack::service::list(conn, &ids).await?;
    let mut networks: BTreeMap<_, _> = db::stack::network::list(conn, &ids).await?;
    let mut visits = db::stack::visit::list_of(conn, &ids).await?;
    let stack = |Kept { stack, .. }: Kept| {
        let networks = networks.remove(&stack.id).unwrap_or_default();
        Stack {
            services: services.remove(&stack.id).unwrap_or_default(),
            networks: networks.into_iter().map(|one| one.network).collect(),
            visits: visits.remove(&stack.id).unwrap_or_default(),
            ..stack
        }
    };
    Ok(kept.into_iter().map(stack).collect())
}

/// The team's stacks, oldest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    environment: Option<&EnvironmentId>,
    query: &PageQuery,
) -> Result<Page<Stack>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(id) = environment {
        environments::find(&mut conn, actor, id).await?;
    }
    let rows = db::stack::list(&mut conn, actor.visible(), environment, query).await?;
    let page = page::of(rows, query, |one| (one.stack.created_at, one.stack.id.as_str()));
    Ok(Page { items: filled(&mut conn, page.items).await?, next: page.next })
}

/// Wakes whoever works on its services. Call it after the commit.
async fn wake(app: &App, actor: &Actor, stack: &Stack) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let destination = destinations::find_whole(&mut conn, actor, &stack.destination_id).await?;
    match destination.kind {
        DestinationKind::Standalone => app.wake(&destination.server_id),
        DestinationKind::Swarm => {
            swarm::wake(app, &swarm::keepers(&mut conn, actor.team_id(), &destination).await?);
        }
    }
    Ok(())
}

/// One that goes is let go first.
fn check_stays(stack: &Stack) -> Result<(), Error> {
    match stack.state {
        StackState::Placed => Ok(()),
        StackState::Removing => Err(Error::refused(
            "stack-removing",
            format!("stack `{}` is being removed", stack.name),
            "wait until it is gone",
        )),
    }
}

/// What somebody did with a stack. Nothing of its file: there may be secrets in it.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    stack: &Stack,
    (kind, what): (&'static str, &str),
) -> Result<(), Error> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Stack(stack.id.clone()),
        name: stack.name.as_str(),
        message: format!("stack `{}` was {what} by {}", stack.name, actor.user.email),
    };
    let entry = happened.by(actor.author()).of(&stack.destination_id);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
