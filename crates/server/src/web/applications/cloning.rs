//! Of what a clone of an application is made, and where it can go.

use askama::Template;
use axum::extract::State;
use portolan_types::ApplicationId;

use super::{
    head::{Head, Tab},
    places::{Asked, Choice, Place},
};
use crate::{
    api::AppState,
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
    to: Choice,
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
    let environment_id = Some(head.application.environment_id.clone());
    let asked = Asked { environment_id, destination_id: None };
    let to = Choice::read(&app, &chrome, &asked, Place::of).await?;
    Ok(shown::page(&Clone { chrome, head, to }))
}
