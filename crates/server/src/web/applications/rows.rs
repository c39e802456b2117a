//! Applications as lists show them: with the work that goes on.

use portolan_types::{Application, Operation, PageQuery};

use crate::{Actor, Error, api::AppState, applications, operations};

/// A row of a list.
#[derive(Debug)]
pub(in crate::web) struct Row {
    pub application: Application,
    /// What waits or is under way.
    pub work: Option<Operation>,
}

/// The rows of applications that were read.
pub(in crate::web) async fn of(
    app: &AppState,
    actor: &Actor,
    applications: Vec<Application>,
) -> Result<Vec<Row>, Error> {
    if applications.is_empty() {
        return Ok(Vec::new());
    }
    // What goes on is among the latest work: one question for all rows.
    let latest = operations::list(app, actor, None, &PageQuery::largest()).await?.items;
    let under_way = |application: &Application| {
        let named = application.operation_id.as_ref()?;
        latest.iter().find(|one| one.id == *named && !one.state.is_over()).cloned()
    };
    let row = |application: Application| Row { work: under_way(&application), application };
    Ok(applications.into_iter().map(row).collect())
}

/// The first of those that are listed, as a part of the page of something else.
pub(in crate::web) async fn list(
    app: &AppState,
    actor: &Actor,
    filter: &applications::Filter,
) -> Result<Vec<Row>, Error> {
    let page = applications::list(app, actor, filter, &PageQuery::largest()).await?;
    of(app, actor, page.items).await
}
