//! Applications as people ask for them: stored with the work that makes them so, and left to the
//! server's reconciler. Nothing here speaks to a host.
//!
//! Owns the rows of applications and who may have which name. Variables, deployments and work on what
//! runs are in the modules below.

use std::borrow::Cow;

use portolan_types::{
    Application, ApplicationId, ApplicationSpec, ApplicationState, ContainerName,
    CreateApplication, Destination, DestinationId, Environment, EnvironmentId, Page, PageQuery,
    Right, Subject, Timestamp, UpdateApplication,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{
        self, Transaction,
        application::{Assigned, Places, Runs},
    },
    destinations::{self, swarm},
    environments,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
};

pub mod build_log;
mod builder;
pub(crate) mod check;
pub mod cloning;
pub mod deployments;
pub mod hooks;
pub(crate) mod isolation;
pub mod moves;
pub mod names;
pub mod places;
pub mod plan;
mod ports;
mod references;
pub mod remove;
pub(crate) mod sources;
pub mod tasks;
pub mod variables;
pub mod work;

pub(crate) use hooks::hook_context;
pub(crate) use plan::{plan_context, variables_context};

/// Stores an application; nothing runs until it is deployed.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateApplication,
    repeat: Option<IdempotencyKey>,
) -> Result<Application, Error> {
    let id = ApplicationId::generate();
    let mut tx = app.db.begin().await?;
    let (team, request) = (actor.team_id(), ("application", &input));
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        return show(app, actor, &earlier.parse().map_err(|_| Error::NotFound("application"))?)
            .await;
    }
    let new = add(&mut tx, actor, id, input).await?;
    note(&mut tx, actor, None, Some(&new)).await?;
    tx.commit().await?;
    Ok(new)
}

/// Writes a new application down, with its names on the network.
pub(crate) async fn add(
    tx: &mut Transaction,
    actor: &Actor,
    id: ApplicationId,
    input: CreateApplication,
) -> Result<Application, Error> {
    check::bounds(&input.spec)?;
    let environment = environments::find(tx, actor, &input.environment_id).await?;
    actor.require_on(Right::Manage, &environment.project_id)?;
    let destination = place(tx, actor, &environment, input.destination_id.as_ref()).await?;
    check::rights(actor, &destination, None, &input.spec)?;
    check::place(&destination, &input.spec)?;
    db::destination::lock(tx, &destination.id).await?;
    isolation::check(tx, actor, (&environment.id, &destination)).await?;
    builder::check(tx, (actor, &destination), &input.spec).await?;
    sources::check(tx, actor, (None, input.spec.build.as_ref())).await?;
    let new = filled_in(id, &environment, &destination, input);
    db::application::insert(tx, actor.team_id(), &new)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&new)))?;
    names::claim(tx, &new, &new.spec).await?;
    Ok(new)
}

/// Where it goes: where it is said, or where the environment's things go.
pub(crate) async fn place(
    conn: &mut AnyConnection,
    actor: &Actor,
    environment: &Environment,
    asked: Option<&DestinationId>,
) -> Result<Destination, Error> {
    let id = asked.or(environment.default_destination_id.as_ref()).ok_or_else(|| {
        let why = format!("environment `{}` has no default destination", environment.name);
        Error::field("destination_id", format!("{why}: say where the application goes"))
    })?;
    let destination = destinations::find(conn, actor, id).await?;
    actor.require_on(Right::Use, &destination.server_id)?;
    Ok(destination)
}

fn filled_in(
    id: ApplicationId,
    environment: &Environment,
    destination: &Destination,
    input: CreateApplication,
) -> Application {
    let now = Timestamp::now();
    Application {
        id,
        project_id: environment.project_id.clone(),
        project_name: environment.project_name.clone(),
        environment_id: environment.id.clone(),
        environment_name: environment.name.clone(),
        destination_id: destination.id.clone(),
        destination_name: Some(destination.name.clone()),
        destination_kind: destination.kind,
        server_id: destination.server_id.clone(),
        server_name: Some(destination.server_name.clone()),
        name: input.name,
        database_id: None,
        stack_id: None,
        place_of: None,
        places: 0,
        spec: input.spec,
        changed: false,
        state: ApplicationState::New,
        reason: None,
        container: None,
        deployment_id: None,
        moved: None,
        operation_id: None,
        created_at: now,
        updated_at: now,
    }
}

fn taken(application: &Application) -> Error {
    let Application { name, environment_name, project_name, .. } = application;
    Error::refused(
        "application-exists",
        format!(
            "environment `{environment_name}` of project `{project_name}` already has an application named `{name}`"
        ),
        "use that application, or choose another name",
    )
}

/// What somebody did to an application.
pub(crate) async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    before: Option<&Application>,
    after: Option<&Application>,
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("application.added", "added"),
        (Some(_), Some(_)) => ("application.changed", "changed"),
        (Some(_), None) => ("application.removed", "removed"),
    };
    let Some(one) = after.or(before) else { return Ok(()) };
    let message = format!("application `{}` was {what} by {}", one.name, actor.user.email);
    note_as(tx, actor, (kind, message), (before, after)).await
}

/// The same in other words.
async fn note_as(
    tx: &mut Transaction,
    actor: &Actor,
    (kind, message): (&'static str, String),
    (before, after): (Option<&Application>, Option<&Application>),
) -> Result<(), Error> {
    let Some(one) = after.or(before) else { return Ok(()) };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(one.id.clone()),
        name: one.name.as_str(),
        message,
    };
    let specs = (before.map(|one| &one.spec), after.map(|one| &one.spec));
    let entry = happened.by(actor.author()).change(&specs.0, &specs.1).of(&one.destination_id);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}

