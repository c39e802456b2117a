//! What surrounds every page of somebody who is signed in: who they are, where they are, and what
//! they may be offered.

use axum::{extract::FromRequestParts, http::request::Parts};
use portolan_types::{ProjectId, Right, Role, ServerId};

use super::{shown::Failed, words};
use crate::{Actor, Error, api::AppState, events, policy};

/// A heading of the side bar, with the pages below it that somebody may open.
pub(super) struct Rooms {
    pub heading: &'static str,
    pub rooms: Vec<&'static words::Room>,
}

/// The caller of a page, after the guard let them in.
#[derive(Debug, Clone)]
pub(super) struct Chrome {
    pub actor: Actor,
    /// The number of the latest event before the page was read: what comes after it is live.
    pub after: u64,
    path: String,
    query: String,
}

impl FromRequestParts<AppState> for Chrome {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failed> {
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.ok_or(Error::Unauthenticated("this page needs somebody signed in"))?;
        let after = events::latest(app, &actor).await?;
        let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default());
        Ok(Self { actor, after, path, query: query.to_owned() })
    }
}

/// Pages that are reached by way of another room's.
const WITHIN: [(&str, &str); 2] = [("/environments", "/projects"), ("/jobs", "/applications")];

impl Chrome {
    /// Whether a link leads to where the page is.
    pub(super) fn is_here(&self, path: &str) -> bool {
        marks(&self.path, path)
    }

    /// The links of the side bar: those that lead somewhere for whoever looks.
    pub(super) fn rooms(&self) -> Vec<Rooms> {
        let open = |room: &&words::Room| policy::includes(self.actor.role, room.role);
        let groups = words::ROOMS.iter().map(|group| Rooms {
            heading: group.heading,
            rooms: group.rooms.iter().filter(open).collect(),
        });
        groups.filter(|group| !group.rooms.is_empty()).collect()
    }

    /// The query that makes the page what it is, for a link to its next part: all but the place.
    pub(super) fn kept(&self) -> String {
        kept(&self.query)
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

    /// Whether they may read what programs in a project say.
    pub(super) fn may_use_project(&self, project: &ProjectId) -> bool {
        self.actor.require_on(Right::Use, project).is_ok()
    }

    /// Whether they may deploy and stop what is in a project.
    pub(super) fn may_operate_project(&self, project: &ProjectId) -> bool {
        self.actor.require_on(Right::Operate, project).is_ok()
    }

    /// Whether there is a server or project of which they may change what is in it.
    pub(super) fn may_manage_somewhere(&self) -> bool {
        self.actor.require_anywhere(Right::Manage).is_ok()
    }

    pub(super) fn may_manage_project(&self, project: &ProjectId) -> bool {
        self.actor.require_on(Right::Manage, project).is_ok()
    }
}

/// Whether the link to a room is marked on a page.
fn marks(page: &str, room: &str) -> bool {
    let within = WITHIN.iter().filter(|(_, of)| *of == room).map(|(within, _)| *within);
    within.chain([room]).any(|path| is_below(page, path))
}

/// Whether a page is the one at `path`, or belongs to it. Nothing belongs to the first page.
fn is_below(page: &str, path: &str) -> bool {
    match page.strip_prefix(path) {
        Some(rest) if path == "/" => rest.is_empty(),
        Some(rest) => !rest.starts_with(|c: char| c.is_alphanumeric()),
        None => false,
    }
}

/// It ends where the next part begins.
fn kept(query: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let kept = pairs.filter(|(name, value)| name != "cursor" && !value.is_empty());
    let kept = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    if kept.is_empty() { kept } else { format!("{kept}&") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_narrowed_in_the_same_way() {
        let cursor = "1767225600000-tz4a98xxat96iws9zmbrgj3a";
        let query = format!("kind=swarm&state=&search=a%26b&cursor={cursor}");
        assert_eq!(kept(&query), "kind=swarm&search=a%26b&");
        assert_eq!(kept(""), "");
    }

    #[test]
    fn a_page_is_in_one_room() {
        let rooms = |page: &str| {
            let all = words::ROOMS.iter().flat_map(|group| group.rooms);
            let marked = all.filter(|room| marks(page, room.path)).map(|room| room.path);
            marked.collect::<Vec<_>>()
        };
        assert_eq!(rooms("/"), ["/"]);
        assert_eq!(rooms("/servers/x/scan"), ["/servers"]);
        assert_eq!(rooms("/jobs/x"), ["/applications"]);
        assert_eq!(rooms("/environments/x"), ["/projects"]);
    }
}
