//! Databases as lists show them: with the work that goes on.

use portolan_types::{Database, Operation, PageQuery};

use crate::{
    Actor, Error,
    api::AppState,
    databases::{self, Filter},
    operations,
};

/// A row of a list.
#[derive(Debug)]
pub(in crate::web) struct Row {
    pub database: Database,
    /// What waits or is under way.
    pub work: Option<Operation>,
}

/// The rows of databases that were read.
pub(in crate::web) async fn of(
    app: &AppState,
    actor: &Actor,
    databases: Vec<Database>,
) -> Result<Vec<Row>, Error> {
    if databases.is_empty() {
        return Ok(Vec::new());
    }
    // What goes on is among the latest work: one question for all rows.
    let latest = operations::list(app, actor, None, &PageQuery::largest()).await?.items;
    let under_way = |database: &Database| {
        let named = database.operation_id.as_ref()?;
        latest.iter().find(|one| one.id == *named && !one.state.is_over()).cloned()
    };
    let row = |database: Database| Row { work: under_way(&database), database };
    Ok(databases.into_iter().map(row).collect())
}

/// The first of those that are listed, as a part of the page of something else.
pub(in crate::web) async fn list(
    app: &AppState,
    actor: &Actor,
    filter: Filter,
) -> Result<Vec<Row>, Error> {
    let page = databases::list(app, actor, filter, &PageQuery::largest()).await?;
    of(app, actor, page.items).await
}
