//! Operations as people see them: queueing, reading, waiting for the outcome.
//!
//! The work itself and its steps are written by the reconcilers.

use std::time::Duration;

use portolan_types::{
    Author, Failure, Operation, OperationId, OperationKind, OperationState, Page, PageQuery, Right,
    Subject, TeamId, Timestamp, id::SubjectId,
};
use serde::Serialize;
use serde_json::Value;
use sqlx::AnyConnection;
use tokio::time::{Instant, timeout_at};

use crate::{
    Actor, App, Error, app,
    db::{self, operation::Displaced},
    events::{self, Happened},
    page,
    policy::Policy,
    rights::{self, Thing},
};

/// Work about to be queued.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    pub kind: OperationKind,
    pub subject: Subject,
    /// The subject's name.
    pub name: &'a str,
    /// What the work is asked with, as JSON. The team reads it in the event that says so: never a
    /// secret.
    pub input: Option<String>,
}

/// What work is asked with, as it lies in its row.
pub(crate) fn input(asked: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(asked)
        .map_err(|source| Error::Database(sqlx::Error::Encode(source.into())))
}

/// Queues work on a subject. What it displaces is superseded.
pub(crate) async fn queue(
    conn: &mut AnyConnection,
    team: &TeamId,
    task: Task<'_>,
) -> Result<Operation, sqlx::Error> {
    let Task { kind, subject, name, input } = task;
    let operation = Operation {
        id: OperationId::generate(),
        kind,
        subject,
        subject_name: name.to_owned(),
        state: OperationState::Queued,
        failure: None,
        result: None,
        steps: Vec::new(),
        created_at: Timestamp::now(),
        started_at: None,
        finished_at: None,
    };
    let (displaced, failure) = (displaced(kind), superseded(kind));
    // Before the operations, as those do who end one.
    db::operation::hold_subject(conn, &operation.subject, displaced).await?;
    db::operation::supersede(conn, &operation, displaced, &failure).await?;
    db::operation::insert(conn, team, &operation, input.as_deref()).await?;
    Ok(operation)
}

/// Who or what asks for work.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    pub team: &'a TeamId,
    pub author: Author,
    /// As people call it.
    pub name: &'a str,
}

impl<'a> Asker<'a> {
    pub(crate) fn person(actor: &'a Actor) -> Self {
        Self { team: actor.team_id(), author: actor.author(), name: &actor.user.email }
    }
}

/// Queues work that a person asks for, and says so.
pub(crate) async fn ask(
    conn: &mut AnyConnection,
    actor: &Actor,
    task: Task<'_>,
) -> Result<Operation, sqlx::Error> {
    ask_as(conn, Asker::person(actor), task).await
}

/// Queues work that is asked for, and says by whom.
pub(crate) async fn ask_as(
    conn: &mut AnyConnection,
    asker: Asker<'_>,
    task: Task<'_>,
) -> Result<Operation, sqlx::Error> {
    let input = task.input.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let operation = queue(conn, asker.team, task).await?;
    let Operation { id, kind, subject, subject_name: name, .. } = &operation;
    let happened = Happened {
        team: asker.team,
        kind: "operation.asked",
        subject: subject.clone(),
        name,
        message: format!("{kind} of `{name}` was asked for by {}", asker.name),
    };
    let entry = happened.by(asker.author).part_of(id).change(&(), &input);
    events::record(conn, entry, operation.created_at).await?;
    Ok(operation)
}

