//! Of what a clone of an application is made, and where it can go.

use askama::Template;
use axum::extract::State;
use portolan_types::{ApplicationId, Destination, Environment, PageQuery};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    db::destination::Filter,
    destinations, environments,
    web::{
        chrome::Chrome,
        extract::Path,
        guard::see_other,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/clone.html")]
struct Clone {
    chrome: Chrome,
    head: Head,
    /// Those in which the caller may add something.
    environments: Vec<Environment>,
    targets: Vec<Destination>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Clone).await?;
    if let Some(database) = &head.application.database_id {
        return Ok(see_other(&format!("/databases/{database}")));
    }
    let (actor, all) = (&chrome.actor, PageQuery::largest());
    let mut environments = environments::list(&app, actor, None, &all).await?.items;
    environments.retain(|one| chrome.may_manage_project(&one.project_id));
    let mut targets = destinations::list(&app, actor, &Filter::default(), &all).await?.items;
    targets.retain(|one| chrome.may_use(&one.server_id));
    Ok(shown::page(&Clone { chrome, head, environments, targets }))
}
