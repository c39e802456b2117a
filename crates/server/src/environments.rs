//! Environments of projects: made, edited, and removed when they are empty.
//!
//! A default destination is what is used when nothing else is said. It is forgotten with its
//! destination, by the database (decision 0035).

use portolan_types::{
    CreateEnvironment, DefaultDestination, DestinationId, Environment, EnvironmentId, Name, Page,
    PageQuery, Project, ProjectId, Subject, Timestamp, UpdateEnvironment,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    destinations,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page, projects,
};

/// The environment that a new project has.
pub(crate) fn first(project: &Project) -> Environment {
    of(project, "production".parse().expect("a plain word is a name"))
}

/// A new environment without a default destination.
fn of(project: &Project, name: Name) -> Environment {
    Environment {
        id: EnvironmentId::generate(),
        project_id: project.id.clone(),
        project_name: project.name.clone(),
        name,
        default_destination_id: None,
        default_destination_name: None,
        created_at: Timestamp::now(),
    }
}

/// Makes an environment.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateEnvironment,
    repeat: Option<IdempotencyKey>,
) -> Result<Environment, Error> {
    let mut tx = app.db.begin().await?;
    let project = projects::find_managed(&mut tx, actor, &input.project_id).await?;
    let new = of(&project, input.name.clone());
    let (team, id) = (actor.team_id(), new.id.as_str());
    let request = ("environment", &input);
    if let Some(earlier) = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id).await? {
        drop(tx);
        let id = earlier.parse().map_err(|_| Error::NotFound("environment"))?;
        return show(app, actor, &id).await;
    }
    let new = lead(&mut tx, actor, new, input.default_destination_id).await?;
    add(&mut tx, actor, &new).await?;
    tx.commit().await?;
    Ok(new)
}

/// Writes a new environment down, with its event.
pub(crate) async fn add(
    tx: &mut Transaction,
    actor: &Actor,
    new: &Environment,
) -> Result<(), Error> {
    db::environment::insert(tx, actor.team_id(), new).await.map_err(|error| refused(error, new))?;
    note(tx, actor, (None, Some(new))).await
}

/// The environment with another default destination, which the team has to have.
async fn lead(
    conn: &mut AnyConnection,
    actor: &Actor,
    environment: Environment,
    to: Option<DestinationId>,
) -> Result<Environment, Error> {
    let name = match &to {
        Some(id) => Some(destinations::find(conn, actor, id).await?.name),
        None => None,
    };
    Ok(Environment { default_destination_id: to, default_destination_name: name, ..environment })
}

/// What the database says against a row, in words.
fn refused(error: sqlx::Error, environment: &Environment) -> Error {
    match &error {
        // The project or the destination was removed between the look and the write.
        sqlx::Error::Database(database) if database.is_foreign_key_violation() => {
            Error::NotFound("project or destination")
        }
        _ => Error::on_unique(error, || taken(environment)),
    }
}

fn taken(environment: &Environment) -> Error {
    let Environment { name, project_name, .. } = environment;
    Error::refused(
        "environment-exists",
        format!("project `{project_name}` already has an environment named `{name}`"),
        "use that environment, or choose another name",
    )
}

/// The team's environments, oldest first; of one project when it is given.
pub async fn list(
    app: &App,
    actor: &Actor,
    project: Option<&ProjectId>,
    query: &PageQuery,
) -> Result<Page<Environment>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(project) = project {
        projects::find(&mut conn, actor, project).await?;
    }
    let rows = db::environment::list(&mut conn, actor.visible(), project, query).await?;
    Ok(page::of(rows, query, |environment| (environment.created_at, environment.id.as_str())))
}

/// One environment of the team.
pub async fn show(app: &App, actor: &Actor, id: &EnvironmentId) -> Result<Environment, Error> {
    find(&mut *app.db.acquire().await?, actor, id).await
}

/// The environment as the actor sees it.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &EnvironmentId,
) -> Result<Environment, Error> {
    db::environment::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("environment"))
}

/// Gives an environment another name or default destination.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &EnvironmentId,
    input: UpdateEnvironment,
) -> Result<Environment, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let after = changed(&mut tx, actor, before.clone(), input).await?;
    if after == before {
        return Ok(before);
    }
    let done = db::environment::update(&mut tx, actor.team_id(), &after)
        .await
        .map_err(|error| refused(error, &after))?;
    if !done {
        return Err(Error::NotFound("environment"));
    }
    note(&mut tx, actor, (Some(&before), Some(&after))).await?;
    tx.commit().await?;
    Ok(after)
}

async fn changed(
    conn: &mut AnyConnection,
    actor: &Actor,
    before: Environment,
    input: UpdateEnvironment,
) -> Result<Environment, Error> {
    let name = input.name.unwrap_or_else(|| before.name.clone());
    let named = Environment { name, ..before };
    match &input.default_destination_id {
        Some(chosen) => lead(conn, actor, named, DefaultDestination::id(chosen)).await,
        // What stays need not be visible to whoever changes the rest.
        None => Ok(named),
    }
}

/// Removes an environment, unless something is in it.
pub async fn delete(app: &App, actor: &Actor, id: &EnvironmentId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let gone = db::environment::delete(&mut tx, actor.team_id(), id)
        .await
        .map_err(|error| Error::on_foreign_key(error, || in_use(&before)))?;
    if !gone {
        return Err(Error::NotFound("environment"));
    }
    note(&mut tx, actor, (Some(&before), None)).await?;
    Ok(tx.commit().await?)
}

fn in_use(environment: &Environment) -> Error {
    let Environment { name, project_name, .. } = environment;
    Error::refused(
        "environment-in-use",
        format!("there is something in environment `{name}` of project `{project_name}`"),
        "remove what is in it first, or move it to another environment",
    )
}

/// As events tell of it: not everybody who reads of the environment sees its default destination, and
/// what is not visible is an id without a name (decision 0039).
fn unnamed(environment: &Environment) -> Environment {
    Environment { default_destination_name: None, ..environment.clone() }
}

/// What somebody did to an environment.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    (before, after): (Option<&Environment>, Option<&Environment>),
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("environment.added", "added"),
        (Some(_), Some(_)) => ("environment.edited", "edited"),
        (Some(_), None) => ("environment.removed", "removed"),
    };
    let Some(one) = after.or(before) else { return Ok(()) };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Environment(one.id.clone()),
        name: one.name.as_str(),
        message: format!(
            "environment `{}` of project `{}` was {what} by {}",
            one.name, one.project_name, actor.user.email
        ),
    };
    let entry = happened.by(actor.author()).change(&before.map(unnamed), &after.map(unnamed));
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
