//! The first page: how the fleet does.

use askama::Template;

use super::{
    chrome::Chrome,
    shown::{self, Shown},
};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    chrome: Chrome,
}

pub(super) async fn show(chrome: Chrome) -> Shown {
    Ok(shown::page(&Overview { chrome }))
}
