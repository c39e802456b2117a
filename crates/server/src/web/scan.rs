//! `/servers/{id}/scan`: looking for networks that are there already. What is found is shown with
//! the operation, and adopted from there.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Problem, Server, ServerId};

use super::{
    chrome::Chrome,
    extract::Path,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{Error, api::AppState, destinations, servers};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/servers/{id}/scan", &["scan_server"], get(show))
}

#[derive(Template)]
#[template(path = "servers/scan.html")]
struct Scan {
    chrome: Chrome,
    server: Server,
    /// Why it cannot be scanned now.
    problem: Option<Problem>,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<ServerId>) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let problem = destinations::check_usable(&server).err().map(Error::into_problem);
    Ok(shown::page(&Scan { chrome, server, problem }))
}
