//! Programs run in containers: who may run one, and what is written down of it. Never its arguments,
//! which may be secrets.
//!
//! A request only asks; `reconcile::commands` runs it over the connection that the server's keeper has
//! (decision 0049). Who may run a program where is the route's policy.

use portolan_types::{
    ContainerName, ContainerUser, Operation, OperationId, OperationKind, RunCommand,
};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
    Actor, App, Error,
    container::{self, Named, Place},
    events::{self, Happened},
    host::clean,
    operations::{self, Task},
    readings,
    seats::Seat,
};

/// Programs that wait to be run; each is taken at once.
const WAITING: usize = 16;

/// The way to who runs them.
#[derive(Debug)]
pub(crate) struct Commands(mpsc::Sender<Asked>);

impl Commands {
    /// The other end goes to who runs them.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (asked, taken) = mpsc::channel(WAITING);
        (Self(asked), taken)
    }
}

/// A program that is to be run. Its arguments are in no row: with the process they are gone.
#[derive(Debug)]
pub(crate) struct Asked {
    pub operation: OperationId,
    pub place: Place,
    pub command: RunCommand,
    _seat: Seat,
}

/// What the operation says that it was asked with.
#[derive(Debug, Serialize)]
struct Written<'a> {
    container: &'a ContainerName,
    program: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

/// Has a program run in a container. What it did is the operation's result.
pub(crate) async fn run(
    app: &App,
    actor: &Actor,
    named: Named<'_>,
    command: RunCommand,
) -> Result<Operation, Error> {
    check(&command)?;
    let place = container::find(app, actor, named).await?;
    container::check_may_be_entered(&place.server)?;
    let seat = readings::seat(app, actor, &place.server)?;
    let operation = write_down(app, actor, &place, &command).await?;
    let asked = Asked { operation: operation.id.clone(), place, command, _seat: seat };
    // Nobody takes it only while the process stops: the next one says that it was not run.
    drop(app.commands.0.send(asked).await);
    Ok(operation)
}

fn check(command: &RunCommand) -> Result<(), Error> {
    let (count, most) = (command.command.len(), RunCommand::MOST);
    if command.program().is_none() {
        return Err(Error::field("command", "name a program"));
    }
    if count > most {
        return Err(Error::field("command", format!("at most {most} arguments")));
    }
    Ok(())
}

async fn write_down(
    app: &App,
    actor: &Actor,
    place: &Place,
    command: &RunCommand,
) -> Result<Operation, Error> {
    // A name is short: what is long, or would steer a terminal, was none.
    let program = clean(command.program().unwrap_or_default());
    let written = Written {
        container: &place.container,
        program: &program,
        user: command.user.as_ref().map(ContainerUser::as_str),
    };
    let (kind, (subject, name)) = (OperationKind::RunCommand, place.subject());
    let input = Some(operations::input(&written)?);
    let mut tx = app.db.begin().await?;
    let task = Task { kind, subject: subject.clone(), name, input };
    let operation = operations::queue(&mut tx, actor.team_id(), task).await?;
    let happened = Happened {
        team: actor.team_id(),
        kind: "operation.asked",
        subject,
        name,
        message: format!(
            "{kind} of `{program}` in container `{}` of `{name}` was asked for by {}",
            place.container, actor.user.email
        ),
    };
    let entry = happened.by(actor.author()).part_of(&operation.id).change(&(), &Some(&written));
    events::record(&mut tx, entry, operation.created_at).await?;
    tx.commit().await?;
    Ok(operation)
}
