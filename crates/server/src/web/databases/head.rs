//! What stands above every page of a database: its name and state, where it is, and the tabs.

use portolan_types::{ApplicationState, Database, DatabaseId};

use crate::{
    Error,
    api::AppState,
    databases,
    web::{
        acts::Near,
        chrome::Chrome,
        tabs::{self, For, Link},
    },
};

/// A page of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Backups,
    Settings,
    Move,
    Clone,
    Danger,
}

const TABS: [tabs::Tab<Tab>; 6] = [
    tabs::Tab::new(Tab::Overview, "Overview", ""),
    tabs::Tab::new(Tab::Backups, "Backups", "/backups"),
    tabs::Tab::for_changes(Tab::Settings, "Settings", "/settings"),
    tabs::Tab::for_changes(Tab::Move, "Move", "/move"),
    tabs::Tab::for_changes(Tab::Clone, "Clone", "/clone"),
    tabs::Tab::for_changes(Tab::Danger, "Remove", "/danger"),
];

/// The database of a page.
#[derive(Debug)]
pub(super) struct Head {
    pub database: Database,
    /// What it is made of.
    pub may_manage: bool,
    /// What runs of it.
    pub may_operate: bool,
    /// What it says.
    pub may_use: bool,
    tab: Tab,
}

impl Head {
    pub(super) async fn read(
        app: &AppState,
        chrome: &Chrome,
        id: &DatabaseId,
        tab: Tab,
    ) -> Result<Self, Error> {
        let database = databases::show(app, &chrome.actor, id).await?;
        Ok(Self {
            may_manage: chrome.may_manage_project(&database.project_id),
            may_operate: chrome.may_operate_project(&database.project_id),
            may_use: chrome.may_use_project(&database.project_id),
            database,
            tab,
        })
    }

    pub(super) fn tabs(&self) -> Vec<Link> {
        let base = format!("/databases/{}", self.database.id);
        let who = if self.may_manage { For::Changes } else { For::All };
        tabs::links(&TABS, &self.tab, &base, who)
    }

    /// What texts about it are about.
    pub(super) fn near(&self) -> Near {
        Near::database(&self.database)
    }

    pub(super) fn is_removing(&self) -> bool {
        self.database.state == ApplicationState::Removing
    }

    /// It ended, or somebody stopped it, and what was deployed is still there.
    pub(super) fn can_start(&self) -> bool {
        matches!(
            self.database.state,
            ApplicationState::Stopped | ApplicationState::Down | ApplicationState::Missing
        )
    }
}
