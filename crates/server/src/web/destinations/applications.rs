//! What is deployed into a destination.

use askama::Template;
use axum::extract::State;
use portolan_types::{DestinationId, Reachability};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    applications::Filter,
    databases::Filter as Databases,
    web::{
        applications::rows::{self, Row},
        chrome::Chrome,
        databases,
        extract::Path,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "destinations/applications.html")]
struct List {
    chrome: Chrome,
    head: Head,
    rows: Vec<Row>,
    databases: Vec<databases::rows::Row>,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Applications).await?;
    let filter = Filter { destination_id: Some(id.clone()), ..Filter::default() };
    let rows = rows::list(&app, &chrome.actor, &filter).await?;
    let of = Databases { environment_id: None, destination_id: Some(id) };
    let databases = databases::rows::list(&app, &chrome.actor, of).await?;
    Ok(shown::page(&List { chrome, head, rows, databases }))
}

impl List {
    /// Somebody may add one here.
    fn may_add(&self) -> bool {
        self.chrome.may_manage_somewhere() && self.head.may_use
    }
}
