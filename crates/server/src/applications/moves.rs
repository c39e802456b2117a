//! Moves of applications to other destinations, as people ask for them. A move is a deployment of what
//! serves on another network (decision 0051); the server's reconciler makes it.
//!
//! What is against one is in `against`, what it would do in `preview`.

use portolan_types::{
    Application, ApplicationId, Destination, MoveApplication, MoveState, Operation, OperationKind,
    Right, Subject, Timestamp,
};

use super::{
    deployments::{self, Of},
    find, names,
    plan::Plan,
    word,
    work::check_stays,
};
use crate::{
    Actor, App, Error,
    db::{
        self, Transaction,
        application::{
            Assigned, Wanted as Asked,
            moving::{self, Memo, NewMove},
        },
        deployment::Planned,
    },
    destinations, operations,
    operations::{Asker, Task},
};

mod against;
mod elsewhere;
mod preview;

pub use self::preview::preview;

/// An application and where it is to go.
#[derive(Debug)]
struct Wanted {
    row: Assigned,
    serving: Planned,
    /// What serves is made by it, and what is to.
    plan: Plan,
    to: Destination,
}

impl Wanted {
    async fn find(
        tx: &mut Transaction,
        (app, actor): (&App, &Actor),
        id: &ApplicationId,
        input: &MoveApplication,
    ) -> Result<Self, Error> {
        let row = find(tx, actor, id).await?;
        let to = destinations::find(tx, actor, &input.destination_id).await?;
        actor.require_on(Right::Use, &to.server_id)?;
        let serving = match &row.application.deployment_id {
            Some(id) => db::deployment::find(tx, id).await?,
            None => None,
        };
        let serving = serving.ok_or_else(|| never_deployed(&row.application))?;
        let plan = Plan::open(&app.vault, &serving.deployment.id, &serving.sealed_plan)?;
        Ok(Self { row, serving, plan, to })
    }

    fn from(&self) -> &Application {
        &self.row.application
    }

    /// The application as it is to be.
    fn there(&self) -> Application {
        Application {
            destination_id: self.to.id.clone(),
            destination_name: Some(self.to.name.clone()),
            destination_kind: self.to.kind,
            server_id: self.to.server_id.clone(),
            server_name: Some(self.to.server_name.clone()),
            ..self.from().clone()
        }
    }

    fn is_on_one_server(&self) -> bool {
        self.from().server_id == self.to.server_id
    }
}

/// Moves an application to another destination.
pub async fn begin(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: MoveApplication,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let wanted = Wanted::find(&mut tx, (app, actor), id, &input).await?;
    db::destination::lock(&mut tx, &wanted.to.id).await?;
    if let Some(refusal) = against::all(&mut tx, actor, &wanted, &input).await?.into_iter().next() {
        return Err(refusal);
    }
    let operation = write(&mut tx, (app, actor), &wanted).await?;
    tx.commit().await?;
    app.wake(&wanted.from().server_id);
    Ok(operation)
}

/// Claims the names there, beside those here, and asks for the work.
async fn write(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    wanted: &Wanted,
) -> Result<Operation, Error> {
    let Wanted { row, serving, plan, to } = wanted;
    names::claim(tx, &wanted.there(), &plan.spec).await?;
    let of = Of::Moved(serving, to);
    let by = Asker::person(actor);
    let operation = deployments::begin(tx, (app, by), row, (plan, of)).await?;
    let new = NewMove {
        application: &row.application.id,
        operation: &operation.id,
        from: &row.application.destination_id,
        to: &to.id,
        memo: &Memo { before: Some(serving.deployment.id.clone()), ..Memo::default() },
    };
    moving::insert(tx, actor.team_id(), &new, Timestamp::now()).await?;
    Ok(operation)
}

/// Removes what a move left where the application was. That cannot be undone.
pub async fn confirm(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Operation, Error> {
    decide(app, actor, id, OperationKind::ConfirmMove).await
}

/// Brings an application back to where it was moved from, with what was in its volumes then.
pub async fn take_back(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Operation, Error> {
    decide(app, actor, id, OperationKind::TakeBackMove).await
}

async fn decide(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    kind: OperationKind,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let application = find(&mut tx, actor, id).await?.application;
    check_stays(&application)?;
    let moved = moving::find(&mut tx, id).await?;
    let moved = moved.filter(|moved| moved.state == MoveState::Waiting);
    let moved = moved.ok_or_else(|| nothing_waits(&application))?;
    let is_there = application.destination_id == moved.to.destination_id;
    if kind == OperationKind::ConfirmMove && !is_there {
        return Err(going_back(&application));
    }
    // Whoever brings it back puts it onto that server again.
    let onto = if kind == OperationKind::TakeBackMove { &moved.from } else { &moved.to };
    actor.require_on(Right::Use, &onto.server_id)?;
    let now = Timestamp::now();
    db::deployment::cancel_pending(&mut tx, id, &format!("{kind} was asked for"), now).await?;
    let subject = Subject::Application(id.clone());
    let task = Task { kind, subject, name: application.name.as_str(), input: None };
    let operation = operations::ask(&mut tx, actor, task).await?;
    let runs = (kind == OperationKind::TakeBackMove).then_some(Asked::Running);
    db::application::set_work(&mut tx, id, &operation.id, runs).await?;
    tx.commit().await?;
    app.wake(&application.server_id);
    Ok(operation)
}

fn nothing_waits(application: &Application) -> Error {
    Error::refused(
        "no-move",
        format!("no move of {} `{}` waits to be confirmed", word(application), application.name),
        "see how it is (`show_application`)",
    )
}

fn going_back(application: &Application) -> Error {
    Error::refused(
        "move-taken-back",
        format!("the move of {} `{}` is being taken back", word(application), application.name),
        "go on with that (`take_back_move`)",
    )
}

fn never_deployed(application: &Application) -> Error {
    Error::refused(
        "never-deployed",
        format!("{} `{}` was never deployed", word(application), application.name),
        "what does not run yet is added where it is to be, and removed here",
    )
}

/// What is left of a move has to be dealt with first.
pub(crate) fn check_confirmed(application: &Application) -> Result<(), Error> {
    match &application.moved {
        Some(moved) if moved.state == MoveState::Waiting => Err(Error::refused(
            "move-waits",
            format!(
                "{} `{}` was moved, and what is left where it was waits to be confirmed",
                word(application),
                application.name
            ),
            "confirm the move (`confirm_move`), or take it back (`take_back_move`)",
        )),
        Some(moved) if moved.state == MoveState::Over => Err(Error::refused(
            "move-over",
            format!(
                "what an earlier move of {} `{}` left is being removed",
                word(application),
                application.name
            ),
            "wait until that is gone (`show_application`)",
        )),
        Some(_) | None => Ok(()),
    }
}
