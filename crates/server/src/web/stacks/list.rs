//! `/stacks`: all that are visible, narrowed by environment.

use askama::Template;
use axum::extract::State;
use portolan_types::{Cursor, Environment, EnvironmentId, PageQuery, Stack};
use serde::Deserialize;

use crate::{
    api::AppState,
    environments, stacks,
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
#[template(path = "stacks/list.html")]
struct List {
    chrome: Chrome,
    stacks: Vec<Stack>,
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
    Query(Wanted { environment_id: chosen }): Query<Wanted>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let actor = &chrome.actor;
    let page = stacks::list(&app, actor, chosen.as_ref(), &query).await?;
    let environments = environments::list(&app, actor, None, &PageQuery::largest()).await?.items;
    let search = shown::searched(&query);
    let (stacks, next) = (page.items, page.next);
    Ok(shown::page(&List { chrome, stacks, next, environments, chosen, search }))
}
