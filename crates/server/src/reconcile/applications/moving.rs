//! What is special about a deployment that moves its application to another destination: where its
//! container is made, how long nothing ran meanwhile, and who answers where in the end.
//!
//! The deployment itself is in `deploy`.

use portolan_types::{ApplicationMoved, DeploymentState, OperationResult, Timestamp};

use super::{
    super::{recorder::failure, work::Halt},
    Progress, Scene,
    course::Course,
    job::Job,
};
use crate::{
    Error,
    db::{
        self, Transaction,
        application::moving::{self, Memo, Moving, Place},
        route::Over,
    },
    host::ContainerDetail,
};

/// The move that a piece of work makes.
pub(super) async fn of_work(job: &Job<'_>) -> Result<Option<Moving>, Halt> {
    if job.scene.row.application.moved.is_none() {
        return Ok(None);
    }
    let mut conn = job.scene.app.db.acquire().await?;
    let found = moving::find(&mut conn, &job.scene.row.application.id).await?;
    Ok(found.filter(|one| one.operation_id == job.recorder.id))
}

/// The container that serves is about to be stopped: the gap begins, unless it had.
pub(super) async fn stops(job: &Job<'_>) -> Result<(), Halt> {
    let Some(Moving { memo, .. }) = of_work(job).await? else { return Ok(()) };
    if memo.stopped_at.is_some() {
        return Ok(());
    }
    remember(job, &Memo { stopped_at: Some(Timestamp::now()), ..memo }).await
}

/// The new container was started: the gap is over.
pub(super) async fn started(job: &Job<'_>) -> Result<(), Halt> {
    let Some(Moving { memo, .. }) = of_work(job).await? else { return Ok(()) };
    let gap = memo.stopped_at.map_or(0, |from| span(from, Timestamp::now()));
    remember(job, &Memo { gap_ms: Some(gap), ..memo }).await
}

/// The new container runs already: Portolan was interrupted before it had written the gap down. Its host
/// says when it was started, unless that is before it can have been.
pub(super) async fn runs(job: &Job<'_>, found: &ContainerDetail) -> Result<(), Halt> {
    let Some(Moving { memo, .. }) = of_work(job).await? else { return Ok(()) };
    if memo.gap_ms.is_some() {
        return Ok(());
    }
    let gap_ms = match (memo.stopped_at, found.started_at) {
        (None, _) => Some(0),
        (Some(from), Some(to)) if to >= from => Some(span(from, to)),
        (Some(_), _) => return Ok(()),
    };
    remember(job, &Memo { gap_ms, ..memo }).await
}

pub(super) async fn remember(job: &Job<'_>, memo: &Memo) -> Result<(), Halt> {
    let mut conn = job.scene.app.db.acquire().await?;
    Ok(moving::set_memo(&mut conn, &job.scene.row.application.id, memo).await?)
}

fn span(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millis().saturating_sub(from.as_millis())).unwrap_or_default()
}

/// How the routes are led over the network of a place.
pub(super) fn over(place: &Place) -> Over<'_> {
    Over { destination: &place.destination_id, scope: place.server_id.as_str() }
}

/// The application is at the one place or the other from now on, with its routes led there after it.
pub(super) async fn settle(
    tx: &mut Transaction,
    scene: &Scene<'_>,
    place: &Place,
    now: Timestamp,
) -> Result<(), Error> {
    let id = &scene.row.application.id;
    Ok(moving::set_destination(tx, id, &place.destination_id, now).await?)
}

/// That routes were led elsewhere, unless another route has an address there by now.
pub(super) fn led(answer: Result<u64, sqlx::Error>) -> Result<u64, Halt> {
    let taken = |error: &sqlx::Error| {
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    };
    answer.map_err(|error| {
        if !taken(&error) {
            return error.into();
        }
        let why = "another route answers for the address of one of its routes there";
        failure("route-exists", why, "change that route, and try again (`update_route`)").into()
    })
}

/// It serves at its new place, and the one before has ended.
pub(super) async fn finish(
    job: &mut Job<'_>,
    course: &Course,
    moved: &Moving,
) -> Result<Progress, Halt> {
    let application = &job.scene.row.application;
    let result = OperationResult::Move(ApplicationMoved {
        from: moved.from.name.clone(),
        to: moved.to.name.clone(),
        gap_ms: moved.memo.gap_ms,
        volumes: moved.memo.volumes.clone(),
    });
    let mut tx = job.scene.app.db.begin().await?;
    let end = (DeploymentState::Serving, None);
    db::deployment::finish(&mut tx, &course.made.deployment.id, end, Timestamp::now()).await?;
    db::operation::set_result(&mut tx, &job.recorder.id, &result).await?;
    if moved.is_on_one_server() {
        moving::forget(&mut tx, &application.id).await?;
    } else {
        // What is left on the other server is a person's to give up.
        moving::set_waiting(&mut tx, &application.id).await?;
    }
    let what = format!("was moved from destination `{}` to `{}`", moved.from.name, moved.to.name);
    job.succeeded(tx, ("application.moved", &what)).await
}
