//! One application: how it is, what was done last, which addresses lead to it, and what happened.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ApplicationId, ApplicationTask, Author, Deployment, DeploymentState, Event, EventFilter,
    MountSource, Operation, OperationKind, Page, PageQuery, Route, Severity,
};

use super::head::{Head, Tab};
use crate::{
    Actor, Error,
    api::AppState,
    applications::{deployments, tasks},
    events, operations, routes,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        guard::see_other,
        operations::is_told,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/overview.html")]
struct Overview {
    chrome: Chrome,
    head: Head,
    /// The latest work, with its steps.
    operation: Option<Operation>,
    /// Whether the work is worth reading: it goes on, has failed, or has just ended.
    told: bool,
    /// What serves.
    serving: Option<Deployment>,
    /// What it would be rolled back to.
    previous: Option<Deployment>,
    /// What a swarm runs of it.
    tasks: Vec<ApplicationTask>,
    routes: Vec<Route>,
    may_lead: bool,
}

impl Overview {
    /// A deployment or a move that was not given up or ended.
    fn can_be_cancelled(&self) -> bool {
        self.operation.as_ref().is_some_and(|operation| {
            matches!(
                operation.kind,
                OperationKind::DeployApplication | OperationKind::MoveApplication
            ) && !operation.state.is_over()
        })
    }
}

pub(super) async fn overview(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Overview).await?;
    if let Some(database) = &head.application.database_id {
        return Ok(see_other(&format!("/databases/{database}")));
    }
    let actor = &chrome.actor;
    let named = head.application.operation_id.as_ref();
    let operation = operations::show_latest(&app, actor, named).await?;
    let told = operation.as_ref().is_some_and(is_told);
    let latest = deployments::list(&app, actor, &id, &PageQuery::largest()).await?.items;
    let is_serving = |one: &&Deployment| Some(&one.id) == head.application.deployment_id.as_ref();
    let serving = latest.iter().find(is_serving).cloned();
    let previous = latest.into_iter().find(|one| one.state == DeploymentState::Replaced);
    let tasks = tasks::list(&app, actor, &id).await?.items;
    let routes = leading(&app, actor, &head).await?;
    let may_lead = chrome.may_use(&head.application.server_id) && !head.is_removing();
    let overview =
        Overview { chrome, head, operation, told, serving, previous, tasks, routes, may_lead };
    Ok(shown::page(&overview))
}

/// The routes to an application. Who does not see its server sees none.
async fn leading(app: &AppState, actor: &Actor, head: &Head) -> Result<Vec<Route>, Error> {
    if head.application.destination_name.is_none() {
        return Ok(Vec::new());
    }
    let (destination, query) = (&head.application.destination_id, PageQuery::largest());
    let mut routes = routes::list(app, actor, Some(destination), &query).await?.items;
    routes.retain(|route| route.application_id.as_ref() == Some(&head.application.id));
    Ok(routes)
}

#[derive(Template)]
#[template(path = "applications/events.html")]
struct Events {
    chrome: Chrome,
    head: Head,
    page: Page<Event>,
    search: String,
}

pub(super) async fn events(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Events).await?;
    let subject = id.as_str().parse().map_err(|_| Error::NotFound("application"))?;
    let filter = EventFilter { subject_id: Some(subject), ..EventFilter::default() };
    let page = events::list(&app, &chrome.actor, &filter, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&Events { chrome, head, page, search }))
}
