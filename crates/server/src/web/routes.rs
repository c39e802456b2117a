//! `/routes`: the ways from outside to containers.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Destination, DestinationContainers, DestinationId, Https, MemberKind, Page, PageQuery, Proxy,
    Route, RouteId, RouteOptions, Www, route::Header,
};
use serde::Deserialize;

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    pages::Pages,
    servers::proxy,
    shown::{self, Shown},
};
use crate::{
    Actor, Error,
    api::AppState,
    db::destination::Filter,
    destinations::{self, containers},
    routes,
};

/// Rows for headers beside those that there are.
const MORE_HEADERS: usize = 3;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/routes", &["list_routes"], get(list))
        .page("/routes/new", &["create_route", "list_destinations", "list_containers"], get(new))
        .page("/routes/{id}", &["show_route", "list_containers", "show_proxy"], get(show))
}

#[derive(Template)]
#[template(path = "routes/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Route>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = routes::list(&app, &chrome.actor, None, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&List { chrome, page, search }))
}

/// What leads to the page of a new route.
#[derive(Debug, Deserialize)]
struct Wanted {
    destination_id: Option<DestinationId>,
}

#[derive(Template)]
#[template(path = "routes/new.html")]
struct New {
    chrome: Chrome,
    destinations: Vec<Destination>,
    chosen: Option<DestinationId>,
    members: Vec<String>,
    options: OptionFields,
}

impl New {
    fn is_chosen(&self, id: &DestinationId) -> bool {
        self.chosen.as_ref() == Some(id)
    }
}

async fn new(State(app): State<AppState>, chrome: Chrome, Query(wanted): Query<Wanted>) -> Shown {
    let query = PageQuery::largest();
    let mut all = destinations::list(&app, &chrome.actor, &Filter::default(), &query).await?.items;
    all.retain(|one| chrome.may_use(&one.server_id));
    let chosen = wanted.destination_id.or_else(|| match all.as_slice() {
        [only] => Some(only.id.clone()),
        _ => None,
    });
    if let Some(id) = chosen.as_ref().filter(|id| all.iter().all(|one| one.id != **id)) {
        all.push(destinations::show(&app, &chrome.actor, id).await?);
    }
    let members = members(&app, &chrome.actor, chosen.as_ref()).await?;
    let options = OptionFields::from(&RouteOptions::default());
    Ok(shown::page(&New { chrome, destinations: all, chosen, members, options }))
}

/// Who could be led to.
async fn members(
    app: &AppState,
    actor: &Actor,
    destination: Option<&DestinationId>,
) -> Result<Vec<String>, Error> {
    let Some(id) = destination else { return Ok(Vec::new()) };
    let DestinationContainers { items, .. } = containers::list(app, actor, id).await?;
    let targets = items.into_iter().filter(|member| member.kind != MemberKind::Proxy);
    Ok(targets.map(|member| member.name).collect())
}

/// The fields of the options, flat.
struct OptionFields {
    https: Https,
    www: Www,
    strip_path: bool,
    body_limit: String,
    headers: Vec<HeaderRow>,
}

/// A header, or room for one.
struct HeaderRow {
    number: usize,
    header: Option<Header>,
}

impl From<&RouteOptions> for OptionFields {
    fn from(options: &RouteOptions) -> Self {
        let headers: Vec<Header> = options.headers.clone().into();
        let headers = headers.into_iter().map(Some);
        let headers = headers.chain(std::iter::repeat_n(None, MORE_HEADERS)).enumerate();
        let limit = options.body_limit_bytes;
        Self {
            https: options.https,
            www: options.www,
            strip_path: options.strip_path,
            body_limit: limit.map_or_else(String::new, |limit| limit.bytes().to_string()),
            headers: headers.map(|(number, header)| HeaderRow { number, header }).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "routes/show.html")]
struct Show {
    chrome: Chrome,
    route: Route,
    address: String,
    /// None while the server has no proxy.
    link: Option<String>,
    members: Vec<String>,
    options: OptionFields,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<RouteId>) -> Shown {
    let route = routes::show(&app, &chrome.actor, &id).await?;
    let members = members(&app, &chrome.actor, Some(&route.destination_id)).await?;
    let proxy = proxy::find(&app, &chrome.actor, &route.server_id).await?;
    let (address, link) = (route.address(), proxy.map(|proxy| link(&route, &proxy)));
    let options = OptionFields::from(&route.options);
    Ok(shown::page(&Show { chrome, route, address, link, members, options }))
}

/// Where a browser finds what the route leads to: with the port, where it is not the usual one.
fn link(route: &Route, proxy: &Proxy) -> String {
    let (scheme, port, usual) = match route.options.https {
        Https::Off => ("http", proxy.http_port, 80),
        Https::Redirect | Https::Both => ("https", proxy.https_port, 443),
    };
    let port = if port.get() == usual { String::new() } else { format!(":{port}") };
    format!("{scheme}://{}{port}{}", route.host, route.path)
}