/// One application of the team.
pub async fn show(app: &App, actor: &Actor, id: &ApplicationId) -> Result<Application, Error> {
    Ok(find(&mut *app.db.acquire().await?, actor, id).await?.application)
}

/// The application as the actor sees it.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &ApplicationId,
) -> Result<Assigned, Error> {
    db::application::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("application"))
}

/// Which applications are listed.
#[derive(Debug, Default)]
pub struct Filter {
    pub runs: Runs,
    pub environment_id: Option<EnvironmentId>,
    pub destination_id: Option<DestinationId>,
    pub places: Places,
}

/// The team's applications, oldest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Page<Application>, Error> {
    let page = list_rows(app, actor, filter, query).await?;
    let items = page.items.into_iter().map(|row| row.application).collect();
    Ok(Page { items, next: page.next })
}

/// The same with what the API does not show.
pub(crate) async fn list_rows(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Page<Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(id) = &filter.environment_id {
        environments::find(&mut conn, actor, id).await?;
    }
    if let Some(id) = &filter.destination_id {
        destinations::find(&mut conn, actor, id).await?;
    }
    let of = db::application::Filter {
        runs: filter.runs,
        environment: filter.environment_id.as_ref(),
        destination: filter.destination_id.as_ref(),
        original: filter.places.original(),
    };
    let rows = db::application::list(&mut conn, actor.visible(), of, query).await?;
    Ok(page::of(rows, query, |one| (one.application.created_at, one.application.id.as_str())))
}

/// Changes what the next deployment makes.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: UpdateApplication,
) -> Result<Application, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let before = find(&mut tx, actor, id).await?.application;
    check_own(&before)?;
    check_alone(&before)?;
    let Some(spec) = input.spec.filter(|spec| *spec != before.spec) else { return Ok(before) };
    let after = set_spec(&mut tx, actor, &before, spec).await?;
    note(&mut tx, actor, Some(&before), Some(&after)).await?;
    tx.commit().await?;
    show(app, actor, id).await
}

/// Stores another spec of an application, with its row held.
pub(crate) async fn set_spec(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Application,
    spec: ApplicationSpec,
) -> Result<Application, Error> {
    check::bounds(&spec)?;
    let destination = destinations::find_whole(tx, actor, &before.destination_id).await?;
    check::rights(actor, &destination, Some(&before.spec), &spec)?;
    check::place(&destination, &spec)?;
    if spec.build != before.spec.build || spec.image != before.spec.image {
        builder::check(tx, (actor, &destination), &spec).await?;
        sources::check(tx, actor, (before.spec.build.as_ref(), spec.build.as_ref())).await?;
    }
    places::check_change(tx, actor, before, (Some(&before.spec), &spec)).await?;
    let after = Application { spec, updated_at: Timestamp::now(), ..before.clone() };
    db::application::set_spec(tx, &after).await?;
    names::claim(tx, &after, &after.spec).await?;
    Ok(after)
}

/// Wakes whoever may have to work on it: on a swarm, each of its managers. Call it after the commit.
async fn wake(app: &App, actor: &Actor, application: &Application) -> Result<(), Error> {
    if !application.is_service() {
        app.wake(&application.server_id);
        return Ok(());
    }
    let mut conn = app.db.acquire().await?;
    let destination =
        destinations::find_whole(&mut conn, actor, &application.destination_id).await?;
    let keepers = swarm::keepers(&mut conn, actor.team_id(), &destination).await?;
    swarm::wake(app, &keepers);
    Ok(())
}

/// What runs a database is made by that, and a further place by its original, and not by people.
pub(crate) fn check_own(application: &Application) -> Result<(), Error> {
    places::check_is_none(application)?;
    check_program(application)
}

/// What runs a database is removed with it.
fn check_program(application: &Application) -> Result<(), Error> {
    if application.database_id.is_none() {
        return Ok(());
    }
    Err(Error::refused(
        "application-of-a-database",
        format!("application `{}` runs a database, and is made as that says", application.name),
        "change the database (`update_database`), deploy it (`deploy_database`) or remove it \
         (`delete_database`)",
    ))
}

/// A service of a stack is made as its file says, and not by people.
pub(crate) fn check_alone(application: &Application) -> Result<(), Error> {
    if application.stack_id.is_none() {
        return Ok(());
    }
    Err(Error::refused(
        "application-of-a-stack",
        format!(
            "application `{}` is a service of a stack, and is made as its file says",
            application.name
        ),
        "change the file (`apply_stack`), or remove the stack (`delete_stack`)",
    ))
}

/// What people call what an application runs.
pub(crate) const fn word(application: &Application) -> &'static str {
    if application.database_id.is_some() { "database" } else { "application" }
}

/// A text in which what is to be done is named as it is done with a database, where the application runs
/// one: each of these operations has its like there.
pub(crate) fn in_its_words<'a>(application: &Application, text: &'a str) -> Cow<'a, str> {
    if application.database_id.is_none() {
        return Cow::Borrowed(text);
    }
    let named = ["delete", "deploy", "restart", "start", "stop", "update"];
    let text = named.iter().fold(text.to_owned(), |text, act| {
        text.replace(&format!("`{act}_application`"), &format!("`{act}_database`"))
    });
    Cow::Owned(text)
}

/// What routes to an application lead to: the container or the service that serves, and before there
/// is one something that is not there.
pub(crate) fn target_of(application: Application) -> ContainerName {
    let placeholder = || application.name.as_str().parse().expect("a label names containers too");
    application.container.unwrap_or_else(placeholder)
}
