//! `/chart`: the fleet as one picture, now or as it was, which its script draws; and the same as a
//! table.

mod past;

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Chart, ChartLink, ChartLinkKind, ChartNode, ChartNodeKind};

use self::past::{Asked, Past};
use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, picture};

/// Connections of one row that are written out; the rest are counted.
const NAMED: usize = 12;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/chart", &["show_chart", "ask_reach", "list_events"], get(show))
}

/// A node as a row of the table.
struct Row<'a> {
    node: &'a ChartNode,
    page: Option<String>,
    /// The server that it is on.
    on: Option<&'a str>,
    connections: Vec<Connection<'a>>,
    more: usize,
}

/// A link as somebody at one of its ends sees it.
struct Connection<'a> {
    link: &'a ChartLink,
    other: &'a str,
    words: &'static str,
}

#[derive(Template)]
#[template(path = "chart/show.html")]
struct Show {
    chrome: Chrome,
    chart: Chart,
    past: Past,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Query(asked): Query<Asked>) -> Shown {
    let chart = match asked.moment()? {
        Some(moment) => picture::show_at(&app, &chrome.actor, moment).await?,
        None => picture::show(&app, &chrome.actor).await?,
    };
    let past = Past::of(&app, &chrome.actor, &chart).await?;
    Ok(shown::page(&Show { chrome, chart, past }))
}

impl Show {
    /// Everything in the picture, servers first, then what is on them.
    fn rows(&self) -> Vec<Row<'_>> {
        let nodes: HashMap<&str, &ChartNode> =
            self.chart.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut links: HashMap<&str, Vec<Connection<'_>>> = HashMap::new();
        for link in &self.chart.links {
            let name = |id: &str| nodes.get(id).map_or("", |node| node.name.as_str());
            let there = Connection { link, other: name(&link.to), words: towards(link.kind) };
            let back = Connection { link, other: name(&link.from), words: backwards(link.kind) };
            links.entry(&link.from).or_default().push(there);
            links.entry(&link.to).or_default().push(back);
        }
        let row = |node| {
            let mut connections = links.remove(node_id(node)).unwrap_or_default();
            let more = connections.len().saturating_sub(NAMED);
            connections.truncate(NAMED);
            let parent = node.parent.as_deref().and_then(|id| nodes.get(id));
            let on = parent.map(|server| server.name.as_str());
            Row { node, page: page(node), on, connections, more }
        };
        self.chart.nodes.iter().map(row).collect()
    }

    /// Names by which the ends of a question can be given.
    fn ends(&self) -> Vec<String> {
        ends(&self.chart)
    }
}

fn node_id(node: &ChartNode) -> &str {
    &node.id
}

/// As many as a browser offers without slowing down.
const OFFERED: usize = 500;

/// `SERVER:CONTAINER`, and destinations by their names.
pub(super) fn ends(chart: &Chart) -> Vec<String> {
    let servers: HashMap<&str, &str> =
        chart.nodes.iter().map(|node| (node.id.as_str(), node.name.as_str())).collect();
    let end = |node: &ChartNode| match node.kind {
        ChartNodeKind::Destination => Some(node.name.clone()),
        ChartNodeKind::Container | ChartNodeKind::Application | ChartNodeKind::Database
            if !node.missing =>
        {
            let server = node.parent.as_deref().and_then(|id| servers.get(id))?;
            Some(format!("{server}:{}", container(node)?))
        }
        _ => None,
    };
    chart.nodes.iter().filter_map(end).take(OFFERED).collect()
}

/// The container that it is, or that serves.
fn container(node: &ChartNode) -> Option<&str> {
    match node.kind {
        ChartNodeKind::Container => Some(&node.name),
        _ => node.container.as_deref(),
    }
}

/// Where more of it is shown.
fn page(node: &ChartNode) -> Option<String> {
    match node.kind {
        ChartNodeKind::Destination => {
            node.destination_id.as_ref().map(|id| format!("/destinations/{id}"))
        }
        ChartNodeKind::Server | ChartNodeKind::Proxy => {
            node.server_id.as_ref().map(|id| format!("/servers/{id}"))
        }
        ChartNodeKind::Application => {
            node.application_id.as_ref().map(|id| format!("/applications/{id}"))
        }
        ChartNodeKind::Database => {
            node.application_id.as_ref().map(|id| format!("/databases/{id}"))
        }
        ChartNodeKind::Internet | ChartNodeKind::Container | ChartNodeKind::Service => None,
    }
}

const fn towards(kind: ChartLinkKind) -> &'static str {
    match kind {
        ChartLinkKind::Route => "leads requests to",
        ChartLinkKind::Attachment => "is on",
        ChartLinkKind::Member => "has",
        ChartLinkKind::Spans => "spans",
        ChartLinkKind::Link => "reaches",
    }
}

const fn backwards(kind: ChartLinkKind) -> &'static str {
    match kind {
        ChartLinkKind::Route => "gets requests from",
        ChartLinkKind::Attachment => "is served by",
        ChartLinkKind::Member => "is on",
        ChartLinkKind::Spans => "is spanned by",
        ChartLinkKind::Link => "is reached by",
    }
}
