//! Services of stacks: which application each is, and what it waits for.

use std::collections::BTreeMap;

use portolan_types::{
    Alias, ApplicationId, ApplicationSpec, ApplicationState, OperationState, StackId, StackService,
    Timestamp,
};
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    super::{json_option, moment_option, parsed, parsed_option},
    fetch_of,
};

/// The services of some stacks, each in its order.
pub async fn list(
    conn: &mut AnyConnection,
    stacks: &[&StackId],
) -> Result<BTreeMap<StackId, Vec<StackService>>, sqlx::Error> {
    let mut all: BTreeMap<StackId, Vec<StackService>> = BTreeMap::new();
    if stacks.is_empty() {
        return Ok(all);
    }
    let mut needs = list_needs(conn, stacks).await?;
    let sql =
        "select v.stack_id, v.name, v.application_id, a.name as application_name, a.spec, a.state,
                      a.reason, a.operation_id, y.container
               from stack_services v
               join applications a on a.id = v.application_id
               left join deployments y on y.id = a.deployment_id
               where v.stack_id in (?)
               order by v.stack_id, v.position, v.name";
    for row in fetch_of(conn, sql, stacks).await? {
        let mut one = service(&row)?;
        one.needs = needs.remove(&one.application_id).unwrap_or_default();
        all.entry(parsed(&row, "stack_id")?).or_default().push(one);
    }
    Ok(all)
}

fn service(row: &AnyRow) -> Result<StackService, sqlx::Error> {
    let spec: ApplicationSpec = json_option(row, "spec")?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(StackService {
        name: parsed(row, "name")?,
        application_id: parsed(row, "application_id")?,
        application_name: parsed(row, "application_name")?,
        image: spec.image,
        state: parsed(row, "state")?,
        reason: row.try_get("reason")?,
        container: parsed_option(row, "container")?,
        operation_id: parsed_option(row, "operation_id")?,
        needs: Vec::new(),
    })
}

async fn list_needs(
    conn: &mut AnyConnection,
    stacks: &[&StackId],
) -> Result<BTreeMap<ApplicationId, Vec<Alias>>, sqlx::Error> {
    let sql = "select n.application_id, w.name
               from stack_needs n
               join stack_services v on v.application_id = n.application_id
               join stack_services w on w.application_id = n.needed_id
               where v.stack_id in (?)
               order by w.position, w.name";
    let mut needs: BTreeMap<ApplicationId, Vec<Alias>> = BTreeMap::new();
    for row in fetch_of(conn, sql, stacks).await? {
        needs.entry(parsed(&row, "application_id")?).or_default().push(parsed(&row, "name")?);
    }
    Ok(needs)
}

/// A service, at a place in the order of its stack.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    pub application: &'a ApplicationId,
    pub name: &'a Alias,
    pub position: i64,
    /// Whether it is not on the destination.
    pub apart: bool,
}

/// Makes an application a service of a stack, or says anew what it is there.
pub async fn set(
    conn: &mut AnyConnection,
    stack: &StackId,
    one: Placed<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into stack_services (application_id, stack_id, name, position, apart)
         values ($1, $2, $3, $4, $5)
         on conflict (application_id)
         do update set position = excluded.position, apart = excluded.apart",
    )
    .bind(one.application.as_str())
    .bind(stack.as_str())
    .bind(one.name.as_str())
    .bind(one.position)
    .bind(i64::from(one.apart))
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores what a service waits for, and nothing else from now on.
pub async fn set_needs(
    conn: &mut AnyConnection,
    application: &ApplicationId,
    needs: &[(&ApplicationId, &str)],
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from stack_needs where application_id = $1")
        .bind(application.as_str())
        .execute(&mut *conn)
        .await?;
    for (needed, condition) in needs {
        sqlx::query(
            "insert into stack_needs (application_id, needed_id, condition) values ($1, $2, $3)",
        )
        .bind(application.as_str())
        .bind(needed.as_str())
        .bind(*condition)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Whether an application is kept off its destination.
pub async fn is_apart(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<bool, sqlx::Error> {
    let found: i64 = sqlx::query_scalar(
        "select count(*) from stack_services where application_id = $1 and apart = 1",
    )
    .bind(application.as_str())
    .fetch_one(conn)
    .await?;
    Ok(found > 0)
}

/// What a service waits for, and how far that is.
#[derive(Debug, Clone)]
pub struct Needed {
    pub name: Alias,
    /// Whether it has to be healthy, too.
    pub healthy: bool,
    pub state: ApplicationState,
    pub reason: Option<String>,
    /// How the latest work on it goes or went.
    pub work: Option<OperationState>,
    pub finished_at: Option<Timestamp>,
}

/// All that an application waits for, by name.
pub async fn list_needed(
    conn: &mut AnyConnection,
    application: &ApplicationId,
) -> Result<Vec<Needed>, sqlx::Error> {
    let rows = sqlx::query(
        "select v.name, n.condition, a.state, a.reason, o.state as work, o.finished_at
         from stack_needs n
         join stack_services v on v.application_id = n.needed_id
         join applications a on a.id = n.needed_id
         left join operations o on o.id = a.operation_id
         where n.application_id = $1
         order by v.name",
    )
    .bind(application.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(needed).collect()
}

fn needed(row: &AnyRow) -> Result<Needed, sqlx::Error> {
    let condition: String = row.try_get("condition")?;
    Ok(Needed {
        name: parsed(row, "name")?,
        healthy: condition == "healthy",
        state: parsed(row, "state")?,
        reason: row.try_get("reason")?,
        work: parsed_option(row, "work")?,
        finished_at: moment_option(row, "finished_at")?,
    })
}
