//! What stands above every page of a server: its name and state, where it is, and the tabs.

use portolan_types::{Server, ServerId};

use super::facts::Place;
use crate::{
    Error,
    api::AppState,
    servers,
    web::{
        chrome::Chrome,
        tabs::{self, For, Link},
    },
};

/// A page of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Destinations,
    Proxy,
    Addresses,
    Drift,
    Events,
    Operations,
    Terminal,
    Settings,
    Danger,
}

const TABS: [tabs::Tab<Tab>; 10] = [
    tabs::Tab::new(Tab::Overview, "Overview", ""),
    tabs::Tab::new(Tab::Destinations, "Destinations", "/destinations"),
    tabs::Tab::new(Tab::Proxy, "Proxy", "/proxy"),
    tabs::Tab::new(Tab::Addresses, "Addresses", "/addresses"),
    tabs::Tab::new(Tab::Drift, "Drift", "/drift"),
    tabs::Tab::new(Tab::Events, "Events", "/events"),
    tabs::Tab::new(Tab::Operations, "Operations", "/operations"),
    tabs::Tab::for_admins(Tab::Terminal, "Terminal", "/terminal"),
    tabs::Tab::for_changes(Tab::Settings, "Settings", "/settings"),
    tabs::Tab::for_changes(Tab::Danger, "Danger", "/danger"),
];

/// The server of a page.
#[derive(Debug)]
pub(super) struct Head {
    pub server: Server,
    pub place: Place,
    pub may_manage: bool,
    is_admin: bool,
    tab: Tab,
}

impl Head {
    pub(super) async fn read(
        app: &AppState,
        chrome: &Chrome,
        id: &ServerId,
        tab: Tab,
    ) -> Result<Self, Error> {
        let server = servers::show(app, &chrome.actor, id).await?;
        let (place, may_manage) = (Place::of(&server.connection), chrome.may_manage(&server.id));
        Ok(Self { server, place, may_manage, is_admin: chrome.is_admin(), tab })
    }

    pub(super) fn tabs(&self) -> Vec<Link> {
        let base = format!("/servers/{}", self.server.id);
        let who = match (self.is_admin, self.may_manage) {
            (true, _) => For::Admins,
            (false, true) => For::Changes,
            (false, false) => For::All,
        };
        tabs::links(&TABS, &self.tab, &base, who)
    }
}
