//! What can be changed of a destination, and how it goes.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    DestinationId, DestinationKind, NetworkOptions, Origin, PlannedSubnets, Preview, Reachability,
};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    destinations::{preview, remove::Members},
    web::{
        chrome::Chrome,
        extract::Path,
        shown::{self, Shown},
    },
};

/// What the fields of the options begin with.
#[derive(Debug)]
struct Form {
    options: NetworkOptions,
    planned: PlannedSubnets,
    swarm: bool,
}

impl Form {
    const fn may_encrypt(&self) -> bool {
        self.swarm
    }
}

#[derive(Template)]
#[template(path = "destinations/settings.html")]
struct Settings {
    chrome: Chrome,
    head: Head,
    form: Form,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Settings).await?;
    let form = Form {
        options: head.destination.options.clone(),
        planned: head.destination.planned.clone(),
        swarm: head.destination.kind == DestinationKind::Swarm,
    };
    Ok(shown::page(&Settings { chrome, head, form }))
}

#[derive(Template)]
#[template(path = "destinations/danger.html")]
struct Danger {
    chrome: Chrome,
    head: Head,
    /// What removing it would do, with its members left alone.
    preview: Preview,
    /// The same with them disconnected first; asked only where that could help.
    detached: Option<Preview>,
}

pub(super) async fn danger(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Danger).await?;
    let actor = &chrome.actor;
    let preview = preview::delete(&app, actor, &id, Members::InTheWay).await?;
    let in_the_way = preview.refusals.iter().any(|refusal| !refusal.blockers.is_empty());
    let detached = if in_the_way && head.destination.origin == Origin::Created {
        Some(preview::delete(&app, actor, &id, Members::Detached).await?)
    } else {
        None
    };
    Ok(shown::page(&Danger { chrome, head, preview, detached }))
}

impl Danger {
    /// Only a host that does not answer can be left alone with its network.
    fn can_be_forgotten(&self) -> bool {
        self.head.server.reachability == Reachability::Unreachable
    }
}
