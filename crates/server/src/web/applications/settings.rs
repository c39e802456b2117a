//! What the next deployment makes, and how an application goes.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ApplicationId, Database, DatabaseId, DatabasePart, Hook, PageQuery, Preview, Variable,
};

use super::{
    fields::{Choices, SpecFields},
    head::{Head, Tab},
};
use crate::{
    Actor, Error,
    api::AppState,
    applications::{
        hooks,
        remove::{self, Volumes},
        variables,
    },
    databases, links,
    web::{
        acts::Near,
        chrome::Chrome,
        extract::Path,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/variables.html")]
struct ListVariables {
    chrome: Chrome,
    head: Head,
    variables: Vec<Variable>,
    /// Those to which variables can refer.
    databases: Vec<Database>,
}

impl ListVariables {
    /// What a database is called, where it can be seen.
    fn name_of(&self, id: &DatabaseId) -> Option<&str> {
        self.databases.iter().find(|one| one.id == *id).map(|one| one.name.as_str())
    }
}

pub(super) async fn variables(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Variables).await?;
    let variables = variables::list(&app, &chrome.actor, &id).await?.items;
    let databases = near(&app, &chrome.actor, &head).await?;
    Ok(shown::page(&ListVariables { chrome, head, variables, databases }))
}

/// The databases that the application finds by name. Who does not see its destination sees none.
async fn near(app: &AppState, actor: &Actor, head: &Head) -> Result<Vec<Database>, Error> {
    let mut found = Vec::new();
    if head.application.destination_name.is_some() {
        let destination_id = Some(head.application.destination_id.clone());
        let filter = databases::Filter { environment_id: None, destination_id };
        found = databases::list(app, actor, filter, &PageQuery::largest()).await?.items;
    }
    for link in links::list(app, actor, &head.application.id).await?.items {
        let leads_out = link.from.application_id == head.application.id;
        let seen = link.to.database_id.filter(|_| leads_out && link.to.name.is_some());
        if let Some(id) = seen {
            found.push(databases::show(app, actor, &id).await?);
        }
    }
    Ok(found)
}

#[derive(Template)]
#[template(path = "applications/settings.html")]
struct Settings {
    chrome: Chrome,
    head: Head,
    spec: SpecFields,
    hook: Option<Hook>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Settings).await?;
    let choices = Choices::read(&app, &chrome.actor).await?;
    let spec = SpecFields::of(&head.application.spec, choices);
    let hook = match hooks::show(&app, &chrome.actor, &id).await {
        Ok(hook) => Some(hook),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(shown::page(&Settings { chrome, head, spec, hook }))
}

#[derive(Template)]
#[template(path = "applications/danger.html")]
struct Danger {
    chrome: Chrome,
    head: Head,
    near: Near,
    /// What removing it would do, with its volumes left where they are.
    preview: Preview,
    /// The same with its volumes; asked only where there are any.
    with_volumes: Option<Preview>,
}

pub(super) async fn danger(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Danger).await?;
    let actor = &chrome.actor;
    let preview = remove::preview(&app, actor, &id, Volumes::Kept).await?;
    let with_volumes = if remove::volumes_of(&head.application, &head.application.spec).is_empty() {
        None
    } else {
        Some(remove::preview(&app, actor, &id, Volumes::Removed).await?)
    };
    let near = head.near();
    Ok(shown::page(&Danger { chrome, head, near, preview, with_volumes }))
}
