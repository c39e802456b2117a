//! What stands above every page of an application: its name and state, where it is, and the tabs.

use portolan_types::{Application, ApplicationId, ApplicationState};

use crate::{
    Error,
    api::AppState,
    applications,
    web::{
        acts::Near,
        chrome::Chrome,
        tabs::{self, For, Link},
    },
};

/// A page of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Deployments,
    Logs,
    Usage,
    Command,
    Terminal,
    Jobs,
    Variables,
    Links,
    Places,
    Events,
    Settings,
    Clone,
    Move,
    Danger,
}

const TABS: [tabs::Tab<Tab>; 15] = [
    tabs::Tab::new(Tab::Overview, "Overview", ""),
    tabs::Tab::new(Tab::Deployments, "Deployments", "/deployments"),
    tabs::Tab::kept_for(For::Use, Tab::Logs, "Logs", "/logs"),
    tabs::Tab::new(Tab::Usage, "Usage", "/stats"),
    tabs::Tab::kept_for(For::Work, Tab::Command, "Command", "/command"),
    tabs::Tab::kept_for(For::Work, Tab::Terminal, "Terminal", "/terminal"),
    tabs::Tab::new(Tab::Jobs, "Jobs", "/jobs"),
    tabs::Tab::new(Tab::Variables, "Variables", "/variables"),
    tabs::Tab::new(Tab::Links, "Links", "/links"),
    tabs::Tab::new(Tab::Places, "Places", "/places"),
    tabs::Tab::new(Tab::Events, "Events", "/events"),
    tabs::Tab::for_changes(Tab::Settings, "Settings", "/settings"),
    tabs::Tab::for_changes(Tab::Clone, "Clone", "/clone"),
    tabs::Tab::for_changes(Tab::Move, "Move", "/move"),
    tabs::Tab::for_changes(Tab::Danger, "Remove", "/danger"),
];

/// The application of a page.
#[derive(Debug)]
pub(super) struct Head {
    pub application: Application,
    /// What it is made of.
    pub may_manage: bool,
    /// What runs of it.
    pub may_operate: bool,
    /// What it says.
    may_use: bool,
    tab: Tab,
}

impl Head {
    pub(super) async fn read(
        app: &AppState,
        chrome: &Chrome,
        id: &ApplicationId,
        tab: Tab,
    ) -> Result<Self, Error> {
        let application = applications::show(app, &chrome.actor, id).await?;
        // What runs a database is changed on the pages of that.
        let is_own = application.database_id.is_none();
        Ok(Self {
            // A further place is changed with its original.
            may_manage: is_own
                && application.place_of.is_none()
                && chrome.may_manage_project(&application.project_id),
            may_operate: is_own && chrome.may_operate_project(&application.project_id),
            may_use: chrome.may_use_project(&application.project_id),
            application,
            tab,
        })
    }

    pub(super) fn tabs(&self) -> Vec<Link> {
        let base = format!("/applications/{}", self.application.id);
        // What a service of a stack is made of is changed by the stack.
        let may_change = self.may_manage && self.application.stack_id.is_none();
        let who = match (may_change, self.may_operate, self.may_use) {
            (true, _, _) => For::Changes,
            (false, true, _) => For::Work,
            (false, false, true) => For::Use,
            (false, false, false) => For::All,
        };
        tabs::links(&TABS, &self.tab, &base, who)
    }

    /// A further place follows its original back.
    pub(super) fn may_roll_back(&self) -> bool {
        self.may_operate && self.application.place_of.is_none()
    }

    /// What texts about it are about.
    pub(super) fn near(&self) -> Near {
        Near::application(&self.application)
    }

    pub(super) fn is_new(&self) -> bool {
        self.application.state == ApplicationState::New
    }

    pub(super) fn is_removing(&self) -> bool {
        self.application.state == ApplicationState::Removing
    }

    /// It ended, or somebody stopped it, and what was deployed is still there.
    pub(super) fn can_start(&self) -> bool {
        matches!(self.application.state, ApplicationState::Stopped | ApplicationState::Down)
    }
}
