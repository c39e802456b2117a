//! `/stacks/new`: which file, in which environment, on which destination.

use askama::Template;
use axum::extract::State;

use crate::{
    api::AppState,
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
}

pub(super) async fn form(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(asked): Query<Asked>,
) -> Shown {
    let to = Choice::read(&app, &chrome, &asked, Place::of).await?;
    Ok(shown::page(&New { chrome, to }))
}
