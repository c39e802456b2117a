//! `/proxies`: the proxies of the fleet. Each is set on its server's page.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Page, PageQuery, Proxy};

use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, proxies};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/proxies", &["list_proxies"], get(list))
}

#[derive(Template)]
#[template(path = "proxies/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Proxy>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = proxies::list(&app, &chrome.actor, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&List { chrome, page, search }))
}
