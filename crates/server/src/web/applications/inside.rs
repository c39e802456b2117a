//! The container that serves an application: what it says and uses, and programs run in it.

use askama::Template;
use axum::extract::State;
use portolan_types::{Application, ApplicationId};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    container::Named,
    error::Refusal,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        inside::{Logs as Said, Numbers, Wanted},
        shown::{self, Shown},
    },
};

/// Where the API has it.
fn api(application: &Application) -> String {
    format!("/v1/applications/{}", application.id)
}

/// How the command line opens a terminal in it.
fn typed(application: &Application) -> String {
    format!("portolan app terminal {}", application.name)
}

#[derive(Template)]
#[template(path = "applications/logs.html")]
struct Logs {
    chrome: Chrome,
    head: Head,
    said: Said,
}

pub(super) async fn logs(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Logs).await?;
    let said = Said::read(&app, &chrome.actor, Named::Of(&id), wanted).await?;
    Ok(shown::page(&Logs { chrome, head, said }))
}

#[derive(Template)]
#[template(path = "applications/stats.html")]
struct Usage {
    chrome: Chrome,
    head: Head,
    stats: Result<Numbers, Refusal>,
}

pub(super) async fn stats(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Usage).await?;
    let stats = Numbers::read(&app, &chrome.actor, Named::Of(&id)).await?;
    Ok(shown::page(&Usage { chrome, head, stats }))
}

#[derive(Template)]
#[template(path = "applications/command.html")]
struct Command {
    chrome: Chrome,
    head: Head,
}

pub(super) async fn command(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Command).await?;
    Ok(shown::page(&Command { chrome, head }))
}

#[derive(Template)]
#[template(path = "applications/terminal.html")]
struct Terminal {
    chrome: Chrome,
    head: Head,
}

pub(super) async fn terminal(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Terminal).await?;
    Ok(shown::page(&Terminal { chrome, head }))
}
