//! Who serves: requests are led to a new container, and back where its proxy does not take it.

use std::time::Duration;

use portolan_types::{Failure, ProxyState, RouteState, Timestamp};

use super::{
    super::{recorder::failure, work::Halt},
    Scene,
    course::Course,
    job::{Job, has_passed},
    moving,
};
use crate::{
    Error,
    db::{self, Transaction, deployment::Planned},
};

/// How long a proxy may take until it leads requests to a new container.
const LED_WITHIN: Duration = Duration::from_mins(1);

/// The new deployment serves from now on: its routes lead to it as soon as the proxy is told.
pub(super) async fn switch(job: &mut Job<'_>, course: &Course) -> Result<(), Halt> {
    job.enter("switch").await?;
    let scene = job.scene;
    let (deployment, now) = (&course.made.deployment, Timestamp::now());
    let application = &scene.row.application;
    let mut tx = scene.app.db.begin().await?;
    // As those do who cancel it.
    db::application::lock(&mut tx, &application.id).await?;
    if !db::operation::is_at_work(&mut tx, &job.recorder.id).await? {
        // It was cancelled at this moment: the next look takes its container away.
        return Ok(());
    }
    let from = application.deployment_id.as_ref();
    db::deployment::switch(&mut tx, (from, &deployment.id), now).await?;
    db::application::set_serving(&mut tx, &application.id, Some(&deployment.id)).await?;
    let container = &deployment.container;
    let over = course.moving.as_ref().map(|moved| moving::over(&moved.to));
    let target = (container, over.as_ref());
    let routes = db::route::retarget(&mut tx, &application.id, target, now).await;
    let routes = moving::led(routes)?;
    if let Some(moved) = &course.moving {
        moving::settle(&mut tx, scene, &moved.to, now).await?;
    }
    tx.commit().await?;
    let words = match routes {
        0 => format!("`{container}` serves; it has no routes"),
        1 => format!("`{container}` serves; its route is led to it"),
        many => format!("`{container}` serves; its {many} routes are led to it"),
    };
    job.leave(&words).await
}

/// Whether the proxy leads requests to the new container. Where no proxy runs, nobody has to be
/// waited for.
pub(super) async fn is_led(job: &mut Job<'_>, course: &Course) -> Result<bool, Halt> {
    let scene = job.scene;
    let mut conn = scene.app.db.acquire().await?;
    let states = db::route::list_states(&mut conn, &scene.row.application.id).await?;
    let proxy = db::proxy::find_assigned(&mut conn, &scene.server.server.id).await?;
    drop(conn);
    let runs = proxy.is_some_and(|row| row.proxy.state == ProxyState::Running);
    let waits = |state: RouteState| state == RouteState::Pending;
    if !runs || !states.iter().any(|(state, _)| waits(*state)) {
        return Ok(true);
    }
    let since = job.enter("proxy").await?;
    if !has_passed(since, LED_WITHIN) {
        return Ok(false);
    }
    Err(not_led(course).into())
}

fn not_led(course: &Course) -> Failure {
    failure(
        "proxy-does-not-follow",
        format!(
            "the proxy did not lead requests to `{}` within {} seconds",
            course.container(),
            LED_WITHIN.as_secs()
        ),
        "see how the proxy is (`show_proxy`), and deploy again (`deploy_application`)",
    )
}

/// What served before a failed deployment serves again.
pub(super) async fn give_back(
    tx: &mut Transaction,
    scene: &Scene<'_>,
    made: &Planned,
    now: Timestamp,
) -> Result<(), Error> {
    let application = &scene.row.application;
    if made.switched_at.is_none() {
        return Ok(());
    }
    let Some(before) = db::deployment::find_previous(tx, &application.id).await? else {
        return Ok(());
    };
    let (id, container) = (&before.deployment.id, &before.deployment.container);
    db::deployment::switch(tx, (None, id), now).await?;
    db::application::set_serving(tx, &application.id, Some(id)).await?;
    // It may have been stopped for the new one.
    db::application::set_halted(tx, &application.id, true).await?;
    // One that was to move it serves nowhere else.
    let moved = db::application::moving::find(tx, &application.id).await?;
    let moved = moved.filter(|moved| moved.operation_id == made.deployment.operation_id);
    if let Some(moved) = &moved {
        moving::settle(tx, scene, &moved.from, now).await?;
    }
    let over = moved.as_ref().map(|moved| moving::over(&moved.from));
    db::route::retarget(tx, &application.id, (container, over.as_ref()), now).await?;
    Ok(())
}
