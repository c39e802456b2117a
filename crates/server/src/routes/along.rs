//! Routes that come along to a further place of an application: the proxy there answers for the same
//! addresses. From then on they are routes like others.

use portolan_types::{Application, Destination, Right, RouteId, RouteState, Timestamp};

use super::{check_open, claim, note};
use crate::{
    Actor, Error, applications,
    db::{self, Transaction, route::Assigned},
};

/// Leads to a place what leads to its original.
pub(crate) async fn copy(
    tx: &mut Transaction,
    actor: &Actor,
    original: &Application,
    (place, to): (&Application, &Destination),
) -> Result<(), Error> {
    // What they are is for those who may lead some there.
    actor.require_on(Right::Use, &original.server_id)?;
    let team = actor.team_id();
    for row in db::route::list_led(tx, &original.id).await? {
        check_open(to)?;
        let row = there(row, place, to);
        claim::check(tx, team, to, &row.route).await?;
        claim::insert(tx, team, to, &row).await?;
        note(tx, actor, None, Some(&row.route)).await?;
    }
    Ok(())
}

fn there(mut row: Assigned, place: &Application, to: &Destination) -> Assigned {
    let (route, now) = (&mut row.route, Timestamp::now());
    route.id = RouteId::generate();
    route.destination_id = to.id.clone();
    route.destination_name = to.name.clone();
    route.network = to.network.clone();
    route.server_id = to.server_id.clone();
    route.server_name = to.server_name.clone();
    route.target = applications::target_of(place.clone());
    route.application_id = Some(place.id.clone());
    (route.state, route.reason) = (RouteState::Pending, None);
    (route.created_at, route.updated_at) = (now, now);
    row
}
