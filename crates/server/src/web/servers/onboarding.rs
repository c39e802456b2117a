//! `/servers/new` and `/servers/{id}`: a host becomes a server. What to put on the host is shown
//! before it is asked for, and each check of the validation as it happens.

use askama::Template;
use axum::extract::State;
use portolan_types::{Key, KeyId, Operation, PageQuery, ServerId, ServerState};
use serde::Deserialize;

use super::{
    Checklist,
    facts::{Disk, gib},
    head::{Head, Tab},
};
use crate::{
    Actor, Error,
    api::AppState,
    keys, operations,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        shown::{self, Shown},
    },
};

/// The keys that there are, and the one with which Portolan is to come.
#[derive(Debug, Default)]
pub(in crate::web) struct Keys {
    pub all: Vec<Key>,
    pub chosen: Option<Key>,
}

impl Keys {
    /// The chosen one, or the first.
    pub(in crate::web) async fn read(
        app: &AppState,
        actor: &Actor,
        chosen: Option<&KeyId>,
    ) -> Result<Self, Error> {
        let query = PageQuery::largest();
        let all = keys::list(app, actor, &query).await?.items;
        let chosen = match chosen {
            Some(id) => Some(keys::show(app, actor, id).await?),
            None => all.first().cloned(),
        };
        Ok(Self { all, chosen })
    }

    /// Whether it is the one with which Portolan is to come.
    pub(in crate::web) fn is_chosen(&self, key: &KeyId) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.id == *key)
    }
}

/// Which server is to be described, and with which key.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Wanted {
    #[serde(default)]
    pub local: bool,
    /// Named as the field of the form, which reads the page again with what was chosen in it.
    #[serde(rename = "connection.key_id")]
    pub key: Option<KeyId>,
}

#[derive(Template)]
#[template(path = "servers/new.html")]
struct New {
    chrome: Chrome,
    keys: Keys,
    local: bool,
}

pub(super) async fn new(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let keys = Keys::read(&app, &chrome.actor, wanted.key.as_ref()).await?;
    Ok(shown::page(&New { chrome, keys, local: wanted.local }))
}

#[derive(Template)]
#[template(path = "servers/show.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    checklist: Option<Checklist>,
    /// Work other than a validation that goes on.
    operation: Option<Operation>,
    disk: Option<Disk>,
    memory: String,
    is_new: bool,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Overview).await?;
    let server = &head.server;
    let named = server.operation_id.as_ref();
    let latest = operations::show_latest(&app, &chrome.actor, named).await?;
    let checklist = latest.as_ref().and_then(|latest| Checklist::of(server, latest));
    let operation = latest.filter(|latest| checklist.is_none() && !latest.state.is_over());
    let engine = server.engine.as_ref();
    Ok(shown::page(&Show {
        disk: engine.and_then(Disk::of),
        memory: engine.map_or_else(String::new, |engine| gib(engine.memory_bytes)),
        is_new: server.state != ServerState::Ready,
        chrome,
        head,
        checklist,
        operation,
    }))
}
