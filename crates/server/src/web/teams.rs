//! `/teams`: the teams that a person is in, and the one in which they act.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Member, Membership, Page, PageQuery, Role};

use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, members, teams};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/teams", &["list_teams", "show_team", "list_members"], get(list))
}

#[derive(Template)]
#[template(path = "teams/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Membership>,
    search: String,
    /// Those to whom the team can be handed over.
    others: Vec<Member>,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = teams::list(&app, &chrome.actor, &query).await?;
    let all = PageQuery::largest();
    let mut others = members::list(&app, &chrome.actor, &all).await?.items;
    others.retain(|member| member.user_id != chrome.actor.user.id);
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query), others }))
}
