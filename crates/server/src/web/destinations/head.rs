//! What stands above every page of a destination: its name and state, its server and how old what is
//! known of it is, and the tabs.

use portolan_types::{Destination, DestinationId, DestinationState, Origin, Reachability, Server};

use crate::{Error, api::AppState, destinations, servers, web::chrome::Chrome};

/// A page of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Containers,
    Proxy,
    Verify,
    Drift,
    Events,
    Settings,
    Danger,
}

/// Who sees a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everyone,
    Operators,
}

const TABS: [(Tab, &str, &str, For); 8] = [
    (Tab::Overview, "Overview", "", For::Everyone),
    (Tab::Containers, "Containers", "/containers", For::Everyone),
    (Tab::Proxy, "Proxy", "/proxy", For::Everyone),
    (Tab::Verify, "Proof", "/verify", For::Everyone),
    (Tab::Drift, "Drift", "/drift", For::Everyone),
    (Tab::Events, "Events", "/events", For::Everyone),
    (Tab::Settings, "Settings", "/settings", For::Operators),
    (Tab::Danger, "Remove", "/danger", For::Operators),
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

/// A link of the tabs.
#[derive(Debug)]
pub(super) struct Link {
    pub name: &'static str,
    pub path: String,
    pub here: bool,
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
        let shown = TABS.iter().filter(|tab| tab.3 == For::Everyone || self.may_operate);
        let link = |(tab, name, path, _): &(Tab, &'static str, &str, For)| Link {
            name,
            path: format!("/destinations/{}{path}", self.destination.id),
            here: *tab == self.tab,
        };
        shown.map(link).collect()
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
