//! Databases as people ask for them: an engine of a template, run by the application of its id.
//!
//! Owns what is special about a database: its passwords, its settings, who refers to it. What makes,
//! starts and stops it is what does so with applications (decision 0047).

use std::collections::HashMap;

use portolan_types::{
    CreateDatabase, CreatedDatabase, Database, DatabaseId, DatabaseTemplates, DatabaseUse,
    DatabaseVersion, DestinationId, EngineName, EnvironmentId, Page, PageQuery, Subject, Timestamp,
};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, applications,
    db::{
        self, Transaction,
        application::{Assigned, Runs},
        database::Kept,
    },
    events::{self, Happened},
    idempotency::{self, IdempotencyKey},
    rights::Visible,
};

pub mod backups;
pub mod change;
pub mod cloning;
mod create;
pub mod remove;
mod secrets;
mod spec;
pub(crate) mod template;
pub mod work;

pub(crate) use self::secrets::{check_part, files_of, passwords_context, script_context, value_of};

/// A database with what the API does not show.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub row: Assigned,
    pub kept: Kept,
}

/// The engines that can be chosen, by name.
pub fn templates() -> DatabaseTemplates {
    DatabaseTemplates { items: template::all().collect() }
}

/// Whether an engine can be backed up.
pub(crate) fn backs_up(engine: &EngineName) -> bool {
    template::find(engine).is_ok_and(|template| template.backup.is_some())
}

/// Versions that are offered and to which one can be upgraded.
pub(crate) fn versions_after(
    engine: &EngineName,
    present: &DatabaseVersion,
) -> Vec<DatabaseVersion> {
    let Ok(template) = template::find(engine) else { return Vec::new() };
    let fits =
        |one: &&DatabaseVersion| *one != present && change::is_upgrade(template, present, one);
    template.versions.iter().filter(fits).cloned().collect()
}

/// Makes a database and deploys it. The answer is the only place where its password is ever seen, so a
/// repetition is refused instead of answered.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateDatabase,
    repeat: Option<IdempotencyKey>,
) -> Result<CreatedDatabase, Error> {
    let mut tx = app.db.begin().await?;
    let (team, request) = (actor.team_id(), ("database", &input));
    if idempotency::claim(&mut tx, team, repeat.as_ref(), &request, "database").await?.is_some() {
        return Err(made_already());
    }
    let (id, password) = create::make(&mut tx, (app, actor), input).await?;
    let found = find(&mut tx, actor, &id).await?;
    note(&mut tx, actor, (None, &found)).await?;
    tx.commit().await?;
    app.wake(&found.row.application.server_id);
    Ok(CreatedDatabase { database: show(app, actor, &id).await?, password })
}

fn made_already() -> Error {
    Error::refused(
        "database-made-already",
        "this request has made its database already, and the password cannot be shown again",
        "if the first answer was lost, remove that database (`delete_database`) and make another \
         with a new key",
    )
}

/// One database of the team.
pub async fn show(app: &App, actor: &Actor, id: &DatabaseId) -> Result<Database, Error> {
    let mut conn = app.db.acquire().await?;
    let found = find(&mut conn, actor, id).await?;
    let uses = uses_of(&mut conn, actor, std::slice::from_ref(id)).await?;
    shown(found, uses.into_values().next().unwrap_or_default())
}

/// The database as the actor sees it.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &DatabaseId,
) -> Result<Found, Error> {
    find_visible(conn, actor.visible(), id).await
}

/// The same of what is visible, whoever looks.
async fn find_visible(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &DatabaseId,
) -> Result<Found, Error> {
    let row = db::application::find(conn, visible, &id.into()).await?;
    let kept = db::database::find(conn, id).await?;
    match (row, kept) {
        (Some(row), Some(kept)) => Ok(Found { row, kept }),
        _ => Err(Error::NotFound("database")),
    }
}

