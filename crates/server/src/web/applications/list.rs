//! `/applications`: all that are visible, narrowed by environment.

use askama::Template;
use axum::extract::State;
use portolan_types::{Cursor, Environment, EnvironmentId, PageQuery};
use serde::Deserialize;

use super::rows::{self, Row};
use crate::{
    api::AppState,
    applications::{self, Filter},
    db::application::Places,
    environments,
    web::{
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

/// What the list is narrowed by.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    environment_id: Option<EnvironmentId>,
}

#[derive(Template)]
#[template(path = "applications/list.html")]
struct List {
    chrome: Chrome,
    rows: Vec<Row>,
    next: Option<Cursor>,
    environments: Vec<Environment>,
    chosen: Option<EnvironmentId>,
    search: String,
}

impl List {
    fn is_chosen(&self, id: &EnvironmentId) -> bool {
        self.chosen.as_ref() == Some(id)
    }
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(Wanted { environment_id }): Query<Wanted>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let actor = &chrome.actor;
    // A place is shown with its original.
    let filter = Filter { environment_id, places: Places::LeftOut, ..Filter::default() };
    let page = applications::list(&app, actor, &filter, &query).await?;
    let rows = rows::of(&app, actor, page.items).await?;
    let environments = environments::list(&app, actor, None, &PageQuery::largest()).await?.items;
    let (search, chosen) = (shown::searched(&query), filter.environment_id);
    Ok(shown::page(&List { chrome, rows, next: page.next, environments, chosen, search }))
}
