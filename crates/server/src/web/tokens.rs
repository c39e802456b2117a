//! `/tokens`: with what programs show who they are.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Ability, Page, PageQuery, Token, TokenAddresses};

use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, tokens};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/tokens", &["list_tokens"], get(list))
}

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Token>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = tokens::list(&app, &chrome.actor, &query).await?;
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query) }))
}

/// What an ability is for, in the words of a form.
fn purpose(ability: Ability) -> &'static str {
    match ability {
        Ability::Read => "sees everything that its owner sees",
        Ability::Write => "also changes servers, destinations, routes and the like",
        Ability::Deploy => "also deploys",
        Ability::Owner => "everything that its owner may, people and tokens included",
    }
}

/// From where it may be used, in a line that can be broken between networks.
fn networks(addresses: &TokenAddresses) -> String {
    addresses.to_string().replace(',', ", ")
}
