//! One database: how it is, who uses it, what can be changed of it, and how it goes.

use askama::Template;
use axum::extract::State;
use portolan_types::{Database, DatabaseId, Link, Operation, Preview};

use super::{
    fields::Fields,
    head::{Head, Tab},
};
use crate::{
    api::AppState,
    applications::{self, remove::Volumes},
    databases::{self, remove},
    links, operations,
    web::{
        acts::Near,
        applications::moving::{MoveForm, targets},
        chrome::Chrome,
        extract::Path,
        operations::is_told,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "databases/overview.html")]
struct Overview {
    chrome: Chrome,
    head: Head,
    /// The latest work, with its steps.
    operation: Option<Operation>,
    /// Whether the work is worth reading: it goes on, has failed, or has just ended.
    told: bool,
    /// Versions of its series that are offered, without the present one.
    versions: Vec<String>,
    /// By which applications of other destinations reach it.
    links: Vec<Link>,
}

pub(super) async fn overview(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DatabaseId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Overview).await?;
    let named = head.database.operation_id.as_ref();
    let operation = operations::show_latest(&app, &chrome.actor, named).await?;
    let told = operation.as_ref().is_some_and(is_told);
    let versions = later(&head.database);
    let links = links::list(&app, &chrome.actor, &(&id).into()).await?.items;
    Ok(shown::page(&Overview { chrome, head, operation, told, versions, links }))
}

fn later(one: &Database) -> Vec<String> {
    let versions = databases::versions_after(&one.engine, &one.version);
    versions.iter().map(ToString::to_string).collect()
}

#[derive(Template)]
#[template(path = "databases/settings.html")]
struct Settings {
    chrome: Chrome,
    head: Head,
    of: Fields,
}

pub(super) async fn settings(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DatabaseId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Settings).await?;
    let of = (&head.database).into();
    Ok(shown::page(&Settings { chrome, head, of }))
}

#[derive(Template)]
#[template(path = "databases/move.html")]
struct Move {
    chrome: Chrome,
    head: Head,
    form: MoveForm,
}

pub(super) async fn moving(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DatabaseId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Move).await?;
    let one = &head.database;
    let form = MoveForm {
        id: one.id.to_string(),
        targets: targets(&app, &chrome, &one.destination_id).await?,
        moved: applications::show(&app, &chrome.actor, &(&id).into()).await?.moved,
        is_stopped: true,
    };
    Ok(shown::page(&Move { chrome, head, form }))
}

#[derive(Template)]
#[template(path = "databases/danger.html")]
struct Danger {
    chrome: Chrome,
    head: Head,
    near: Near,
    /// What removing it would do, with its data left where they are.
    preview: Preview,
    /// The same with its data.
    with_data: Preview,
}

pub(super) async fn danger(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DatabaseId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Danger).await?;
    let actor = &chrome.actor;
    let preview = remove::preview(&app, actor, &id, Volumes::Kept).await?;
    let with_data = remove::preview(&app, actor, &id, Volumes::Removed).await?;
    let near = head.near();
    Ok(shown::page(&Danger { chrome, head, near, preview, with_data }))
}
