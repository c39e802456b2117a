//! What was deployed is started, stopped or started anew. One whose container is gone is made again,
//! as it was deployed.

use portolan_types::{OperationKind, Timestamp};

use super::{
    super::{recorder::failure, work::Halt},
    Progress,
    course::Course,
    job::Job,
    stop::stopped,
};
use crate::{
    db,
    host::{ContainerDetail, HostContainer},
};

pub(super) async fn run(job: &mut Job<'_>, kind: OperationKind) -> Result<Progress, Halt> {
    let course = deployed(job).await?;
    let name = course.container();
    let seen = job.scene.containers().find(|one| one.member.name == name);
    match kind {
        OperationKind::StopApplication => stop(job, seen).await,
        OperationKind::RestartApplication => restart(job, &course, seen).await,
        _ => start(job, &course).await,
    }
}

/// What serves, or served until it was stopped.
pub(super) async fn deployed(job: &Job<'_>) -> Result<Course, Halt> {
    Course::serving(job.scene).await?.ok_or_else(|| {
        let why = "nothing of it is deployed";
        failure("never-deployed", why, "deploy it (`deploy_application`)").into()
    })
}

async fn stop(job: &mut Job<'_>, seen: Option<&HostContainer>) -> Result<Progress, Halt> {
    job.enter("stop").await?;
    let running = seen.filter(|one| one.member.state != "exited" && one.member.state != "created");
    let words = match running {
        Some(one) if !stopped(job, one)? => return Ok(Progress::UnderWay),
        Some(one) => format!("container `{}` was stopped", one.member.name),
        None => "its container does not run".to_owned(),
    };
    job.leave(&words).await?;
    let tx = job.scene.app.db.begin().await?;
    job.succeeded(tx, ("application.stopped", "was stopped")).await
}

async fn start(job: &mut Job<'_>, course: &Course) -> Result<Progress, Halt> {
    job.enter("start").await?;
    let found = container(job, course).await?;
    let started = job.scene.host.start_container(&found).await;
    job.answer(started, &format!("start container `{}`", course.container()))?;
    job.leave(&format!("container `{}` was started", course.container())).await?;
    let mut tx = job.scene.app.db.begin().await?;
    db::application::set_halted(&mut tx, &job.scene.row.application.id, false).await?;
    job.succeeded(tx, ("application.started", "was started")).await
}

async fn restart(
    job: &mut Job<'_>,
    course: &Course,
    seen: Option<&HostContainer>,
) -> Result<Progress, Halt> {
    // What was started since this was asked for is started anew already.
    let asked = asked_at(job).await?;
    let found = job.scene.container(course.container()).await?;
    let fresh = |one: &ContainerDetail| one.started_at.is_some_and(|at| at >= asked);
    let stands = found.as_ref().is_some_and(|one| !fresh(one));
    if let Some(one) = seen.filter(|one| one.member.state == "running" && stands) {
        job.enter("stop").await?;
        if !stopped(job, one)? {
            return Ok(Progress::UnderWay);
        }
    }
    job.leave_if("stop", "the container was stopped").await?;
    start(job, course).await
}

pub(super) async fn asked_at(job: &Job<'_>) -> Result<Timestamp, Halt> {
    let mut conn = job.scene.app.db.acquire().await?;
    let visible = crate::rights::Visible::whole(&job.scene.row.team_id);
    let operation = db::operation::find(&mut conn, visible, &job.recorder.id).await?;
    Ok(operation.map_or_else(Timestamp::now, |operation| operation.created_at))
}

/// The container by its id, made again where it is gone.
pub(super) async fn container(job: &Job<'_>, course: &Course) -> Result<String, Halt> {
    if let Some(found) = job.scene.container(course.container()).await? {
        return Ok(found.member.docker_id);
    }
    course.create(job, course.image()).await
}
