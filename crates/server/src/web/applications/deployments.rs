//! What was made of an application: all deployments, and one with its work.

use std::num::NonZeroU32;

use askama::Template;
use axum::extract::State;
use portolan_types::{ApplicationId, Deployment, DeploymentState, Operation, Page, PageQuery};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    applications::deployments,
    operations,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/deployments.html")]
struct List {
    chrome: Chrome,
    head: Head,
    page: Page<Deployment>,
    search: String,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Deployments).await?;
    let page = deployments::list(&app, &chrome.actor, &id, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&List { chrome, head, page, search }))
}

#[derive(Template)]
#[template(path = "applications/deployment.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    deployment: Deployment,
    operation: Operation,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, number)): Path<(ApplicationId, NonZeroU32)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Deployments).await?;
    let deployment = deployments::show(&app, &chrome.actor, &id, number).await?;
    let operation = operations::show(&app, &chrome.actor, &deployment.operation_id).await?;
    Ok(shown::page(&Show { chrome, head, deployment, operation }))
}

/// What served once can be brought back; what serves is there.
fn can_come_back(deployment: &Deployment) -> bool {
    deployment.state == DeploymentState::Replaced
}

/// How long it took, as people say it; `None` while it goes on.
fn took(deployment: &Deployment) -> Option<String> {
    let seconds = deployment.created_at.seconds_until(deployment.finished_at?);
    Some(match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    })
}
