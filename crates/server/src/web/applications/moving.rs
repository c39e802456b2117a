//! Where an application, or what runs a database, can be moved to, and what that would do.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ApplicationId, ApplicationMove, Destination, DestinationId, DestinationKind, MoveState,
    PageQuery,
};

use super::head::{Head, Tab};
use crate::{
    Error,
    api::AppState,
    db::destination::Filter,
    destinations,
    web::{
        chrome::Chrome,
        extract::Path,
        guard::see_other,
        shown::{self, Shown},
    },
};

/// What the form of a move needs, of an application and of a database.
#[derive(Debug)]
pub(in crate::web) struct MoveForm {
    /// The application's id, which a database has too.
    pub id: String,
    pub targets: Vec<Destination>,
    pub moved: Option<ApplicationMove>,
    pub is_stopped: bool,
}

impl MoveForm {
    /// Whether a person has to say what becomes of what is left.
    pub(in crate::web) fn is_waiting(&self) -> bool {
        self.moved.as_ref().is_some_and(|moved| moved.state == MoveState::Waiting)
    }
}

/// Destinations to which something on another one may be moved.
pub(in crate::web) async fn targets(
    app: &AppState,
    chrome: &Chrome,
    at: &DestinationId,
) -> Result<Vec<Destination>, Error> {
    let all = PageQuery::largest();
    let mut found = destinations::list(app, &chrome.actor, &Filter::default(), &all).await?.items;
    found.retain(|one| {
        one.id != *at && one.kind == DestinationKind::Standalone && chrome.may_use(&one.server_id)
    });
    Ok(found)
}

#[derive(Template)]
#[template(path = "applications/move.html")]
struct Move {
    chrome: Chrome,
    head: Head,
    form: MoveForm,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Move).await?;
    if let Some(database) = &head.application.database_id {
        return Ok(see_other(&format!("/databases/{database}/move")));
    }
    let one = &head.application;
    let form = MoveForm {
        id: one.id.to_string(),
        targets: targets(&app, &chrome, &one.destination_id).await?,
        moved: one.moved.clone(),
        is_stopped: !one.spec.is_rolling(),
    };
    Ok(shown::page(&Move { chrome, head, form }))
}
