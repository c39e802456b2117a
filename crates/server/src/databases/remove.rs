//! Removing a database: what is against it, and what goes with it.

use portolan_types::{DatabaseId, DatabaseUse, Operation, Preview};
use sqlx::AnyConnection;

use super::{Found, find, uses_of};
use crate::{
    Actor, App, Error,
    applications::{
        remove::{self, Volumes},
        work::check_stays,
    },
    db,
    error::Refusal,
};

/// Removes a database: its container, and its data where that is asked for.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    data: Volumes,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let found = find(&mut tx, actor, id).await?;
    check_stays(&found.row.application)?;
    check_unused(&mut tx, actor, &found).await?;
    let operation = remove::begin(&mut tx, actor, &found.row.application, data).await?;
    tx.commit().await?;
    app.wake(&found.row.application.server_id);
    Ok(operation)
}

/// What a removal would do.
pub async fn preview(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    data: Volumes,
) -> Result<Preview, Error> {
    let mut conn = app.db.acquire().await?;
    let found = find(&mut conn, actor, id).await?;
    let allowed = match check_stays(&found.row.application) {
        Ok(()) => check_unused(&mut conn, actor, &found).await,
        refused => refused,
    };
    remove::looked_at(&mut conn, &found.row.application, (data, allowed)).await
}

/// Refuses what would leave applications without what they are given.
async fn check_unused(conn: &mut AnyConnection, actor: &Actor, found: &Found) -> Result<(), Error> {
    let id = &found.kept.id;
    let all = db::database_reference::count_of(conn, id).await?;
    if all == 0 {
        return Ok(());
    }
    let seen = uses_of(conn, actor, std::slice::from_ref(id)).await?.remove(id).unwrap_or_default();
    let hidden = usize::try_from(all).unwrap_or_default().saturating_sub(seen.len());
    let name = &found.row.application.name;
    let blockers = named(&seen, hidden);
    Err(Error::Refused(Refusal {
        code: "database-in-use",
        message: format!("database `{name}` is referred to: {}", blockers.join(", ")),
        remedy: Some("take these variables away first (`change_variables`)".into()),
        blockers,
    }))
}

fn named(seen: &[DatabaseUse], hidden: usize) -> Vec<String> {
    let of =
        |one: &DatabaseUse| format!("{} of application `{}`", one.variable, one.application_name);
    let rest = (hidden > 0).then(|| format!("{hidden} of applications that you do not see"));
    seen.iter().map(of).chain(rest).collect()
}
