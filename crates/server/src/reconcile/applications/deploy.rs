//! A deployment, from the image to the end of the container before it. Each step is begun by what the
//! host and the rows show, and safe to repeat: taken up after a crash, it goes on where it was.

use portolan_types::{DeploymentState, Timestamp};

use super::{
    super::{recorder::failure, work::Halt},
    Progress, across, build,
    course::Course,
    definition, fetch,
    job::{Job, has_passed},
    moving, needs,
    ready::{self, Readiness},
    seed, serve,
    stop::{removed, stopped},
};
use crate::{
    applications::places,
    db,
    host::{ContainerDetail, HostContainer},
};

pub(super) async fn run(job: &mut Job<'_>) -> Result<Progress, Halt> {
    needs::check(job).await?;
    let course = read(job).await?;
    if let Some(moved) = course.moving.as_ref().filter(|moved| !moved.is_on_one_server()) {
        return across::run(job, &course, moved).await;
    }
    if course.made.switched_at.is_none() {
        let Some(image) = fetch::image(job, &course).await? else { return Ok(Progress::UnderWay) };
        if !seed::filled(job, &course, &image).await? {
            return Ok(Progress::UnderWay);
        }
        let Some(container) = made(job, &course, &image).await? else {
            return Ok(Progress::UnderWay);
        };
        if ready::check(job, &course, &container).await? == Readiness::NotYet {
            return Ok(Progress::UnderWay);
        }
        serve::switch(job, &course).await?;
        // The proxy is told later in this look; the next one sees how it took it.
        job.scene.app.wake(&job.scene.server.server.id);
        return Ok(Progress::UnderWay);
    }
    if !serve::is_led(job, &course).await? || !drained(job, &course).await? {
        return Ok(Progress::UnderWay);
    }
    finish(job, &course).await
}

pub(super) async fn read(job: &Job<'_>) -> Result<Course, Halt> {
    let moving = moving::of_work(job).await?;
    let mut conn = job.scene.app.db.acquire().await?;
    let found = db::deployment::find_by_operation(&mut conn, &job.recorder.id).await?;
    let gone = || {
        let why = "the deployment is not on record any more";
        failure("no-deployment", why, "deploy again (`deploy_application`)")
    };
    Ok(Course::of(job.scene, found.ok_or_else(gone)?)?.moving(moving))
}

/// The new container, made and started; `None` while the old one is being stopped for it.
pub(super) async fn made(
    job: &mut Job<'_>,
    course: &Course,
    image: &str,
) -> Result<Option<ContainerDetail>, Halt> {
    let found = job.scene.host.find_container(course.container()).await;
    let found = job.answer(found, "look for the container")?;
    if let Some(found) = &found
        && !definition::is_of(&job.scene.row.application, found)
    {
        let why = format!("there is a container `{}` that is not ours", course.container());
        return Err(
            failure("container-name-taken", why, "remove or rename it, and deploy again").into()
        );
    }
    if let Some(found) = found.as_ref().filter(|found| found.started_at.is_some()) {
        moving::runs(job, found).await?;
        return Ok(Some(found.clone()));
    }
    if !course.plan.spec.is_rolling() && !halted(job).await? {
        return Ok(None);
    }
    job.enter("start").await?;
    let id = match found {
        // A crash may have come between its making and its files.
        Some(found) => {
            course.put_files(job, &found.member.docker_id).await?;
            found.member.docker_id
        }
        None => course.create(job, image).await?,
    };
    let started = job.scene.host.start_container(&id).await;
    job.answer(started, &format!("start container `{}`", course.container()))?;
    moving::started(job).await?;
    job.leave(&format!("container `{}` was started", course.container())).await?;
    let found = job.scene.host.find_container(&id).await;
    let found = job.answer(found, "look at the container")?;
    found.map(Some).ok_or_else(|| vanished(course))
}

fn vanished(course: &Course) -> Halt {
    let why = format!("container `{}` was removed meanwhile", course.container());
    failure("container-gone", why, "deploy again (`deploy_application`)").into()
}

/// Stops the container that serves, so that the new one can have what both need. It is started again
/// should the new one fail.
pub(super) async fn halted(job: &mut Job<'_>) -> Result<bool, Halt> {
    let running = job.scene.containers().find(|one| one.member.state == "running");
    if let Some(old) = running {
        let mut conn = job.scene.app.db.acquire().await?;
        db::application::set_halted(&mut conn, &job.scene.row.application.id, true).await?;
        drop(conn);
        moving::stops(job).await?;
        job.enter("stop").await?;
        if !stopped(job, old)? {
            return Ok(false);
        }
    }
    let words = "the container that served was stopped: nothing answers until the new one does";
    job.leave_if("stop", words).await?;
    Ok(true)
}

/// The containers before it go, when they had time to answer what was under way.
async fn drained(job: &mut Job<'_>, course: &Course) -> Result<bool, Halt> {
    let others: Vec<&HostContainer> =
        job.scene.containers().filter(|one| one.member.name != course.container()).collect();
    if others.is_empty() {
        return Ok(true);
    }
    let since = job.enter("drain").await?;
    let running = others.iter().any(|one| one.member.state == "running");
    if running && !has_passed(since, course.plan.spec.drain_seconds.duration()) {
        return Ok(false);
    }
    if !removed(job, &others).await? {
        return Ok(false);
    }
    job.leave(&format!("{} removed", names(&others))).await?;
    Ok(true)
}

fn names(containers: &[&HostContainer]) -> String {
    let names = containers.iter().map(|one| format!("`{}`", one.member.name));
    names.collect::<Vec<_>>().join(", ")
}

pub(super) async fn finish(job: &mut Job<'_>, course: &Course) -> Result<Progress, Halt> {
    build::trim(job).await?;
    if let Some(moved) = &course.moving {
        return moving::finish(job, course, moved).await;
    }
    let (app, deployment) = (job.scene.app, &course.made.deployment);
    let mut tx = app.db.begin().await?;
    let end = (DeploymentState::Serving, None);
    db::deployment::finish(&mut tx, &deployment.id, end, Timestamp::now()).await?;
    let made = (&course.made, &course.plan);
    let following = places::follow(&mut tx, app, job.scene.row, made).await?;
    let what = match deployment.rolled_back_to {
        Some(earlier) => format!("was rolled back to deployment {earlier}"),
        None => format!("was deployed: `{}`", deployment.image),
    };
    let progress = job.succeeded(tx, ("application.deployed", &what)).await?;
    for server in &following {
        app.wake(server);
    }
    Ok(progress)
}