/// Which databases are listed.
#[derive(Debug, Default)]
pub struct Filter {
    pub environment_id: Option<EnvironmentId>,
    pub destination_id: Option<DestinationId>,
}

/// The team's databases, oldest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    Filter { environment_id, destination_id }: Filter,
    query: &PageQuery,
) -> Result<Page<Database>, Error> {
    let runs = Runs::Databases;
    let of = applications::Filter { runs, environment_id, destination_id, ..Default::default() };
    let page = applications::list_rows(app, actor, &of, query).await?;
    let ids: Vec<DatabaseId> = page.items.iter().map(|row| (&row.application.id).into()).collect();
    let mut conn = app.db.acquire().await?;
    let kept = db::database::list_some(&mut conn, &ids).await?;
    let mut kept: HashMap<_, _> = kept.into_iter().map(|one| (one.id.clone(), one)).collect();
    let mut uses = uses_of(&mut conn, actor, &ids).await?;
    let mut items = Vec::new();
    for row in page.items {
        let id = DatabaseId::from(&row.application.id);
        // One that was removed between the two looks is left out.
        let Some(kept) = kept.remove(&id) else { continue };
        items.push(shown(Found { row, kept }, uses.remove(&id).unwrap_or_default())?);
    }
    Ok(Page { items, next: page.next })
}

/// Who refers to a database, as the actor sees it.
pub(crate) async fn list_uses(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &DatabaseId,
) -> Result<Vec<DatabaseUse>, Error> {
    let uses = uses_of(conn, actor, std::slice::from_ref(id)).await?;
    Ok(uses.into_values().next().unwrap_or_default())
}

/// Who refers to databases, as the actor sees it.
async fn uses_of(
    conn: &mut AnyConnection,
    actor: &Actor,
    ids: &[DatabaseId],
) -> Result<HashMap<DatabaseId, Vec<DatabaseUse>>, Error> {
    let mut uses: HashMap<_, Vec<_>> = HashMap::new();
    let found = db::database_reference::list_of_some(conn, actor.visible(), ids).await?;
    for (id, one) in found {
        uses.entry(id).or_default().push(one);
    }
    Ok(uses)
}

fn shown(Found { row, kept }: Found, used_by: Vec<DatabaseUse>) -> Result<Database, Error> {
    let template = template::find(&kept.engine)?;
    let one = row.application;
    Ok(Database {
        id: kept.id.clone(),
        project_id: one.project_id,
        project_name: one.project_name,
        environment_id: one.environment_id,
        environment_name: one.environment_name,
        destination_id: one.destination_id,
        destination_name: one.destination_name,
        server_id: one.server_id,
        server_name: one.server_name,
        title: template.title.clone(),
        url: template.url_without_password(secrets::plain_values(template, &kept, &one.name)),
        port: template.port,
        name: one.name,
        engine: kept.engine,
        version: kept.version,
        image: one.spec.image,
        user: kept.user,
        database: kept.database,
        config: kept.config,
        used_by,
        changed: one.changed,
        state: one.state,
        reason: one.reason,
        container: one.container,
        deployment_id: one.deployment_id,
        operation_id: one.operation_id,
        created_at: one.created_at,
        updated_at: one.updated_at,
    })
}

/// What somebody made of a database. It is told of under the application that runs it, and so is its
/// removal.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    (before, after): (Option<&Found>, &Found),
) -> Result<(), Error> {
    let (kind, what) = match before {
        None => ("database.added", "added"),
        Some(_) => ("database.changed", "changed"),
    };
    let application = &after.row.application;
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        message: format!("database `{}` was {what} by {}", application.name, actor.user.email),
    };
    let entry = happened.by(actor.author()).of(&application.destination_id);
    let entry = entry.change(&before.map(told), &told(after));
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}

/// Nothing of its secrets.
fn told(Found { kept, .. }: &Found) -> Value {
    json!({ "engine": kept.engine, "version": kept.version, "config": kept.config })
}
