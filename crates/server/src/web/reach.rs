//! `/reach`: whether one container or destination reaches another, asked and proved.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Chart, ReachName};
use serde::Deserialize;

use super::{
    chart,
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, picture};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/reach", &["ask_reach", "show_chart"], get(show))
}

/// Ends that a link filled in.
#[derive(Debug, Default, Deserialize)]
struct Ends {
    from: Option<ReachName>,
    to: Option<ReachName>,
}

#[derive(Template)]
#[template(path = "reach/show.html")]
struct Show {
    chrome: Chrome,
    chart: Chart,
    from: String,
    to: String,
    may_prove: bool,
}

async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(Ends { from, to }): Query<Ends>,
) -> Shown {
    let chart = picture::show(&app, &chrome.actor).await?;
    let text = |name: Option<ReachName>| name.map_or_else(String::new, String::from);
    let may_prove = chrome.may_operate_somewhere();
    Ok(shown::page(&Show { chrome, chart, from: text(from), to: text(to), may_prove }))
}

impl Show {
    fn ends(&self) -> Vec<String> {
        chart::ends(&self.chart)
    }
}
