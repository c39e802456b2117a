//! What each look says of an attachment, written down when it is news.

use portolan_types::{Attachment, Destination, ProxyAttachment, Subject, Timestamp};
use sqlx::AnyConnection;

use super::{super::Scene, Place};
use crate::{
    Error,
    db::{self, attachment::Seen},
    events::{self, Happened},
    host::ContainerDetail,
};

/// What a look says of one attachment.
#[derive(Debug)]
pub(super) struct State {
    pub wanted: bool,
    pub observed: bool,
    pub address: Option<String>,
    pub reason: Option<String>,
}

pub(super) fn state_of(
    destination: &Destination,
    place: Option<&Place<'_>>,
    container: &ContainerDetail,
    refused: Option<String>,
) -> State {
    let endpoint =
        place.and_then(|place| container.endpoint(&place.network.docker_id, &place.network.name));
    let wanted = destination.proxy == ProxyAttachment::Attach;
    let waits = || match place {
        None if wanted => Some(format!("the destination is {}", destination.state)),
        Some(_) if endpoint.is_some() && !container.is_running() => {
            Some("the proxy does not run".to_owned())
        }
        Some(_) | None => None,
    };
    State {
        wanted,
        observed: endpoint.is_some(),
        address: endpoint.and_then(|one| one.attachment.address.clone()),
        reason: refused.or_else(waits),
    }
}

/// Written only when it is news.
pub(super) async fn record(
    scene: &Scene<'_>,
    destination: &Destination,
    state: &State,
    before: Option<&Attachment>,
) -> Result<(), Error> {
    let same = before.is_some_and(|before| {
        before.wanted == state.wanted
            && before.observed == state.observed
            && before.address == state.address
            && before.reason == state.reason
    });
    if same {
        return Ok(());
    }
    let now = Timestamp::now();
    let mut tx = scene.app.db.begin().await?;
    store(&mut tx, scene, destination, state, now).await?;
    if let Some((kind, what)) = news(state, before) {
        events::record(&mut tx, happened(scene, destination, kind, what), now).await?;
    }
    Ok(tx.commit().await?)
}

async fn store(
    conn: &mut AnyConnection,
    scene: &Scene<'_>,
    destination: &Destination,
    state: &State,
    now: Timestamp,
) -> Result<(), Error> {
    let seen = Seen {
        wanted: state.wanted,
        observed: state.observed,
        address: state.address.as_deref(),
        reason: state.reason.as_deref(),
    };
    let (team, server) = (&scene.row.team_id, &scene.server.server.id);
    Ok(db::attachment::upsert(conn, team, server, &destination.id, &seen, now).await?)
}

/// A place that is not as it was, and why that stays so or not: its drift has told the rest.
pub(super) async fn meddled(
    scene: &Scene<'_>,
    destination: &Destination,
    before: &mut Attachment,
    found: State,
) -> Result<(), Error> {
    if before.observed == found.observed {
        return Ok(());
    }
    let mut conn = scene.app.db.acquire().await?;
    store(&mut conn, scene, destination, &found, Timestamp::now()).await?;
    before.observed = found.observed;
    before.address = found.address;
    before.reason = found.reason;
    Ok(())
}

/// Why an attachment is not observed that was, and why one is that was not.
pub(super) const LOST: &str = "the proxy was found off the network";
pub(super) const JOINED: &str = "the proxy was found on the network";

fn news(state: &State, before: Option<&Attachment>) -> Option<(&'static str, &'static str)> {
    let was_lost = |reason: &String| reason.starts_with(LOST);
    let lost = before.is_some_and(|before| before.reason.as_ref().is_some_and(was_lost));
    match (before.is_some_and(|before| before.observed), state.observed) {
        (false, true) if lost => Some(("attachment.restored", "is again on")),
        (false, true) => Some(("attachment.made", "is on")),
        (true, false) if state.wanted => Some(("attachment.lost", "is no longer on")),
        (true, false) => Some(("attachment.removed", "was taken off")),
        (true, true) | (false, false) => None,
    }
}

fn happened<'a>(
    scene: &'a Scene<'_>,
    destination: &'a Destination,
    kind: &'static str,
    what: &str,
) -> Happened<'a> {
    Happened {
        team: &scene.row.team_id,
        kind,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        message: format!(
            "the proxy of server `{}` {what} the network of destination `{}`",
            scene.server_name(),
            destination.name
        ),
    }
}
