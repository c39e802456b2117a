//! Variables of applications that are taken from databases.
//!
//! Owns which may be taken, and the values when a deployment is asked for: nobody who asks has to
//! see a password. What a part of a database is, the database says.

use std::collections::BTreeMap;

use portolan_types::{
    Application, ApplicationId, ReferVariable, Right, Timestamp, VariableName, VariableValue,
};
use sqlx::AnyConnection;

use super::work::check_stays;
use crate::{
    Actor, App, Error, databases,
    db::{self, Transaction, database_reference::Reference},
};

/// Takes a variable of an application from a database from now on; whether that is new.
pub(super) async fn set(
    tx: &mut Transaction,
    actor: &Actor,
    application: &Application,
    (asked, now): (&ReferVariable, Timestamp),
) -> Result<bool, Error> {
    let ReferVariable { name, from_database: from } = asked;
    databases::find(tx, actor, &from.database_id).await?;
    // Its row is held, as by those who remove it.
    db::application::lock(tx, &(&from.database_id).into()).await?;
    let found = databases::find(tx, actor, &from.database_id).await?;
    let runs = &found.row.application;
    // Whoever reads the application's environment reads the password.
    actor.require_on(Right::Use, &runs.project_id)?;
    check_stays(runs)?;
    check_everywhere(application, runs)?;
    check_near(tx, application, runs).await?;
    databases::check_part(&found, from.part)?;
    let before = db::database_reference::list(tx, &application.id).await?;
    if before.iter().any(|one| one.variable == *name && one.from == *from) {
        return Ok(false);
    }
    let reference = Reference { variable: name.clone(), from: from.clone(), updated_at: now };
    db::database_reference::set(tx, (actor.team_id(), &application.id), &reference).await?;
    Ok(true)
}

/// Takes for another application what one takes from databases; answers what it cannot.
pub(super) async fn copy(
    tx: &mut Transaction,
    actor: &Actor,
    (from, to): (&ApplicationId, &Application),
    now: Timestamp,
) -> Result<Vec<VariableName>, Error> {
    let mut out_of_reach = Vec::new();
    for Reference { variable: name, from, .. } in db::database_reference::list(tx, from).await? {
        let near = match databases::find(tx, actor, &from.database_id).await {
            Ok(found) => is_near(tx, to, &found.row.application).await?,
            Err(Error::NotFound(_)) => false,
            Err(error) => return Err(error),
        };
        if near {
            set(tx, actor, to, (&ReferVariable { name, from_database: from }, now)).await?;
        } else {
            out_of_reach.push(name);
        }
    }
    Ok(out_of_reach)
}

/// On another network its name means nothing, unless the two are linked.
async fn is_near(
    tx: &mut Transaction,
    application: &Application,
    database: &Application,
) -> Result<bool, Error> {
    Ok(application.destination_id == database.destination_id
        || db::link::exists(tx, &application.id, &database.id).await?)
}

async fn check_near(
    tx: &mut Transaction,
    application: &Application,
    database: &Application,
) -> Result<(), Error> {
    if is_near(tx, application, database).await? {
        return Ok(());
    }
    Err(Error::refused(
        "database-elsewhere",
        format!(
            "database `{}` is on another destination than application `{}`, which cannot find it \
             there by its name",
            database.name, application.name
        ),
        "link the two (`create_link`), or refer to a database on the application's destination",
    ))
}

/// At its further places the database would not be found.
fn check_everywhere(application: &Application, database: &Application) -> Result<(), Error> {
    if application.places == 0 {
        return Ok(());
    }
    Err(Error::refused(
        "database-elsewhere",
        format!(
            "application `{}` has further places on other servers, from where database `{}` is not \
             found",
            application.name, database.name
        ),
        "give the variable a value that holds everywhere, or remove its places (`list_places`)",
    ))
}

/// The values of what an application takes from databases.
pub(super) async fn values(
    app: &App,
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<BTreeMap<VariableName, VariableValue>, Error> {
    let mut values = BTreeMap::new();
    for Reference { variable, from, .. } in db::database_reference::list(conn, application).await? {
        values.insert(variable, databases::value_of(app, conn, &from).await?);
    }
    Ok(values)
}
