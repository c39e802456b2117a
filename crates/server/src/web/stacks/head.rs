//! What stands above every page of a stack: its name, where it is, and the tabs.

use portolan_types::{Stack, StackId, StackState};

use crate::{
    Error,
    api::AppState,
    stacks,
    web::{
        chrome::Chrome,
        tabs::{self, For, Link},
    },
};

/// A page of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    File,
    Danger,
}

const TABS: [tabs::Tab<Tab>; 3] = [
    tabs::Tab::new(Tab::Overview, "Overview", ""),
    tabs::Tab::for_changes(Tab::File, "Compose file", "/file"),
    tabs::Tab::for_changes(Tab::Danger, "Remove", "/danger"),
];

/// The stack of a page.
#[derive(Debug)]
pub(super) struct Head {
    pub stack: Stack,
    pub may_manage: bool,
    tab: Tab,
}

impl Head {
    pub(super) async fn read(
        app: &AppState,
        chrome: &Chrome,
        id: &StackId,
        tab: Tab,
    ) -> Result<Self, Error> {
        let stack = stacks::show(app, &chrome.actor, id).await?;
        Ok(Self { may_manage: chrome.may_manage_project(&stack.project_id), stack, tab })
    }

    pub(super) fn tabs(&self) -> Vec<Link> {
        let base = format!("/stacks/{}", self.stack.id);
        let who = if self.may_manage { For::Changes } else { For::All };
        tabs::links(&TABS, &self.tab, &base, who)
    }

    pub(super) fn is_removing(&self) -> bool {
        self.stack.state == StackState::Removing
    }
}
