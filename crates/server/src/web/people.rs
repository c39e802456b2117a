//! `/people`: who is in the team, with which role and rights, and who is invited.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    GrantedOn, Invite, Member, Name, Page, PageQuery, Project, Right, Role, Sees, Server, UserId,
};

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    pages::Pages,
    shown::{self, Failed, Shown},
    words,
};
use crate::{Actor, api::AppState, invites, members, projects, servers};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/people", &["list_members"], get(list))
        .page("/people/invites", &["list_invites", "list_servers", "list_projects"], get(invited))
        .page("/people/{id}", &["show_member", "list_servers", "list_projects"], get(show))
}

#[derive(Template)]
#[template(path = "people/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Member>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = members::list(&app, &chrome.actor, &query).await?;
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query) }))
}

/// A server or project, and what somebody was granted on it.
struct Place {
    on: GrantedOn,
    name: Name,
    right: Option<Right>,
}

impl Place {
    /// As an option's value: what the API takes in an invitation.
    fn grant(&self, right: Right) -> String {
        serde_json::json!({ "on": self.on, "right": right }).to_string()
    }
}

#[derive(Template)]
#[template(path = "people/show.html")]
struct Show {
    chrome: Chrome,
    member: Member,
    places: Vec<Place>,
    /// There are more than one page holds.
    cut: bool,
}

impl Show {
    /// Only owners change an owner, and nobody changes themselves here.
    fn may_change(&self) -> bool {
        self.chrome.is_admin()
            && !self.is_self()
            && (self.member.role != Role::Owner || self.chrome.is_owner())
    }

    fn is_self(&self) -> bool {
        self.member.user_id == self.chrome.actor.user.id
    }
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<UserId>) -> Shown {
    let member = members::show(&app, &chrome.actor, &id).await?;
    let (mut places, cut) = places(&app, &chrome.actor).await?;
    for place in &mut places {
        let granted = member.grants.iter().find(|grant| grant.on == place.on);
        place.right = granted.map(|grant| grant.right);
    }
    Ok(shown::page(&Show { chrome, member, places, cut }))
}

/// Servers, then projects, on which rights can be granted; and whether there are more.
async fn places(app: &AppState, actor: &Actor) -> Result<(Vec<Place>, bool), Failed> {
    let all = PageQuery::largest();
    let servers = servers::list(app, actor, &all).await?;
    let projects = projects::list(app, actor, &all).await?;
    let cut = servers.next.is_some() || projects.next.is_some();
    let on_server =
        |Server { id, name, .. }| Place { on: GrantedOn::Server(id), name, right: None };
    let on_project =
        |Project { id, name, .. }| Place { on: GrantedOn::Project(id), name, right: None };
    let places = servers.items.into_iter().map(on_server);
    Ok((places.chain(projects.items.into_iter().map(on_project)).collect(), cut))
}

#[derive(Template)]
#[template(path = "people/invites.html")]
struct Invited {
    chrome: Chrome,
    page: Page<Invite>,
    search: String,
    places: Vec<Place>,
    has_mail: bool,
}

async fn invited(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = invites::list(&app, &chrome.actor, &query).await?;
    let (places, _) = places(&app, &chrome.actor).await?;
    let (search, has_mail) = (shown::searched(&query), app.post.has_mail());
    Ok(shown::page(&Invited { chrome, page, search, places, has_mail }))
}
