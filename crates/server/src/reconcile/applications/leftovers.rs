//! What is left of an application at a place where it is not any more: containers that were stopped, and
//! volumes. Removed when a person confirms a move, or where one came to nothing.

use std::collections::BTreeSet;

use portolan_types::{Application, MoveState, Timestamp};

use super::{
    super::{
        PassError,
        recorder::{failure, host_failure},
        work::Halt,
    },
    Progress, Scene, across, act,
    course::Course,
    definition,
    job::Job,
    moving,
    stop::stopped,
};
use crate::{
    Error,
    applications::{names, remove::volumes_of},
    db::{
        self,
        application::{
            Wanted,
            moving::{self as rows, Moving, Place},
        },
    },
    host::{Host, HostError},
};

/// What a container is called that holds volumes while they are copied.
pub(super) fn holder_name(application: &Application) -> String {
    format!("{}copy", names::prefix(application))
}

/// Removes a container that held volumes of an application, where it is there still.
pub(super) async fn let_go(
    host: &dyn Host,
    application: &Application,
    name: &str,
) -> Result<(), HostError> {
    let found = host.find_container(name).await?;
    match found.filter(|one| definition::is_of(application, one)) {
        Some(holder) => host.remove_container(&holder.member.docker_id).await,
        None => Ok(()),
    }
}

/// The place where the application is not.
fn other<'a>(scene: &Scene<'_>, moved: &'a Moving) -> &'a Place {
    if scene.row.application.destination_id == moved.to.destination_id {
        &moved.from
    } else {
        &moved.to
    }
}

/// Removes what is of the application on a host that is not its own any more; answers how many
/// containers and volumes that were. What does not carry its label stays.
async fn clear(
    scene: &Scene<'_>,
    names: &BTreeSet<String>,
    host: &dyn Host,
) -> Result<(usize, usize), HostError> {
    let application = &scene.row.application;
    let (mut containers, mut volumes) = (0, 0);
    for one in host.list_containers().await? {
        let labelled = one.application.as_deref() == Some(application.id.as_str());
        if labelled && across::is_of(scene, &one.member.name) {
            host.remove_container(&one.member.docker_id).await?;
            containers += 1;
        }
    }
    for name in names {
        let found = host.find_volume(name).await?;
        if found.is_some_and(|labels| definition::marks(application, &labels)) {
            host.remove_volume(name).await?;
            volumes += 1;
        }
    }
    Ok((containers, volumes))
}

/// What its volumes are called: those that were copied, and those of what serves and of its spec now.
async fn volumes(scene: &Scene<'_>, moved: &Moving) -> Result<BTreeSet<String>, Error> {
    let application = &scene.row.application;
    let serving = Course::serving(scene).await?;
    let specs = serving.iter().map(|course| &course.plan.spec).chain([&application.spec]);
    let named = specs.flat_map(|spec| volumes_of(application, spec));
    Ok(named.chain(moved.memo.volumes.iter().map(|one| one.name.clone())).collect())
}

/// Without work: what a move left goes, once what serves runs.
pub(super) async fn tidied(scene: &Scene<'_>) -> Result<(), PassError> {
    let application = &scene.row.application;
    if application.moved.as_ref().is_none_or(|moved| moved.state == MoveState::Waiting) {
        return Ok(());
    }
    let mut conn = scene.app.db.acquire().await?;
    let found = rows::find(&mut conn, &application.id).await?;
    drop(conn);
    let Some(moved) = found else { return Ok(()) };
    if !moved.is_on_one_server() && !cleared(scene, &moved).await? {
        return Ok(());
    }
    let mut tx = scene.app.db.begin().await?;
    rows::forget(&mut tx, &application.id).await?;
    Ok(tx.commit().await?)
}

/// Whether nothing is left at the other place. Nothing is taken away there before what serves runs here.
async fn cleared(scene: &Scene<'_>, moved: &Moving) -> Result<bool, PassError> {
    // What was seen may be older than its start.
    let runs = match &scene.row.application.container {
        Some(name) => scene.container(name.as_str()).await?.is_some_and(|one| one.is_running()),
        None => false,
    };
    if !runs && scene.row.wanted == Wanted::Running {
        return Ok(false);
    }
    let application = &scene.row.application;
    let_go(scene.host.as_ref(), application, &holder_name(application)).await?;
    let place = other(scene, moved);
    let Some(there) = across::reach(scene, &place.server_id).await? else { return Ok(false) };
    let names = volumes(scene, moved).await?;
    match clear(scene, &names, there.host.as_ref()).await {
        Ok(_) => Ok(true),
        // Its own keeper deals with its connection; what it refuses is tried again.
        Err(error) => {
            tracing::warn!(application = %application.name, server = %there.row.server.name, %error,
                "could not tidy up after a move");
            Ok(false)
        }
    }
}

