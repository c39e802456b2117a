//! `/projects` and `/environments`: where applications and databases are grouped.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Destination, Environment, EnvironmentId, Page, PageQuery, Project, ProjectId,
};

use super::{
    applications::rows::{self, Row},
    chrome::Chrome,
    databases,
    extract::{Path, Query},
    pages::Pages,
    shown::{self, Shown},
};
use crate::{
    Error, api::AppState, applications, databases::Filter as Databases, db::destination::Filter,
    destinations, environments, projects,
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    const ONE: &[&str] =
        &["show_project", "list_environments", "list_destinations", "list_applications"];
    const PART: &[&str] =
        &["show_environment", "list_destinations", "list_applications", "list_databases"];
    pages
        .page("/projects", &["list_projects"], get(list))
        .page("/projects/{id}", ONE, get(show))
        .page("/environments/{id}", PART, get(environment))
}

#[derive(Template)]
#[template(path = "projects/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Project>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = projects::list(&app, &chrome.actor, &query).await?;
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query) }))
}

#[derive(Template)]
#[template(path = "projects/show.html")]
struct Show {
    chrome: Chrome,
    project: Project,
    page: Page<Environment>,
    destinations: Vec<Destination>,
    /// What is in the environments that are shown.
    rows: Vec<Row>,
    may_manage: bool,
}

async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ProjectId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let project = projects::show(&app, &chrome.actor, &id).await?;
    let page = environments::list(&app, &chrome.actor, Some(&id), &query).await?;
    let destinations =
        destinations::list(&app, &chrome.actor, &Filter::default(), &PageQuery::largest())
            .await?
            .items;
    let mut rows = Vec::new();
    for environment in &page.items {
        rows.extend(inside(&app, &chrome, &environment.id).await?);
    }
    let may_manage = chrome.may_manage_project(&project.id);
    Ok(shown::page(&Show { chrome, project, page, destinations, rows, may_manage }))
}

#[derive(Template)]
#[template(path = "projects/environment.html")]
struct Shows {
    chrome: Chrome,
    environment: Environment,
    destinations: Vec<Destination>,
    rows: Vec<Row>,
    databases: Vec<databases::rows::Row>,
    may_manage: bool,
}

async fn environment(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<EnvironmentId>,
) -> Shown {
    let environment = environments::show(&app, &chrome.actor, &id).await?;
    let destinations =
        destinations::list(&app, &chrome.actor, &Filter::default(), &PageQuery::largest())
            .await?
            .items;
    let rows = inside(&app, &chrome, &id).await?;
    let of = Databases { environment_id: Some(id), destination_id: None };
    let databases = databases::rows::list(&app, &chrome.actor, of).await?;
    let may_manage = chrome.may_manage_project(&environment.project_id);
    Ok(shown::page(&Shows { chrome, environment, destinations, rows, databases, may_manage }))
}

/// What is deployed from an environment.
async fn inside(
    app: &AppState,
    chrome: &Chrome,
    environment: &EnvironmentId,
) -> Result<Vec<Row>, Error> {
    let filter = applications::Filter {
        environment_id: Some(environment.clone()),
        ..applications::Filter::default()
    };
    rows::list(app, &chrome.actor, &filter).await
}
