//! Taking over: an adopted network becomes Portolan's own, to be repaired, changed and removed.

use portolan_types::{Destination, DestinationId, DestinationState, Origin, Timestamp};
use serde_json::json;

use super::{changed_meanwhile, event, find, show};
use crate::{Actor, App, Error, db, events};

/// Makes an adopted destination as one that was created. Nothing is done in Docker: the network is
/// known by its Docker id from now on, as others are by their label.
pub async fn take_over(app: &App, actor: &Actor, id: &DestinationId) -> Result<Destination, Error> {
    let mut tx = app.db.begin().await?;
    let before = find(&mut tx, actor, id).await?;
    if before.origin != Origin::Adopted {
        return Err(not_adopted(&before));
    }
    if before.state != DestinationState::Ready {
        return Err(not_ready(&before));
    }
    if !db::destination::take_over(&mut tx, actor.team_id(), id, Timestamp::now()).await? {
        return Err(changed_meanwhile(&before));
    }
    let entry = event(actor, "destination.taken-over", &before, "taken over");
    let (old, new) = (json!({ "origin": before.origin }), json!({ "origin": Origin::Created }));
    events::record(&mut tx, entry.change(&old, &new), Timestamp::now()).await?;
    tx.commit().await?;
    show(app, actor, id).await
}

fn not_adopted(destination: &Destination) -> Error {
    Error::refused(
        "not-adopted",
        format!("destination `{}` was created by Portolan: it is its own", destination.name),
        "nothing has to be done",
    )
}

fn not_ready(destination: &Destination) -> Error {
    Error::refused(
        "destination-not-ready",
        format!(
            "destination `{}` is {}: only a network that is known to be there is taken over",
            destination.name, destination.state
        ),
        "retry it first (`retry_destination`)",
    )
}
