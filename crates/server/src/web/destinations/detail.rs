//! One destination: what it is, its proxy, what was proved of it, and what happened to it.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    Attachment, Author, DestinationId, DestinationKind, Event, EventFilter, Operation, Page,
    PageQuery, ProxyAttachment, Reachability, Route, Severity, Verification, VerifyEvery,
};

use super::{
    head::{Head, Tab},
    list::{ProxyWord, proxy_word},
};
use crate::{
    api::AppState,
    destinations::{self, Surveyed, verify},
    events, operations, proxies, routes,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        operations::is_told,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "destinations/overview.html")]
struct Overview {
    chrome: Chrome,
    head: Head,
    seen: Option<Surveyed>,
    operation: Option<Operation>,
    /// Whether the work is worth reading: it goes on, has failed, or has just ended.
    told: bool,
}

pub(super) async fn overview(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Overview).await?;
    let actor = &chrome.actor;
    let named = head.destination.operation_id.as_ref();
    let operation = operations::show_latest(&app, actor, named).await?;
    let surveyed = destinations::survey(&app, actor, vec![head.destination.clone()]).await?;
    let told = operation.as_ref().is_some_and(is_told);
    let seen = surveyed.into_iter().next();
    Ok(shown::page(&Overview { chrome, head, seen, operation, told }))
}

#[derive(Template)]
#[template(path = "destinations/proxy.html")]
struct Proxy {
    chrome: Chrome,
    head: Head,
    attachments: Vec<Attachment>,
    routes: Page<Route>,
}

pub(super) async fn proxy(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Proxy).await?;
    let (actor, first) = (&chrome.actor, PageQuery::largest());
    let attachments = proxies::attachments(&app, actor, None, Some(&id), &first).await?.items;
    let routes = routes::list(&app, actor, Some(&id), &query).await?;
    Ok(shown::page(&Proxy { chrome, head, attachments, routes }))
}

#[derive(Template)]
#[template(path = "destinations/verify.html")]
struct Verify {
    chrome: Chrome,
    head: Head,
    page: Page<Verification>,
}

pub(super) async fn verify(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Verify).await?;
    let page = verify::list(&app, &chrome.actor, &id, &query).await?;
    Ok(shown::page(&Verify { chrome, head, page }))
}

#[derive(Template)]
#[template(path = "destinations/events.html")]
struct Events {
    chrome: Chrome,
    head: Head,
    page: Page<Event>,
    search: String,
}

pub(super) async fn events(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Events).await?;
    let filter = EventFilter { destination_id: Some(id), ..EventFilter::default() };
    let page = events::list(&app, &chrome.actor, &filter, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&Events { chrome, head, page, search }))
}