async fn waiting(job: &Job<'_>) -> Result<Moving, Halt> {
    let mut conn = job.scene.app.db.acquire().await?;
    let found = rows::find(&mut conn, &job.scene.row.application.id).await?;
    found.ok_or_else(|| {
        failure("no-move", "no move waits any more", "see how it is (`show_application`)").into()
    })
}

/// A person is content with the new place: what is left at the old one goes.
pub(super) async fn confirm(job: &mut Job<'_>) -> Result<Progress, Halt> {
    let moved = waiting(job).await?;
    let place = other(job.scene, &moved);
    let Some(there) = across::reach(job.scene, &place.server_id).await? else {
        return across::away(job, &place.server_id).await;
    };
    job.leave_if("reach", "it is connected").await?;
    job.enter("remove").await?;
    let names = volumes(job.scene, &moved).await?;
    let (containers, volumes) = match clear(job.scene, &names, there.host.as_ref()).await {
        Ok(gone) => gone,
        Err(error) if error.is_undecided() => return Ok(Progress::UnderWay),
        Err(error) => return Err(refused(&there, &error)),
    };
    let words = format!("{containers} containers and {volumes} volumes were removed there");
    job.leave(&words).await?;
    let mut tx = job.scene.app.db.begin().await?;
    rows::forget(&mut tx, &job.scene.row.application.id).await?;
    let what = format!("stays on destination `{}`: the move was confirmed", moved.to.name);
    job.succeeded(tx, ("application.move-confirmed", &what)).await
}

fn refused(there: &across::Reached, error: &HostError) -> Halt {
    let name = there.row.server.name.as_str();
    host_failure("remove what is left", name, error).into()
}

/// A person wants it back where it was: first it ends here, then it begins there, by the keeper of that
/// server.
pub(super) async fn take_back(job: &mut Job<'_>) -> Result<Progress, Halt> {
    let moved = waiting(job).await?;
    if job.scene.row.application.destination_id == moved.to.destination_id {
        return leave(job, &moved).await;
    }
    job.enter("start").await?;
    let course = act::deployed(job).await?;
    let found = act::container(job, &course).await?;
    let started = job.scene.host.start_container(&found).await;
    job.answer(started, &format!("start container `{}`", course.container()))?;
    job.leave(&format!("container `{}` was started", course.container())).await?;
    let id = &job.scene.row.application.id;
    let mut tx = job.scene.app.db.begin().await?;
    db::application::set_halted(&mut tx, id, false).await?;
    rows::set_over(&mut tx, id).await?;
    let what = format!("is back on destination `{}`: the move was taken back", moved.from.name);
    let done = job.succeeded(tx, ("application.move-taken-back", &what)).await?;
    // What is left where it was goes at once.
    job.scene.app.wake(&job.scene.server.server.id);
    Ok(done)
}

async fn leave(job: &mut Job<'_>, moved: &Moving) -> Result<Progress, Halt> {
    job.enter("stop").await?;
    let running: Vec<_> =
        job.scene.containers().filter(|one| one.member.state == "running").collect();
    for one in running {
        if !stopped(job, one)? {
            return Ok(Progress::UnderWay);
        }
    }
    job.leave("what ran here was stopped").await?;
    let before = before(job, moved).await?;
    let (scene, now) = (job.scene, Timestamp::now());
    let id = &scene.row.application.id;
    let deployment = &before.made.deployment;
    let mut tx = scene.app.db.begin().await?;
    db::application::lock(&mut tx, id).await?;
    let current = scene.row.application.deployment_id.as_ref();
    db::deployment::switch(&mut tx, (current, &deployment.id), now).await?;
    db::application::set_serving(&mut tx, id, Some(&deployment.id)).await?;
    db::application::set_halted(&mut tx, id, true).await?;
    moving::settle(&mut tx, scene, &moved.from, now).await?;
    let over = moving::over(&moved.from);
    let led = db::route::retarget(&mut tx, id, (&deployment.container, Some(&over)), now).await;
    moving::led(led)?;
    tx.commit().await?;
    across::wake(scene.app, moved);
    Ok(Progress::UnderWay)
}

/// What served before it was moved.
async fn before(job: &Job<'_>, moved: &Moving) -> Result<Course, Halt> {
    let mut conn = job.scene.app.db.acquire().await?;
    let found = match &moved.memo.before {
        Some(id) => db::deployment::find(&mut conn, id).await?,
        None => None,
    };
    drop(conn);
    let gone = || {
        failure(
            "no-deployment",
            "what served before is not on record any more",
            "deploy it anew (`deploy_application`)",
        )
    };
    Ok(Course::of(job.scene, found.ok_or_else(gone)?)?)
}