/// Work on single containers, the proxy's among them, stands beside everything but the end of its destination.
const fn displaced(by: OperationKind) -> Displaced {
    match by {
        OperationKind::ValidateServer
        | OperationKind::ScanServer
        | OperationKind::AdoptNetworks
        | OperationKind::VerifyDestination => Displaced::SameKind,
        OperationKind::CreateDestination
        | OperationKind::RepairDestination
        | OperationKind::ChangeDestination => Displaced::Shape,
        OperationKind::DeleteDestination
        | OperationKind::ForgetDestination
        | OperationKind::DeployApplication
        | OperationKind::StartApplication
        | OperationKind::StopApplication
        | OperationKind::RestartApplication
        | OperationKind::MoveApplication
        | OperationKind::ConfirmMove
        | OperationKind::TakeBackMove
        | OperationKind::RemoveApplication => Displaced::Everything,
        OperationKind::SetProxy
        | OperationKind::StartProxy
        | OperationKind::StopProxy
        | OperationKind::RestartProxy
        | OperationKind::UpgradeProxy
        | OperationKind::RepairProxy
        | OperationKind::RemoveProxy => Displaced::Proxy,
        OperationKind::ConnectContainer
        | OperationKind::DisconnectContainer
        | OperationKind::MoveContainer
        | OperationKind::RepairAttachment
        | OperationKind::DisconnectMembers
        | OperationKind::ProveReach
        | OperationKind::CheckRegistry
        | OperationKind::ReadProxyLogs
        | OperationKind::RunCommand
        | OperationKind::RunJob
        | OperationKind::BackUpDatabase
        | OperationKind::RestoreDatabase
        | OperationKind::CheckBackup => Displaced::Nothing,
    }
}

fn superseded(by: OperationKind) -> Failure {
    Failure {
        code: "superseded".into(),
        message: format!("a later {by} took its place"),
        remedy: None,
        blockers: Vec::new(),
    }
}

/// One operation with its steps.
pub async fn show(app: &App, actor: &Actor, id: &OperationId) -> Result<Operation, Error> {
    let mut conn = app.db.acquire().await?;
    let found = db::operation::find(&mut conn, actor.visible(), id).await?;
    let mut operation = found.ok_or(Error::NotFound("operation"))?;
    if operation.kind == OperationKind::RunCommand
        && !may_read_output(&mut conn, actor, &operation).await?
    {
        operation.result = None;
    }
    Ok(operation)
}

/// What a program said is for those who may run one there: it may hold secrets.
async fn may_read_output(
    conn: &mut AnyConnection,
    actor: &Actor,
    operation: &Operation,
) -> Result<bool, Error> {
    let Subject::Application(id) = &operation.subject else {
        return Ok(actor.require(Policy::Admin).is_ok());
    };
    let policy = Policy::On(Right::Operate);
    if actor.require(policy).is_err() {
        return Ok(false);
    }
    let thing = Thing::Application(id.clone());
    let Some(project) = db::grant::locate(conn, actor.team_id(), &thing).await? else {
        return Ok(actor.require(Policy::Admin).is_ok());
    };
    let grants = rights::read(conn, actor).await?;
    let actor = Actor { grants, ..actor.clone() };
    Ok(actor.require_on(Right::Operate, project).is_ok())
}

/// The latest work on a thing that names it, when there was any.
pub(crate) async fn show_latest(
    app: &App,
    actor: &Actor,
    named: Option<&OperationId>,
) -> Result<Option<Operation>, Error> {
    match named {
        Some(id) => Ok(Some(show(app, actor, id).await?)),
        None => Ok(None),
    }
}

/// The team's operations, newest first, without steps; of one subject when it is given.
pub async fn list(
    app: &App,
    actor: &Actor,
    subject: Option<&SubjectId>,
    query: &PageQuery,
) -> Result<Page<Operation>, Error> {
    let mut conn = app.db.acquire().await?;
    let rows = db::operation::list(&mut conn, actor.visible(), subject, query).await?;
    Ok(page::of(rows, query, |operation| (operation.created_at, operation.id.as_str())))
}

/// The operation when it is over, or as it is when the time has passed.
pub async fn wait(
    app: &App,
    actor: &Actor,
    id: &OperationId,
    limit: Duration,
) -> Result<Operation, Error> {
    // Listening begins before reading, or a change between the two would be missed.
    let mut changes = app.watch();
    let deadline = Instant::now() + limit;
    loop {
        let operation = show(app, actor, id).await?;
        if operation.state.is_over() || Instant::now() >= deadline || app.stopping.is_cancelled() {
            return Ok(operation);
        }
        // At the deadline the loop reads once more and answers; a process that stops waits for
        // nobody, and whoever asks the next one is told the rest.
        let change = async { drop(timeout_at(deadline, app::rung(id, &mut changes)).await) };
        app.stopping.run_until_cancelled(change).await;
    }
}
