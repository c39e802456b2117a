//! `/stacks/new`: which file, in which environment, on which destination.

use askama::Template;
use axum::extract::State;
use portolan_types::{Key, PageQuery};

use crate::{
    api::AppState,
    keys,
    web::{
        applications::places::{Asked, Choice, Place},
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "stacks/new.html")]
struct New {
    chrome: Chrome,
    to: Choice,
    /// Of the team, for a repository by SSH.
    keys: Vec<Key>,
}

pub(super) async fn form(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(asked): Query<Asked>,
) -> Shown {
    let to = Choice::read(&app, &chrome, &asked, Place::of).await?;
    let keys = keys::list(&app, &chrome.actor, &PageQuery::largest()).await?.items;
    Ok(shown::page(&New { chrome, to, keys }))
}
