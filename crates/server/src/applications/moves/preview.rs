//! What a move would do, before it is done. Changes nothing.

use portolan_types::{
    Affected, ApplicationId, DarkRoute, MemberKind, MoveApplication, Preview, Timestamp,
};

use super::{Wanted, against};
use crate::{
    Actor, App, Error, applications::remove::volumes_of, db, destinations::preview::as_failure,
};

/// What moving an application would do.
pub async fn preview(
    app: &App,
    actor: &Actor,
    id: &ApplicationId,
    input: MoveApplication,
) -> Result<Preview, Error> {
    // Nothing is written: the transaction ends with the look.
    let mut tx = app.db.begin().await?;
    let wanted = match Wanted::find(&mut tx, (app, actor), id, &input).await {
        Ok(wanted) => wanted,
        Err(error) => return refused(vec![error]),
    };
    let refusals = against::all(&mut tx, actor, &wanted, &input).await?;
    let routes = db::route::list_of_application(&mut tx, id).await?;
    Ok(Preview {
        steps: steps(&wanted, &routes),
        affected: affected(&wanted),
        ..refused(refusals)?
    })
}

fn refused(refusals: Vec<Error>) -> Result<Preview, Error> {
    let refusals = refusals.into_iter().map(as_failure).collect::<Result<Vec<_>, _>>()?;
    Ok(Preview {
        version: String::new(),
        as_of: Timestamp::now(),
        allowed: refusals.is_empty(),
        steps: Vec::new(),
        affected: Vec::new(),
        dark_routes: Vec::new(),
        refusals,
    })
}

/// What is done, in order.
fn steps(wanted: &Wanted, routes: &[DarkRoute]) -> Vec<String> {
    if !wanted.is_on_one_server() {
        return steps_elsewhere(wanted, routes);
    }
    let (one, to) = (wanted.from(), &wanted.to);
    let old = one.container.as_ref().map_or_else(String::new, ToString::to_string);
    let rolling = wanted.plan.spec.is_rolling();
    let stop = (!rolling)
        .then(|| format!("stop container `{old}`: nothing answers until the new one does"));
    let make = format!(
        "start a container of `{}` on network `{}` of server `{}`, and wait until it is ready",
        wanted.serving.deployment.image, to.network, to.server_name
    );
    let back = (!rolling)
        .then(|| format!("should it not become ready: remove it, and start `{old}` again"));
    let lead = routes.iter().map(|route| format!("lead route `{}` to it there", route.rule));
    let volumes = volumes_of(one, &wanted.plan.spec);
    let volumes = volumes.iter().map(|name| format!("keep volume `{name}` where it is"));
    let last = format!("remove container `{old}`");
    let first = stop.into_iter().chain([make]).chain(back);
    first.chain(lead).chain(volumes).chain([last]).collect()
}

/// The same to another server.
fn steps_elsewhere(wanted: &Wanted, routes: &[DarkRoute]) -> Vec<String> {
    let (one, to) = (wanted.from(), &wanted.to);
    let (there, image) = (to.server_name.as_str(), &wanted.serving.deployment.image);
    let old = one.container.as_ref().map_or_else(String::new, ToString::to_string);
    let begin = [
        format!("bring image `{image}` to server `{there}`"),
        format!("stop container `{old}`: nothing answers until the new one does"),
    ];
    let copied = volumes_of(one, &wanted.plan.spec);
    let copied = copied.iter().map(|name| {
        format!("copy all that is in volume `{name}` there, and read it back to compare it")
    });
    let make = format!(
        "start a container on network `{}` of server `{there}`, and wait until it is ready",
        to.network
    );
    let back = format!("should that fail: remove what is there, and start `{old}` again");
    let lead = routes.iter().map(|route| {
        format!(
            "lead route `{}` to it by the proxy of `{there}`: its DNS has to follow",
            route.rule
        )
    });
    let last = format!("keep `{old}` and its volumes, stopped, until the move is confirmed");
    begin.into_iter().chain(copied).chain([make, back]).chain(lead).chain([last]).collect()
}

fn affected(wanted: &Wanted) -> Vec<Affected> {
    let effect = if wanted.plan.spec.is_rolling() && wanted.is_on_one_server() {
        "serves until the new one is ready"
    } else {
        "is stopped before the new one is started"
    };
    let container = wanted.from().container.iter().map(|name| Affected {
        kind: MemberKind::Container,
        id: String::new(),
        name: name.to_string(),
        state: wanted.from().state.to_string(),
        effect: effect.to_owned(),
    });
    container.collect()
}
