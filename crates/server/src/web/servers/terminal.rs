//! `/servers/{id}/terminal`: the place of a terminal, which its script fills, and its switch.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Connection, ServerId, TerminalSwitch};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    web::{
        chrome::Chrome,
        extract::Path,
        pages::Pages,
        shown::{self, Shown},
    },
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/servers/{id}/terminal", &["show_server", "open_terminal"], get(show))
}

#[derive(Template)]
#[template(path = "servers/terminal.html")]
struct Terminal {
    chrome: Chrome,
    head: Head,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<ServerId>) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Terminal).await?;
    Ok(shown::page(&Terminal { chrome, head }))
}
