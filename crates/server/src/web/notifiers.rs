//! `/notifiers`: who outside is told of what.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Delivery, Email, Notifier, NotifierId, NotifierState, Page, PageQuery, Severity, Target, Topic,
};

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, notifiers};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/notifiers", &["list_notifiers"], get(list)).page(
        "/notifiers/{id}",
        &["show_notifier", "list_deliveries"],
        get(show),
    )
}

#[derive(Template)]
#[template(path = "notifiers/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Notifier>,
    search: String,
    has_mail: bool,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = notifiers::list(&app, &chrome.actor, &query).await?;
    let (search, has_mail) = (shown::searched(&query), app.post.has_mail());
    Ok(shown::page(&List { chrome, page, search, has_mail }))
}

/// Where it tells, in a line.
fn target(notifier: &Notifier) -> String {
    match &notifier.target {
        Target::Webhook { origin } => origin.clone(),
        Target::Email { to } => to.iter().map(Email::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// What a topic is, in the words of a form.
const fn about(topic: Topic) -> &'static str {
    match topic {
        Topic::Drift => "a host has something else than it should",
        Topic::Repair => "that was put right",
        Topic::Failure => "something was tried and did not succeed",
        Topic::Unreachable => "a host does not answer",
        Topic::Back => "what did not answer or work does again",
        Topic::Change => "everything that people do, and what follows: much",
    }
}

#[derive(Template)]
#[template(path = "notifiers/show.html")]
struct Show {
    chrome: Chrome,
    notifier: Notifier,
    page: Page<Delivery>,
}

async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<NotifierId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let notifier = notifiers::show(&app, &chrome.actor, &id).await?;
    let page = notifiers::list_deliveries(&app, &chrome.actor, &id, &query).await?;
    Ok(shown::page(&Show { chrome, notifier, page }))
}
