//! Work on what runs of an application: started, stopped, restarted.

use portolan_types::{
    Application, ApplicationId, ApplicationState, MoveState, Operation, OperationKind, Subject,
    Timestamp,
};

use super::{find, wake, word};
use crate::{
    Actor, App, Error, db,
    db::application::Wanted,
    events::{Entry, Happened},
    operations,
    operations::Task,
};

/// Starts what was deployed last, where a person stopped it or where it ended.
pub async fn start(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Operation, Error> {
    act(app, actor, id, (OperationKind::StartApplication, Wanted::Running)).await
}

/// Stops it until a person starts it again.
pub async fn stop(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Operation, Error> {
    act(app, actor, id, (OperationKind::StopApplication, Wanted::Stopped)).await
}

/// Stops and starts it.
pub async fn restart(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Operation, Error> {
    act(app, actor, id, (OperationKind::RestartApplication, Wanted::Running)).await
}

async fn act(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    (kind, wanted): (OperationKind, Wanted),
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let application = find(&mut tx, actor, id).await?.application;
    check_stays(&application)?;
    if application.deployment_id.is_none() {
        return Err(Error::refused(
            "never-deployed",
            format!("{} `{}` was never deployed", word(&application), application.name),
            match application.database_id {
                Some(_) => "deploy it (`deploy_database`)",
                None => "deploy it (`deploy_application`)",
            },
        ));
    }
    let words = format!("{kind} was asked for");
    db::deployment::cancel_pending(&mut tx, id, &words, Timestamp::now()).await?;
    let subject = Subject::Application(id.clone());
    let task = Task { kind, subject, name: application.name.as_str(), input: None };
    let operation = operations::ask(&mut tx, actor, task).await?;
    db::application::set_work(&mut tx, id, &operation.id, Some(wanted)).await?;
    tx.commit().await?;
    wake(app, actor, &application).await?;
    Ok(operation)
}

/// One that goes is let go first, and so is one that goes elsewhere.
pub(crate) fn check_stays(application: &Application) -> Result<(), Error> {
    if application.state == ApplicationState::Removing {
        return Err(Error::refused(
            "application-removing",
            format!("{} `{}` is being removed", word(application), application.name),
            "wait until it is gone",
        ));
    }
    if application.moved.as_ref().is_some_and(|moved| moved.state == MoveState::Moving) {
        return Err(Error::refused(
            "application-moving",
            format!("{} `{}` is being moved", word(application), application.name),
            "wait until that is over, or give it up (`cancel_deployment`)",
        ));
    }
    Ok(())
}

/// What somebody did with what runs of an application.
pub(super) fn told<'a>(
    actor: &'a Actor,
    application: &'a Application,
    kind: &'static str,
    what: &str,
) -> Entry<'a> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        message: format!(
            "a deployment of application `{}` was {what} by {}",
            application.name, actor.user.email
        ),
    };
    happened.by(actor.author()).of(&application.destination_id)
}
