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

    /// The same for the link to the next page, up to its cursor.
    fn as_query(&self, search: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let server = self.server_id.as_ref().map(ServerId::as_str);
        let kind = self.kind.map(DestinationKind::as_str);
        let state = self.state.map(DestinationState::as_str);
        let said = [("server_id", server), ("kind", kind), ("state", state)];
        query.extend_pairs(said.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if !search.is_empty() {
            query.append_pair("search", search);
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("{query}&") }
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
    query: String,
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
    let query = wanted.as_query(&search);
    Ok(shown::page(&List { chrome, rows, next: page.next, wanted, search, query, form }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_narrowed_in_the_same_way() {
        let wanted = Wanted { kind: Some(DestinationKind::Swarm), ..Wanted::default() };
        assert_eq!(wanted.as_query("a&b"), "kind=swarm&search=a%26b&");
        assert_eq!(Wanted::default().as_query(""), "");
    }
}
