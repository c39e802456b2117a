//! A service is started, stopped or started anew. One that is gone is made again, as it was deployed.

use std::time::Duration;

use portolan_types::OperationKind;

use super::{
    super::{
        super::{recorder::failure, work::Halt},
        Progress, act,
        course::Course,
        fetch,
        job::{Job, has_passed},
        ready::Readiness,
    },
    definition::{version, wanted},
    deploy::create,
    ready,
};
use crate::{
    db,
    host::{HostService, HostTask, ServiceChange, TaskVersion},
};

/// So much longer than its programs may take to end, a node that is away is waited for.
const AWAY: Duration = Duration::from_secs(30);

pub(super) async fn run(job: &mut Job<'_>, kind: OperationKind) -> Result<Progress, Halt> {
    let course = act::deployed(job).await?;
    match kind {
        OperationKind::StopApplication => stop(job, &course).await,
        _ => start(job, &course).await,
    }
}

async fn stop(job: &mut Job<'_>, course: &Course) -> Result<Progress, Halt> {
    let since = job.enter("stop").await?;
    let words = match job.service().await? {
        None => "there is no service".to_owned(),
        Some(found) => {
            change(job, &found, ServiceChange::Replicas(0), found.replicas != Some(0)).await?;
            let grace = course.plan.spec.stop_seconds.duration() + AWAY;
            match running(job, &found).await? {
                0 => format!("no replica of service `{}` runs", found.name),
                _ if !has_passed(since, grace) => return Ok(Progress::UnderWay),
                left => format!("{left} replicas are on nodes that do not say that they ended"),
            }
        }
    };
    job.leave(&words).await?;
    let tx = job.scene.app.db.begin().await?;
    job.succeeded(tx, ("application.stopped", "was stopped")).await
}

async fn running(job: &Job<'_>, service: &HostService) -> Result<usize, Halt> {
    let tasks = job.scene.host.list_service_tasks(&service.docker_id).await;
    let tasks = job.answer(tasks, "list the tasks")?;
    Ok(tasks.iter().filter(|task| HostTask::is_running(task)).count())
}

async fn change(
    job: &Job<'_>,
    service: &HostService,
    change: ServiceChange,
    differs: bool,
) -> Result<(), Halt> {
    if !differs {
        return Ok(());
    }
    let changed = job.scene.host.change_service(&service.docker_id, change).await;
    job.answer(changed, &format!("change service `{}`", service.name))
}

/// New tasks in any case: that those before ended badly says nothing of them.
async fn start(job: &mut Job<'_>, course: &Course) -> Result<Progress, Halt> {
    let forced = forced(job).await?;
    let service = match job.service().await? {
        Some(found) => brought(job, course, (found, forced)).await?,
        None => made(job, course, forced).await?,
    };
    if ready::check(job, course, &service).await? == Readiness::NotYet {
        return Ok(Progress::UnderWay);
    }
    let mut tx = job.scene.app.db.begin().await?;
    db::application::set_halted(&mut tx, &job.scene.row.application.id, false).await?;
    job.succeeded(tx, ("application.started", "was started")).await
}

/// The same number whenever the work is taken up.
async fn forced(job: &Job<'_>) -> Result<u64, Halt> {
    let asked = act::asked_at(job).await?.as_millis() / 1_000;
    Ok(u64::try_from(asked).unwrap_or_default())
}

async fn brought(
    job: &mut Job<'_>,
    course: &Course,
    (found, forced): (HostService, u64),
) -> Result<HostService, Halt> {
    let replicas = course.plan.spec.replicas.get();
    let (other, fewer) =
        (found.version.forced != forced, found.replicas != Some(u64::from(replicas)));
    if !other && !fewer {
        return Ok(found);
    }
    job.enter("start").await?;
    change(job, &found, ServiceChange::Forced(forced), other).await?;
    change(job, &found, ServiceChange::Replicas(replicas), fewer).await?;
    job.leave(&format!("service `{}` was told to run {replicas} replicas", found.name)).await?;
    again(job, course).await
}

async fn made(job: &mut Job<'_>, course: &Course, forced: u64) -> Result<HostService, Halt> {
    job.enter("start").await?;
    let login = fetch::login(job, course).await?;
    let version = TaskVersion { forced, ..version(course) };
    create(job, &wanted(job.scene, course, course.image(), &version), login.as_ref()).await?;
    job.leave(&format!("service `{}` was made again", course.container())).await?;
    again(job, course).await
}

async fn again(job: &Job<'_>, course: &Course) -> Result<HostService, Halt> {
    job.service().await?.ok_or_else(|| {
        let why = format!("service `{}` was removed meanwhile", course.container());
        failure("service-gone", why, "start it again (`start_application`)").into()
    })
}
