//! `/databases/new`: which engine, in which environment, on which destination.

use askama::Template;
use axum::extract::State;
use portolan_types::DatabaseTemplate;

use super::fields::Fields;
use crate::{
    api::AppState,
    databases,
    web::{
        applications::places::{Asked, Choice, Place},
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "databases/new.html")]
struct New {
    chrome: Chrome,
    engines: Vec<DatabaseTemplate>,
    to: Choice,
    of: Fields,
}

pub(super) async fn form(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(asked): Query<Asked>,
) -> Shown {
    let to = Choice::read(&app, &chrome, &asked, Place::alone).await?;
    let engines = databases::templates().items;
    Ok(shown::page(&New { chrome, engines, to, of: Fields::default() }))
}
