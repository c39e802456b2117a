//! Of what a clone of a database is made, and where it can go.

use askama::Template;
use axum::extract::State;
use portolan_types::{ApplicationState, DatabaseId};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    web::{
        applications::places::{Asked, Choice, Place},
        chrome::Chrome,
        extract::Path,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "databases/clone.html")]
struct Clone {
    chrome: Chrome,
    head: Head,
    /// Whether its data can be copied as it is.
    is_still: bool,
    to: Choice,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DatabaseId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Clone).await?;
    let environment_id = Some(head.database.environment_id.clone());
    let asked = Asked { environment_id, destination_id: None };
    let to = Choice::read(&app, &chrome, &asked, Place::alone).await?;
    let is_still = head.database.state == ApplicationState::Stopped;
    Ok(shown::page(&Clone { chrome, head, is_still, to }))
}
