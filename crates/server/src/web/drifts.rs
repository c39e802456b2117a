//! `/drifts`: what hosts have otherwise than it should be, and what is done about it.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Drift, DriftId, DriftKind, DriftPolicy, DriftState, Page, PageQuery, PolicyScope, Server,
    ServerId,
};
use serde::Deserialize;

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    operations::address,
    pages::Pages,
    policies::Rules,
    shown::{self, Shown},
};
use crate::{
    api::AppState,
    db::drift::Filter,
    drift_rules::{self, Scope},
    drifts, servers,
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/drifts", &["list_drifts", "list_servers"], get(list))
        .page("/drifts/policy", &["show_drift_policy"], get(policy))
        .page("/drifts/{id}", &["show_drift"], get(show))
}

/// Which drifts are shown: without a word, those that are open.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    /// `open`, `over` or `all`.
    show: Option<String>,
    server_id: Option<ServerId>,
    kind: Option<DriftKind>,
}

impl Wanted {
    fn open(&self) -> Option<bool> {
        match self.show.as_deref() {
            Some("all") => None,
            Some("over") => Some(false),
            _ => Some(true),
        }
    }

    fn filter(&self) -> Filter {
        let server = self.server_id.clone();
        Filter { open: self.open(), server, destination: None, kind: self.kind }
    }
}

#[derive(Template)]
#[template(path = "drifts/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Drift>,
    wanted: Wanted,
    servers: Vec<Server>,
    search: String,
}

impl List {
    fn is_on(&self, server: &Server) -> bool {
        self.wanted.server_id.as_ref() == Some(&server.id)
    }
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(wanted): Query<Wanted>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = drifts::list(&app, &chrome.actor, &wanted.filter(), &query).await?;
    let all = PageQuery::largest();
    let servers = servers::list(&app, &chrome.actor, &all).await?.items;
    Ok(shown::page(&List { chrome, page, wanted, servers, search: shown::searched(&query) }))
}

#[derive(Template)]
#[template(path = "drifts/show.html")]
struct Show {
    chrome: Chrome,
    drift: Drift,
    subject: String,
    facts: Vec<Fact>,
    may_operate: bool,
}

/// One thing that is known, as it was or should be, as it was found, and as it is now.
struct Fact {
    name: String,
    values: [Option<String>; 3],
    differs: bool,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<DriftId>) -> Shown {
    let drift = drifts::show(&app, &chrome.actor, &id).await?;
    let (subject, facts) = (address(&drift.subject), facts(&drift));
    let may_operate = chrome.may_operate(&drift.server_id);
    Ok(shown::page(&Show { chrome, drift, subject, facts, may_operate }))
}

/// The three sets of facts side by side; what differs comes first.
fn facts(drift: &Drift) -> Vec<Fact> {
    let sets = [&drift.before, &drift.after, &drift.mended];
    let names: std::collections::BTreeSet<&String> =
        sets.iter().flat_map(|set| set.keys()).collect();
    let fact = |name: &String| {
        let values = sets.map(|set| set.get(name).cloned());
        let differs = values.first() != values.get(1);
        Fact { name: name.clone(), values, differs }
    };
    let mut facts: Vec<Fact> = names.into_iter().map(fact).collect();
    facts.sort_by_key(|fact| !fact.differs);
    facts
}

#[derive(Template)]
#[template(path = "drifts/policy.html")]
struct Policy {
    chrome: Chrome,
    rules: Rules,
}

async fn policy(State(app): State<AppState>, chrome: Chrome) -> Shown {
    let policies = drift_rules::show(&app, &chrome.actor, &Scope::Team).await?;
    Ok(shown::page(&Policy { chrome, rules: Rules::from(&policies) }))
}
