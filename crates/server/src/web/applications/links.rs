//! Which resources of other destinations an application reaches, and which reach it.

use askama::Template;
use axum::extract::State;
use portolan_types::{ApplicationId, Link, LinkEnd};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    links,
    web::{
        chrome::Chrome,
        extract::Path,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/links.html")]
struct ListLinks {
    chrome: Chrome,
    head: Head,
    links: Vec<Link>,
    /// What it could be linked to.
    reachable: Vec<LinkEnd>,
}

impl ListLinks {
    /// Whether it is the application of the page that reaches the other one.
    fn leads_out(&self, link: &Link) -> bool {
        link.from.application_id == self.head.application.id
    }

    fn other<'a>(&self, link: &'a Link) -> &'a LinkEnd {
        if self.leads_out(link) { &link.to } else { &link.from }
    }
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Links).await?;
    let links = links::list(&app, &chrome.actor, &id).await?.items;
    let reachable = links::reachable(&app, &chrome.actor, &id).await?;
    Ok(shown::page(&ListLinks { chrome, head, links, reachable }))
}
