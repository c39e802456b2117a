//! `/destinations`: all of the team's, narrowed by server, kind and state.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    Cursor, DestinationKind, DestinationState, Origin, PageQuery, ProxyAttachment, Reachability,
    ServerId,
};
use serde::Deserialize;

use super::add::Form;
use crate::{
    api::AppState,
    db::destination::Filter,
    destinations::{self, Surveyed},
    web::{
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

/// What the list is narrowed by.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Wanted {
    server_id: Option<ServerId>,
    kind: Option<DestinationKind>,
    state: Option<DestinationState>,
}

impl Wanted {
    fn is_of(&self, server: &ServerId) -> bool {
        self.server_id.as_ref() == Some(server)
    }

    fn is_empty(&self) -> bool {
        self.server_id.is_none() && self.kind.is_none() && self.state.is_none()
    }
}

impl From<Wanted> for Filter {
    fn from(wanted: Wanted) -> Self {
        let Wanted { server_id, kind, state } = wanted;
        Self { server: server_id, kind, state }
    }
}

#[derive(Template)]
#[template(path = "destinations/list.html")]
struct List {
    chrome: Chrome,
    rows: Vec<Surveyed>,
    next: Option<Cursor>,
    wanted: Wanted,
    search: String,
    form: Form,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(wanted): Query<Wanted>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let actor = &chrome.actor;
    let page = destinations::list(&app, actor, &wanted.clone().into(), &query).await?;
    let rows = destinations::survey(&app, actor, page.items).await?;
    let form = Form::read(&app, &chrome, wanted.server_id.as_ref()).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&List { chrome, rows, next: page.next, wanted, search, form }))
}

/// Whether the proxy is on a network, in a word with its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyWord {
    Attached,
    Missing,
    KeptOff,
    /// Although it is to be kept off.
    Unwanted,
    NoProxy,
}

pub(super) fn proxy_word(of: &Surveyed) -> ProxyWord {
    let kept_off = of.destination.proxy == ProxyAttachment::Never;
    match (of.attachments.iter().any(|one| one.observed != one.wanted), of.attachments.is_empty()) {
        (true, _) if kept_off => ProxyWord::Unwanted,
        (true, _) => ProxyWord::Missing,
        (false, _) if kept_off => ProxyWord::KeptOff,
        (false, true) => ProxyWord::NoProxy,
        (false, false) => ProxyWord::Attached,
    }
}
