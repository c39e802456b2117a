//! What was made of an application: all deployments, and one with its work.

use std::num::NonZeroU32;

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ApplicationId, Deployment, DeploymentState, LogLine, Operation, Page, PageQuery,
};

use super::head::{Head, Tab};
use crate::{
    amount::span,
    api::AppState,
    applications::{build_log, deployments},
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
    /// What its build said, where it was built.
    log: Option<Vec<LogLine>>,
}

impl Show {
    fn is_under_way(&self) -> bool {
        !self.operation.state.is_over()
    }
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, number)): Path<(ApplicationId, NonZeroU32)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Deployments).await?;
    let deployment = deployments::show(&app, &chrome.actor, &id, number).await?;
    let operation = operations::show(&app, &chrome.actor, &deployment.operation_id).await?;
    let log = if is_built(&head, &deployment) {
        Some(build_log::read(&app, &chrome.actor, (&id, number)).await?.lines)
    } else {
        None
    };
    Ok(shown::page(&Show { chrome, head, deployment, operation, log }))
}

/// Before its commit is known, by what the application is made of.
fn is_built(head: &Head, deployment: &Deployment) -> bool {
    let will_be = deployment.finished_at.is_none() && head.application.spec.build.is_some();
    deployment.rolled_back_to.is_none() && (deployment.commit.is_some() || will_be)
}

/// What served once can be brought back; what serves is there.
fn can_come_back(deployment: &Deployment) -> bool {
    deployment.state == DeploymentState::Replaced
}

/// How long it took, as people say it; `None` while it goes on.
fn took(deployment: &Deployment) -> Option<String> {
    Some(span(deployment.created_at.seconds_until(deployment.finished_at?)))
}
