//! `/settings`: what seals the secrets. `/status`: how the work in the background goes.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{ReconcileStatus, Secrets, TaskStatus};

use super::{
    chrome::Chrome,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, secrets, tasks};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/settings", &["show_secrets"], get(show)).page(
        "/status",
        &["show_reconcile"],
        get(status),
    )
}

#[derive(Template)]
#[template(path = "settings/show.html")]
struct Show {
    chrome: Chrome,
    secrets: Secrets,
}

async fn show(State(app): State<AppState>, chrome: Chrome) -> Shown {
    let secrets = secrets::show(&app).await?;
    Ok(shown::page(&Show { chrome, secrets }))
}

#[derive(Template)]
#[template(path = "settings/status.html")]
struct Status {
    chrome: Chrome,
    status: ReconcileStatus,
}

impl Status {
    fn of_servers(&self) -> impl Iterator<Item = &TaskStatus> {
        self.status.tasks.iter().filter(|task| task.server_id.is_some())
    }

    fn of_the_installation(&self) -> impl Iterator<Item = &TaskStatus> {
        self.status.tasks.iter().filter(|task| task.server_id.is_none())
    }
}

async fn status(State(app): State<AppState>, chrome: Chrome) -> Shown {
    let status = tasks::status(&app, &chrome.actor).await?;
    Ok(shown::page(&Status { chrome, status }))
}

/// How far a task is, by what it last did.
const fn state(task: &TaskStatus) -> &'static str {
    match (&task.last_error, task.last_run_at, task.server_id.is_some()) {
        (_, _, true) if task.connected_since.is_none() => "unreachable",
        (Some(_), None, _) => "failed",
        (_, Some(_), _) => "running",
        (None, None, _) => "pending",
    }
}
