//! What differs of a destination, and what is done about differences.

use askama::Template;
use axum::extract::State;
use portolan_types::{DestinationId, Drift, Page, PageQuery, PolicyScope, Reachability};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    db::drift::Filter,
    drift_rules::{self, Scope},
    drifts,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        policies::Rules,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "destinations/drift.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    rules: Rules,
    page: Page<Drift>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Drift).await?;
    let actor = &chrome.actor;
    let policies = drift_rules::show(&app, actor, &Scope::Destination(id.clone())).await?;
    let rules = Rules::from(&policies);
    let filter = Filter { destination: Some(id), ..Filter::default() };
    let page = drifts::list(&app, actor, &filter, &query).await?;
    Ok(shown::page(&Show { chrome, head, rules, page }))
}
