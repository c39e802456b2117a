//! What stands above every page of a destination: its name and state, its server and how old what is
//! known of it is, and the tabs.

use portolan_types::{Destination, DestinationId, DestinationState, Origin, Reachability, Server};

use crate::{
    Error,
    api::AppState,
    destinations, servers,
    web::{
        chrome::Chrome,
        tabs::{self, For, Link},
    },
};

/// A page of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Containers,
    Applications,
    Proxy,
    Verify,
    Drift,
    Events,
    Settings,
    Danger,
}

const TABS: [tabs::Tab<Tab>; 9] = [
    tabs::Tab::new(Tab::Overview, "Overview", ""),
    tabs::Tab::new(Tab::Containers, "Containers", "/containers"),
    tabs::Tab::new(Tab::Applications, "Applications", "/applications"),
    tabs::Tab::new(Tab::Proxy, "Proxy", "/proxy"),
    tabs::Tab::new(Tab::Verify, "Proof", "/verify"),
    tabs::Tab::new(Tab::Drift, "Drift", "/drift"),
    tabs::Tab::new(Tab::Events, "Events", "/events"),
    tabs::Tab::for_changes(Tab::Settings, "Settings", "/settings"),
    tabs::Tab::for_changes(Tab::Danger, "Remove", "/danger"),
];

/// The destination of a page with its server.
#[derive(Debug)]
pub(super) struct Head {
    pub destination: Destination,
    pub server: Server,
    pub may_use: bool,
    pub may_operate: bool,
    tab: Tab,
}

impl Head {
    pub(super) async fn read(
        app: &AppState,
        chrome: &Chrome,
        id: &DestinationId,
        tab: Tab,
    ) -> Result<Self, Error> {
        let destination = destinations::show(app, &chrome.actor, id).await?;
        let server = servers::show(app, &chrome.actor, &destination.server_id).await?;
        Ok(Self {
            may_use: chrome.may_use(&server.id),
            may_operate: chrome.may_operate(&server.id),
            destination,
            server,
            tab,
        })
    }

    pub(super) fn tabs(&self) -> Vec<Link> {
        let base = format!("/destinations/{}", self.destination.id);
        let who = if self.may_operate { For::Changes } else { For::All };
        tabs::links(&TABS, &self.tab, &base, who)
    }

    /// What is shown is what was last seen.
    pub(super) fn is_stale(&self) -> bool {
        self.server.reachability != Reachability::Reachable
    }

    pub(super) fn is_failed(&self) -> bool {
        self.destination.state == DestinationState::Failed
    }

    pub(super) fn is_adopted(&self) -> bool {
        self.destination.origin == Origin::Adopted
    }
}
