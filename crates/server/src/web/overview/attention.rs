//! What needs somebody now: what failed, does not answer, drifted or is dark.

use portolan_types::{
    Destination, DestinationState, Drift, Proxy, ProxyState, Reachability, Route, RouteState,
    Server, ServerState, Timestamp,
};

use crate::picture::Fleet;

/// Rows that are shown; more than these nobody reads.
pub(super) const MOST: u16 = 30;

/// Something that is not as it should be.
pub(super) struct Matter {
    pub kind: &'static str,
    pub name: String,
    pub state: &'static str,
    pub path: String,
    pub why: Option<String>,
    /// Since when, or when it was last heard of.
    pub at: Option<Timestamp>,
}

/// The most pressing first, and how many more there are: of the drifts that stand, the newest are given.
pub(super) fn needed(fleet: &Fleet, newest: &[Drift], standing: usize) -> (Vec<Matter>, usize) {
    let mut matters: Vec<Matter> = fleet.servers.iter().filter_map(of_server).collect();
    matters.extend(fleet.proxies.iter().filter_map(of_proxy));
    matters.extend(fleet.destinations.iter().filter_map(of_destination));
    matters.extend(fleet.routes.iter().filter_map(of_route));
    let all = matters.len() + standing.max(newest.len());
    matters.extend(newest.iter().map(|drift| Matter {
        kind: "drift",
        name: drift.subject_name.clone(),
        state: drift.state.as_str(),
        path: format!("/drifts/{}", drift.id),
        why: Some(drift.message.clone()),
        at: Some(drift.found_at),
    }));
    matters.truncate(MOST.into());
    let more = all.saturating_sub(matters.len());
    (matters, more)
}

fn of_server(server: &Server) -> Option<Matter> {
    let away = server.reachability == Reachability::Unreachable;
    let state = match server.state {
        _ if away => server.reachability.as_str(),
        ServerState::Failed => server.state.as_str(),
        ServerState::New | ServerState::Ready => return None,
    };
    Some(Matter {
        kind: "server",
        name: server.name.to_string(),
        state,
        path: format!("/servers/{}", server.id),
        why: server.reason.clone(),
        at: server.last_contact_at,
    })
}

fn of_proxy(proxy: &Proxy) -> Option<Matter> {
    match proxy.state {
        ProxyState::Failed | ProxyState::Drifted => Some(Matter {
            kind: "proxy",
            name: proxy.server_name.to_string(),
            state: proxy.state.as_str(),
            path: format!("/servers/{}", proxy.server_id),
            why: proxy.reason.clone(),
            at: Some(proxy.updated_at),
        }),
        ProxyState::Pending | ProxyState::Running | ProxyState::Stopped | ProxyState::Removing => {
            None
        }
    }
}

fn of_destination(destination: &Destination) -> Option<Matter> {
    match destination.state {
        DestinationState::Failed | DestinationState::Drifted => Some(Matter {
            kind: "destination",
            name: destination.name.to_string(),
            state: destination.state.as_str(),
            path: format!("/destinations/{}", destination.id),
            why: destination.reason.clone(),
            at: Some(destination.updated_at),
        }),
        DestinationState::Pending
        | DestinationState::Ready
        | DestinationState::Changing
        | DestinationState::Deleting => None,
    }
}

fn of_route(route: &Route) -> Option<Matter> {
    match route.state {
        RouteState::Dark | RouteState::Refused => Some(Matter {
            kind: "route",
            name: format!("{}{}", route.host, route.path),
            state: route.state.as_str(),
            path: format!("/routes/{}", route.id),
            why: route.reason.clone(),
            // A route knows when a person changed it, not since when it is dark.
            at: None,
        }),
        RouteState::Pending | RouteState::Live => None,
    }
}
