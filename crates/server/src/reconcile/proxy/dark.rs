//! Routes whose targets are not there, on record as long as that lasts. Nothing mends them: what
//! people run is not Portolan's to start.

use portolan_types::{DriftKind, Facts, Route, RouteState, Subject, Timestamp};

use super::{
    super::drift::{Finding, decide, put, thing},
    Scene,
};
use crate::{
    Error,
    db::{self, drift::Spot},
};

/// Takes what a route is found to be as news, or not.
pub(super) async fn note(
    scene: &Scene<'_>,
    route: &Route,
    state: RouteState,
    reason: Option<&str>,
) -> Result<(), Error> {
    let standing = scene.standing(DriftKind::RouteDark, &Subject::Route(route.id.clone()));
    match (state, standing) {
        (RouteState::Dark, None) => begin(scene, route, reason.unwrap_or("it is dark")).await,
        // What it is about is the same as long as it is dark, and so is what can be done.
        (RouteState::Dark, Some(_)) | (_, None) => Ok(()),
        (RouteState::Live | RouteState::Pending | RouteState::Refused, Some(standing)) => {
            thing::gone(scene.app, standing, &Facts::from([fact("state", state.as_str())])).await
        }
    }
}

async fn begin(scene: &Scene<'_>, route: &Route, reason: &str) -> Result<(), Error> {
    let address = route.address();
    let finding = finding(scene, route, &address, reason);
    let now = Timestamp::now();
    let (subject_id, server) = (finding.subject.id(), finding.server);
    let mut tx = scene.app.db.begin().await?;
    // It may have gone dark twice in one look.
    let spot = Spot { subject_id, server, kind: finding.kind };
    if db::drift::find_standing(&mut tx, &spot).await?.is_some() {
        return Ok(());
    }
    let Some(decision) = decide(&mut tx, &finding, None, now).await? else { return Ok(()) };
    put(&mut tx, &finding, None, &decision, None, now).await?;
    Ok(tx.commit().await?)
}

fn finding<'a>(scene: &Scene<'a>, route: &'a Route, address: &'a str, reason: &str) -> Finding<'a> {
    let server = &scene.server.server;
    let target = route.target.as_str();
    Finding {
        team: &scene.row.team_id,
        subject: Subject::Route(route.id.clone()),
        name: address,
        server: &server.id,
        server_name: &server.name,
        destination: Some(&route.destination_id),
        kind: DriftKind::RouteDark,
        message: reason.to_owned(),
        before: Facts::from([
            fact("target", &format!("{target}:{}", route.port)),
            fact("network", route.network.as_str()),
        ]),
        after: Facts::new(),
        cause: scene.round.occasion.cause("container", |event| event.name == target),
    }
}

fn fact(what: &str, is: &str) -> (String, String) {
    (what.to_owned(), is.to_owned())
}
