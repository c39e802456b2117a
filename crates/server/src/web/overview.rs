//! The first page: how the fleet does, what needs somebody, and what happened last.

mod attention;

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{DriftState, Event, EventFilter, PageQuery, Reachability, Server};

use self::attention::Matter;
use super::{
    chrome::Chrome,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{
    api::AppState,
    db::drift::Filter,
    drifts, events,
    picture::{self, Fleet},
};

/// Events that are shown.
const LATEST: u16 = 12;

/// What is counted here is listed by these operations.
const SHOWN: &[&str] = &[
    "show_session",
    "list_servers",
    "list_proxies",
    "list_destinations",
    "list_routes",
    "list_drifts",
    "list_events",
];

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/", SHOWN, get(show))
}

/// Things of one kind by state.
struct Count {
    name: &'static str,
    path: &'static str,
    total: usize,
    states: Vec<(&'static str, usize)>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    chrome: Chrome,
    counts: Vec<Count>,
    matters: Vec<Matter>,
    more: usize,
    events: Vec<Event>,
}

async fn show(State(app): State<AppState>, chrome: Chrome) -> Shown {
    let fleet = picture::fleet(&app, &chrome.actor).await?;
    let open = Filter { open: Some(true), ..Filter::default() };
    let newest = PageQuery::first(attention::MOST);
    let newest = drifts::list(&app, &chrome.actor, &open, &newest).await?.items;
    let drifts = drifts::count_open(&app, &chrome.actor).await?;
    let latest = PageQuery::first(LATEST);
    let events = events::list(&app, &chrome.actor, &EventFilter::default(), &latest).await?;
    let standing = drifts.iter().map(|(_, count)| count).sum();
    let (matters, more) = attention::needed(&fleet, &newest, standing);
    let counts = counts(&fleet, &drifts);
    Ok(shown::page(&Overview { chrome, counts, matters, more, events: events.items }))
}

impl Overview {
    /// Nothing was added yet: the first steps are shown instead of zeros.
    fn is_new(&self) -> bool {
        self.counts.iter().all(|count| count.total == 0)
    }
}

fn counts(fleet: &Fleet, drifts: &[(DriftState, usize)]) -> Vec<Count> {
    let drifts = drifts.iter().map(|(state, count)| (state.as_str(), *count));
    vec![
        count("Servers", "/servers", fleet.servers.iter().map(word)),
        count(
            "Destinations",
            "/destinations",
            fleet.destinations.iter().map(|one| one.state.as_str()),
        ),
        count("Routes", "/routes", fleet.routes.iter().map(|one| one.state.as_str())),
        count("Proxies", "/proxies", fleet.proxies.iter().map(|one| one.state.as_str())),
        counted("Open drifts", "/drifts", drifts.collect()),
    ]
}

/// One that does not answer is that, whatever was found when it last did.
fn word(server: &Server) -> &'static str {
    match server.reachability {
        Reachability::Unreachable => server.reachability.as_str(),
        Reachability::Reachable | Reachability::Unknown => server.state.as_str(),
    }
}

fn count(
    name: &'static str,
    path: &'static str,
    words: impl Iterator<Item = &'static str>,
) -> Count {
    let mut by_word: BTreeMap<&'static str, usize> = BTreeMap::new();
    for word in words {
        *by_word.entry(word).or_default() += 1;
    }
    counted(name, path, by_word.into_iter().collect())
}

/// The most frequent state first.
fn counted(
    name: &'static str,
    path: &'static str,
    mut states: Vec<(&'static str, usize)>,
) -> Count {
    let total = states.iter().map(|(_, count)| count).sum();
    states.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Count { name, path, total, states }
}
