//! One container of a destination, from each side: what it is, and what it says.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ContainerName, ContainerStats, Destination, DestinationContainer, DestinationId,
    DestinationState, LineCount, LogLine, PageQuery, Reachability, ReadLogs, Timestamp,
    page::SearchText,
};
use serde::Deserialize;

use super::head::{Head, Tab};
use crate::{
    Error,
    api::AppState,
    db::destination::Filter,
    destinations::{self, containers},
    error::Refusal,
    readings,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        shown::{self, Shown},
        tabs::{self, For, Link},
    },
};

/// A page of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Overview,
    Logs,
    Stats,
}

const SIDES: [tabs::Tab<Side>; 3] = [
    tabs::Tab::new(Side::Overview, "What it is", ""),
    tabs::Tab::new(Side::Logs, "Logs", "/logs"),
    tabs::Tab::new(Side::Stats, "What it uses", "/stats"),
];

/// The container of a page.
#[derive(Debug)]
struct Place {
    container: DestinationContainer,
    /// How it was named in the address.
    handle: ContainerName,
    side: Side,
}

impl Place {
    async fn read(
        app: &AppState,
        chrome: &Chrome,
        (id, handle): (&DestinationId, ContainerName),
        side: Side,
    ) -> Result<Self, Error> {
        let on_it = containers::list(app, &chrome.actor, id).await?;
        let is_it = |one: &DestinationContainer| {
            [one.id.as_str(), one.name.as_str()].contains(&handle.as_str())
        };
        let found = on_it.items.into_iter().find(is_it);
        let container = found.ok_or(Error::NotFound("container"))?;
        Ok(Self { container, handle, side })
    }

    fn sides(&self, destination: &DestinationId) -> Vec<Link> {
        let base = format!("/destinations/{destination}/containers/{}", self.handle);
        tabs::links(&SIDES, &self.side, &base, For::All)
    }
}

#[derive(Template)]
#[template(path = "destinations/container.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    place: Place,
    targets: Vec<Destination>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&id, handle), Side::Overview).await?;
    let filter = Filter {
        server: Some(head.server.id.clone()),
        state: Some(DestinationState::Ready),
        ..Filter::default()
    };
    let all = destinations::list(&app, &chrome.actor, &filter, &PageQuery::largest()).await?;
    let mut targets = all.items;
    targets.retain(|other| other.id != id && other.server_id == head.server.id);
    Ok(shown::page(&Show { chrome, head, place, targets }))
}

/// How far back, as the form offers it: the word, what it means, and the seconds.
const AGES: [(&str, &str, i64); 4] = [
    ("10m", "10 minutes", 600),
    ("1h", "an hour", 3_600),
    ("1d", "a day", 86_400),
    ("7d", "a week", 604_800),
];
/// How many lines the form offers.
const COUNTS: [u32; 4] = [200, 1_000, 5_000, 10_000];

/// What the form asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    lines: LineCount,
    since: String,
    search: Option<SearchText>,
}

impl Wanted {
    fn since(&self) -> Option<Timestamp> {
        let age = AGES.iter().find(|(word, _, _)| *word == self.since);
        age.map(|(_, _, seconds)| Timestamp::now().plus_seconds(-seconds))
    }

    fn searched(&self) -> &str {
        self.search.as_ref().map_or("", SearchText::as_str)
    }
}

#[derive(Template)]
#[template(path = "destinations/container_logs.html")]
struct Logs {
    chrome: Chrome,
    head: Head,
    place: Place,
    wanted: Wanted,
    /// What the API is asked for the same lines.
    query: String,
    lines: Vec<LogLine>,
    left_out: u64,
    refused: Option<Refusal>,
}

pub(super) async fn logs(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&id, handle), Side::Logs).await?;
    let (lines, since) = (wanted.lines, wanted.since());
    let read = ReadLogs { lines, since, search: wanted.search.clone(), until: None };
    let query = query(&read);
    let read = readings::read_logs(&app, &chrome.actor, (&id, &place.handle), read).await;
    let (read, refused) = match read {
        Ok(read) => (read, None),
        Err(Error::Refused(refusal)) => (readings::Lines::default(), Some(refusal)),
        Err(error) => return Err(error.into()),
    };
    let readings::Lines { lines, left_out } = read;
    Ok(shown::page(&Logs { chrome, head, place, wanted, query, lines, left_out, refused }))
}

fn query(read: &ReadLogs) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("lines", &read.lines.get().to_string());
    if let Some(since) = read.since {
        query.append_pair("since", &since.to_string());
    }
    if let Some(search) = &read.search {
        query.append_pair("search", search.as_str());
    }
    query.finish()
}

#[derive(Template)]
#[template(path = "destinations/container_stats.html")]
struct Stats {
    chrome: Chrome,
    head: Head,
    place: Place,
    stats: Result<Numbers, Refusal>,
}

pub(super) async fn stats(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&id, handle), Side::Stats).await?;
    let stats = match readings::read_stats(&app, &chrome.actor, (&id, &place.handle)).await {
        Ok(stats) => Ok(Numbers::of(&stats)),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(error) => return Err(error.into()),
    };
    Ok(shown::page(&Stats { chrome, head, place, stats }))
}

/// `1.5 GiB`, as the script of the page says it.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    let mut tenths = u128::from(count) * 10;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    match unit {
        0 => format!("{count} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}

/// What it uses, in words.
#[derive(Debug)]
struct Numbers {
    at: Timestamp,
    cpu: String,
    cpus: u32,
    memory: String,
    limit: Option<String>,
    network: String,
    disk: String,
    processes: u64,
}

impl Numbers {
    fn of(stats: &ContainerStats) -> Self {
        let used = stats.cpu_thousandths.unwrap_or(0);
        let (received, sent) = (bytes(stats.received_bytes), bytes(stats.sent_bytes));
        let (read, written) = (bytes(stats.read_bytes), bytes(stats.written_bytes));
        Self {
            at: stats.at,
            cpu: format!("{}.{} %", used / 10, used % 10),
            cpus: stats.cpus,
            memory: bytes(stats.memory_bytes),
            limit: stats.memory_limit_bytes.map(bytes),
            network: format!("{received} in, {sent} out"),
            disk: format!("{read} read, {written} written"),
            processes: stats.processes,
        }
    }
}
