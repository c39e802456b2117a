//! Projects: made with a first environment, edited, and removed with their environments when those
//! are empty.
//!
//! Owns projects alone: what an environment is, is in `environments`.

use portolan_types::{
    CreateProject, Page, PageQuery, Project, ProjectId, Right, Subject, Timestamp, UpdateProject,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    environments,
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    page,
};

/// Makes a project with its first environment.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateProject,
    repeat: Option<IdempotencyKey>,
) -> Result<Project, Error> {
    let (team, id) = (actor.team_id(), ProjectId::generate());
    let mut tx = app.db.begin().await?;
    let request = ("project", &input);
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        let id = earlier.parse().map_err(|_| Error::NotFound("project"))?;
        return show(app, actor, &id).await;
    }
    let CreateProject { name, description } = input;
    let project = Project { id, name, description, environments: 1, created_at: Timestamp::now() };
    db::project::insert(&mut tx, team, &project)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&project)))?;
    note(&mut tx, actor, (None, Some(&project))).await?;
    environments::add(&mut tx, actor, &environments::first(&project)).await?;
    tx.commit().await?;
    Ok(project)
}

fn taken(project: &Project) -> Error {
    Error::refused(
        "project-exists",
        format!("the team already has a project named `{}`", project.name),
        "use that project, or choose another name",
    )
}

/// The team's projects, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Project>, Error> {
    let mut conn = app.db.acquire().await?;
    let projects = db::project::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(projects, query, |project| (project.created_at, project.id.as_str())))
}

/// One project of the team.
pub async fn show(app: &App, actor: &Actor, id: &ProjectId) -> Result<Project, Error> {
    find(&mut *app.db.acquire().await?, actor, id).await
}

/// The project as the actor sees it.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &ProjectId,
) -> Result<Project, Error> {
    db::project::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("project"))
}

/// The project that a body names, for whoever manages it.
pub(crate) async fn find_managed(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &ProjectId,
) -> Result<Project, Error> {
    let project = find(conn, actor, id).await?;
    actor.require_on(Right::Manage, &project.id)?;
    Ok(project)
}

/// Gives a project another name or description.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &ProjectId,
    input: UpdateProject,
) -> Result<Project, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let after = Project {
        name: input.name.unwrap_or_else(|| before.name.clone()),
        description: input.description.unwrap_or_else(|| before.description.clone()),
        ..before.clone()
    };
    if after == before {
        return Ok(before);
    }
    let changed = db::project::update(&mut tx, actor.team_id(), &after)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&after)))?;
    if !changed {
        return Err(Error::NotFound("project"));
    }
    note(&mut tx, actor, (Some(&before), Some(&after))).await?;
    tx.commit().await?;
    Ok(after)
}

/// Removes a project with its environments, unless something is in one of them.
pub async fn delete(app: &App, actor: &Actor, id: &ProjectId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    let gone = db::project::delete(&mut tx, actor.team_id(), id)
        .await
        .map_err(|error| Error::on_foreign_key(error, || in_use(&before)))?;
    if !gone {
        return Err(Error::NotFound("project"));
    }
    note(&mut tx, actor, (Some(&before), None)).await?;
    Ok(tx.commit().await?)
}

fn in_use(project: &Project) -> Error {
    Error::refused(
        "project-in-use",
        format!("there is something in the environments of project `{}`", project.name),
        "remove what is in them first, or move it to another project",
    )
}

/// What somebody did to a project.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    (before, after): (Option<&Project>, Option<&Project>),
) -> Result<(), Error> {
    let (kind, what) = match (before, after) {
        (None, _) => ("project.added", "was added"),
        (Some(_), Some(_)) => ("project.edited", "was edited"),
        (Some(_), None) => ("project.removed", "was removed with its environments"),
    };
    let Some(project) = after.or(before) else { return Ok(()) };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Project(project.id.clone()),
        name: project.name.as_str(),
        message: format!("project `{}` {what} by {}", project.name, actor.user.email),
    };
    let entry = happened.by(actor.author()).change(&before, &after);
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
