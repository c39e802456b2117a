//! Removing an application: what goes with it, and what is against it.

use portolan_types::{
    Affected, Application, ApplicationId, ApplicationSpec, ApplicationState, DarkRoute,
    Destination, DestinationKind, MemberKind, Operation, OperationKind, Preview, Subject,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::{
    check_alone, check_program, find, moves, names, places, wake, word, work::check_stays,
};
use crate::{
    Actor, App, Error,
    db::{self, Transaction, application::Wanted},
    destinations::preview::as_failure,
    error::Refusal,
    operations,
    operations::Task,
};

/// What becomes of the volumes of an application that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Volumes {
    /// They stay on the host, with what is in them.
    Kept,
    /// They are removed, with what is in them.
    Removed,
}

/// The name of a volume on the host: the same over all deployments.
pub(crate) fn volume_name(application: &Application, volume: &str) -> String {
    format!("{}{volume}", names::prefix(application))
}

/// The application's volumes as a spec has them, by their names on the host.
pub(crate) fn volumes_of(application: &Application, spec: &ApplicationSpec) -> Vec<String> {
    spec.volumes().map(|name| volume_name(application, name.as_str())).collect()
}

/// Removes an application: its container, its routes, and its volumes where that is asked for.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    volumes: Volumes,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let application = find(&mut tx, actor, id).await?.application;
    check_program(&application)?;
    check_alone(&application)?;
    let operation = begin(&mut tx, actor, &application, volumes).await?;
    tx.commit().await?;
    wake(app, actor, &application).await?;
    Ok(operation)
}

/// Asks for the removal, with the application's row held.
pub(crate) async fn begin(
    tx: &mut Transaction,
    actor: &Actor,
    application: &Application,
    volumes: Volumes,
) -> Result<Operation, Error> {
    check_stays(application)?;
    moves::check_confirmed(application)?;
    check_unneeded(tx, application).await?;
    let id = &application.id;
    db::deployment::cancel_pending(tx, id, "the application is removed", Timestamp::now()).await?;
    let task = Task {
        kind: OperationKind::RemoveApplication,
        subject: Subject::Application(id.clone()),
        name: application.name.as_str(),
        input: Some(operations::input(&volumes)?),
    };
    let operation = operations::ask(tx, actor, task).await?;
    db::application::set_work(tx, id, &operation.id, Some(Wanted::Stopped)).await?;
    db::application::set_state(tx, id, (ApplicationState::Removing, None)).await?;
    Ok(operation)
}

/// What a removal would do.
pub async fn preview(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    volumes: Volumes,
) -> Result<Preview, Error> {
    let mut conn = app.db.acquire().await?;
    let application = find(&mut conn, actor, id).await?.application;
    let allowed = check_stays(&application)
        .and_then(|()| moves::check_confirmed(&application))
        .and_then(|()| check_program(&application))
        .and_then(|()| check_alone(&application));
    looked_at(&mut conn, &application, (volumes, allowed)).await
}

/// The same of an application that was found, with what is against it.
pub(crate) async fn looked_at(
    conn: &mut AnyConnection,
    application: &Application,
    (volumes, allowed): (Volumes, Result<(), Error>),
) -> Result<Preview, Error> {
    let allowed = match allowed {
        Ok(()) => check_unneeded(conn, application).await,
        refused => refused,
    };
    let refused = allowed.err().map(as_failure).transpose()?;
    let refusals: Vec<_> = refused.into_iter().collect();
    let routes = db::route::list_of_application(conn, &application.id).await?;
    Ok(Preview {
        version: String::new(),
        as_of: Timestamp::now(),
        allowed: refusals.is_empty(),
        steps: steps(application, &routes, volumes),
        affected: affected(application),
        dark_routes: routes,
        refusals,
    })
}

/// Refuses to take away what other applications need: clones that are yet to be filled, and further places.
async fn check_unneeded(conn: &mut AnyConnection, application: &Application) -> Result<(), Error> {
    check_not_waited_for(conn, application).await?;
    places::check_has_none(conn, application).await
}

/// Refuses to take away what the volumes of clones are yet to be filled with.
async fn check_not_waited_for(
    conn: &mut AnyConnection,
    application: &Application,
) -> Result<(), Error> {
    let clones = db::application::seed::list_waiting(conn, &application.id).await?;
    let blockers: Vec<String> = clones.iter().map(ToString::to_string).collect();
    if blockers.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(Refusal {
        code: "clones-wait",
        message: format!(
            "what is in the volumes of {} `{}` is yet to be copied for its clones: {}",
            word(application),
            application.name,
            blockers.join(", ")
        ),
        remedy: Some("deploy them (`deploy_application`) or remove them first".into()),
        blockers,
    }))
}

fn steps(application: &Application, routes: &[DarkRoute], volumes: Volumes) -> Vec<String> {
    let container = application.container.iter();
    let container = container.map(|name| match application.destination_kind {
        DestinationKind::Standalone => format!("stop and remove container `{name}`"),
        DestinationKind::Swarm => format!("remove service `{name}` with all its replicas"),
    });
    let routes = routes.iter().map(|route| format!("remove route `{}`", route.rule));
    let (act, after) = match volumes {
        Volumes::Kept => ("keep", ""),
        Volumes::Removed if application.is_service() => (
            "remove",
            " with what is in it, on every node that can be reached: that cannot be undone",
        ),
        Volumes::Removed => ("remove", " with what is in it: that cannot be undone"),
    };
    let volumes = volumes_of(application, &application.spec);
    let volumes = volumes.iter().map(|name| format!("{act} volume `{name}`{after}"));
    let name = &application.name;
    let last = match application.database_id {
        Some(_) => format!("remove database `{name}` with its deployments and passwords"),
        None => format!("remove application `{name}` with its deployments and variables"),
    };
    container.chain(routes).chain(volumes).chain([last]).collect()
}

fn affected(application: &Application) -> Vec<Affected> {
    let container = application.container.iter().map(|name| Affected {
        kind: if application.is_service() { MemberKind::Service } else { MemberKind::Container },
        id: String::new(),
        name: name.to_string(),
        state: application.state.to_string(),
        effect: "is removed".to_owned(),
    });
    container.collect()
}

/// Refuses what would leave applications without their network, with their names.
pub(crate) async fn check_none(
    conn: &mut AnyConnection,
    destination: &Destination,
) -> Result<(), Error> {
    let blockers = db::application::list_names(conn, &destination.id).await?;
    if blockers.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(Refusal {
        code: "destination-has-applications",
        message: format!(
            "there are applications on destination `{}`: {}",
            destination.name,
            blockers.join(", ")
        ),
        remedy: Some("remove them first (`delete_application`, `delete_database`)".into()),
        blockers,
    }))
}
