//! What surrounds every page of somebody who is signed in: who they are, where they are, and what
//! they may be offered.

use axum::{extract::FromRequestParts, http::request::Parts};
use portolan_types::{Right, Role, ServerId};

use super::{shown::Failed, words};
use crate::{Actor, Error, api::AppState, events, policy};

/// The caller of a page, after the guard let them in.
#[derive(Debug, Clone)]
pub(super) struct Chrome {
    pub actor: Actor,
    /// The number of the latest event before the page was read: what comes after it is live.
    pub after: u64,
    path: String,
}

impl FromRequestParts<AppState> for Chrome {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failed> {
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.ok_or(Error::Unauthenticated("this page needs somebody signed in"))?;
        let after = events::latest(app, &actor).await?;
        Ok(Self { actor, after, path: parts.uri.path().to_owned() })
    }
}

impl Chrome {
    /// Whether a link leads to where the page is.
    pub(super) fn is_here(&self, path: &str) -> bool {
        match self.path.strip_prefix(path) {
            Some(rest) => {
                path == "/" && rest.is_empty()
                    || path != "/" && !rest.starts_with(|c: char| c.is_alphanumeric())
            }
            None => false,
        }
    }

    /// The links of the side bar.
    #[expect(clippy::unused_self, reason = "templates reach it by the page's chrome")]
    pub(super) fn rooms(&self) -> &'static [words::Group] {
        words::ROOMS
    }

    /// Whether the caller may connect containers on a server, and lead routes to them.
    pub(super) fn may_use(&self, server: &ServerId) -> bool {
        self.actor.require_on(Right::Use, server).is_ok()
    }

    /// Whether the caller may make, change and remove destinations on a server.
    pub(super) fn may_operate(&self, server: &ServerId) -> bool {
        self.actor.require_on(Right::Operate, server).is_ok()
    }

    /// The same, on whichever server.
    pub(super) fn may_operate_somewhere(&self) -> bool {
        self.actor.require_anywhere(Right::Operate).is_ok()
    }

    pub(super) fn is_owner(&self) -> bool {
        policy::includes(self.actor.role, Role::Owner)
    }

    pub(super) fn is_admin(&self) -> bool {
        policy::includes(self.actor.role, Role::Admin)
    }

    /// Whether they may change a server itself, and its proxy.
    pub(super) fn may_manage(&self, server: &ServerId) -> bool {
        self.actor.require_on(Right::Manage, server).is_ok()
    }

    /// Whether there is a server on which they may lead routes.
    pub(super) fn may_use_somewhere(&self) -> bool {
        self.actor.require_anywhere(Right::Use).is_ok()
    }
}
