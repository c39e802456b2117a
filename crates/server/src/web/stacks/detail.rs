//! One stack: its services and networks, its file, and how it goes.

use askama::Template;
use axum::extract::State;
use portolan_types::{Preview, RepositoryPath, StackId, StackVariable};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    applications::remove::Volumes,
    stacks::remove,
    web::{
        acts::Near,
        chrome::Chrome,
        extract::Path,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "stacks/overview.html")]
struct Overview {
    chrome: Chrome,
    head: Head,
    near: Near,
}

impl Overview {
    fn files(&self) -> &[RepositoryPath] {
        self.head.stack.source.as_ref().map(|source| source.files.as_slice()).unwrap_or_default()
    }

    fn notices(&self) -> &[String] {
        self.head.stack.source.as_ref().map(|source| source.notices.as_slice()).unwrap_or_default()
    }
}

pub(super) async fn overview(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<StackId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Overview).await?;
    let near = Near::stack(&head.stack);
    Ok(shown::page(&Overview { chrome, head, near }))
}

#[derive(Template)]
#[template(path = "stacks/file.html")]
struct File {
    chrome: Chrome,
    head: Head,
    text: String,
    /// Lines of `NAME=value`.
    variables: String,
    /// Names of those that are secret.
    secrets: String,
}

pub(super) async fn file(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<StackId>,
) -> Shown {
    let mut head = Head::read(&app, &chrome, &id, Tab::File).await?;
    let source = head.stack.source.take();
    let text = source.as_ref().map(|source| source.file.to_string()).unwrap_or_default();
    let all = source.map(|source| source.variables).unwrap_or_default();
    let line = |one: &StackVariable| Some(format!("{}={}\n", one.name, one.value.as_ref()?));
    let variables = all.iter().filter_map(line).collect();
    let secrets = all.iter().filter(|one| one.secret).map(|one| one.name.as_str());
    let secrets = secrets.collect::<Vec<_>>().join(", ");
    Ok(shown::page(&File { chrome, head, text, variables, secrets }))
}

#[derive(Template)]
#[template(path = "stacks/danger.html")]
struct Danger {
    chrome: Chrome,
    head: Head,
    near: Near,
    /// What removing it would do, with its volumes left where they are.
    preview: Preview,
    /// The same with its volumes.
    with_volumes: Preview,
}

pub(super) async fn danger(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<StackId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Danger).await?;
    let actor = &chrome.actor;
    let preview = remove::preview(&app, actor, &id, Volumes::Kept).await?;
    let with_volumes = remove::preview(&app, actor, &id, Volumes::Removed).await?;
    let near = Near::stack(&head.stack);
    Ok(shown::page(&Danger { chrome, head, near, preview, with_volumes }))
}
