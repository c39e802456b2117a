//! A move to another server: the image is brought there, what serves is stopped, its volumes are carried
//! and read back, and the new one is made there and proven. All of that is done by the keeper of the
//! server that it leaves; from when it serves there it is that server's.
//!
//! What is left where it was is in `leftovers`.

use std::{sync::Arc, time::Duration};

use portolan_types::ServerId;

use super::{
    super::{PassError, recorder::failure, target, verify::clear_tries, work::Halt},
    Progress, Scene,
    carry::{End, Load, Volume},
    course::Course,
    definition, deploy, ferry, fetch,
    job::{Job, has_passed},
    leftovers, moving,
    ready::{self, Readiness},
    serve,
};
use crate::{
    App, Error,
    applications::{deployments, remove::volumes_of},
    db::{
        self,
        application::moving::{Memo, Moving},
        server::Assigned as Server,
    },
    host::Host,
};

/// How long the other server may be away before anything was stopped, or what was copied goes on.
const AWAY: Duration = Duration::from_mins(5);

/// A server with its connection.
pub(super) struct Reached {
    pub(super) row: Server,
    pub(super) host: Arc<dyn Host>,
}

/// Another server of the team, while it is connected.
pub(super) async fn reach(scene: &Scene<'_>, id: &ServerId) -> Result<Option<Reached>, Error> {
    let mut conn = scene.app.db.acquire().await?;
    let row = db::server::find_assigned(&mut conn, id).await?;
    drop(conn);
    let row = row.filter(|row| row.team_id == scene.row.team_id);
    let host = scene.around.hosts.find(id);
    Ok(row.zip(host).map(|(row, host)| Reached { row, host }))
}

pub(super) async fn run(
    job: &mut Job<'_>,
    course: &Course,
    moved: &Moving,
) -> Result<Progress, Halt> {
    if course.made.switched_at.is_some() {
        if !serve::is_led(job, course).await? {
            return Ok(Progress::UnderWay);
        }
        return moving::finish(job, course, moved).await;
    }
    let Some(there) = reach(job.scene, &moved.to.server_id).await? else {
        return away(job, &moved.to.server_id).await;
    };
    job.leave_if("reach", "it is connected").await?;
    let scene = Scene { host: &there.host, server: &there.row, ..*job.scene };
    let Some(image) = brought(job, &scene, course).await? else { return Ok(Progress::UnderWay) };
    if !deploy::halted(job).await? || !carried(job, &there, (course, moved, &image)).await? {
        return Ok(Progress::UnderWay);
    }
    if made(job, &scene, (course, &image)).await? != Some(Readiness::Ready) {
        return Ok(Progress::UnderWay);
    }
    serve::switch(job, course).await?;
    job.scene.app.wake(&moved.to.server_id);
    Ok(Progress::UnderWay)
}

/// It is waited for, for a while.
pub(super) async fn away(job: &mut Job<'_>, server: &ServerId) -> Result<Progress, Halt> {
    let since = job.enter("reach").await?;
    if !has_passed(since, AWAY) {
        return Ok(Progress::UnderWay);
    }
    let mut conn = job.scene.app.db.acquire().await?;
    let row = db::server::find_assigned(&mut conn, server).await?;
    let name = row.map_or_else(|| server.to_string(), |row| row.server.name.to_string());
    let why = format!("server `{name}` was not connected for {} minutes", AWAY.as_secs() / 60);
    Err(failure("server-away", why, "see why it is not (`show_server`), and try again").into())
}

/// That the other connection is lost ends nothing here: its keeper dials it again.
fn unless_lost<T>(answer: Result<Option<T>, Halt>) -> Result<Option<T>, Halt> {
    match answer {
        Err(Halt::Pass(PassError::Host(_) | PassError::Swarm(_))) => Ok(None),
        other => other,
    }
}

async fn brought(
    job: &mut Job<'_>,
    there: &Scene<'_>,
    course: &Course,
) -> Result<Option<String>, Halt> {
    let mut at = job.at(there);
    let image = fetch::image(&mut at, course).await;
    job.open = at.open;
    unless_lost(image)
}

async fn made(
    job: &mut Job<'_>,
    there: &Scene<'_>,
    (course, image): (&Course, &str),
) -> Result<Option<Readiness>, Halt> {
    let mut at = job.at(there);
    let ready = ready(&mut at, course, image).await;
    job.open = at.open;
    // A try may be cut off with the connection.
    job.open.swept &= ready.is_ok();
    unless_lost(ready)
}

async fn ready(job: &mut Job<'_>, course: &Course, image: &str) -> Result<Option<Readiness>, Halt> {
    let Some(container) = deploy::made(job, course, image).await? else { return Ok(None) };
    if !job.open.swept {
        let (host, server) = (job.scene.host.as_ref(), &job.scene.server.server);
        let cleared = clear_tries(host, server, &job.recorder.id).await;
        job.answer(cleared, "remove what was left of a try")?;
        job.open.swept = true;
    }
    ready::check(job, course, &container).await.map(Some)
}

/// Whether what is in its volumes is there, and was read back.
async fn carried(
    job: &mut Job<'_>,
    there: &Reached,
    (course, moved, image): (&Course, &Moving, &str),
) -> Result<bool, Halt> {
    let volumes = volumes_of(&job.scene.row.application, &course.plan.spec);
    if volumes.is_empty() || !moved.memo.volumes.is_empty() {
        return Ok(true);
    }
    let load = load(job.scene, there, (volumes, image));
    let again = "move it again (`move_application`)";
    let Some(volumes) = ferry::carried(job, load, again).await? else { return Ok(false) };
    moving::remember(job, &Memo { volumes, ..moved.memo.clone() }).await?;
    Ok(true)
}

async fn load(
    scene: &Scene<'_>,
    there: &Reached,
    (volumes, image): (Vec<String>, &str),
) -> Result<Load, Halt> {
    let application = &scene.row.application;
    let serving = Course::serving(scene).await?;
    let own = serving.as_ref().map(|course| course.image().to_owned()).unwrap_or_default();
    let end = |target, image| End { target, holder: leftovers::holder_name(application), image };
    Ok(Load {
        from: end(target::of(scene.app, &scene.server.server).await?, own),
        to: end(target::of(scene.app, &there.row.server).await?, image.to_owned()),
        labels: definition::labels(application),
        volumes: volumes.into_iter().map(|name| Volume { from: name.clone(), to: name }).collect(),
        still: None,
    })
}

/// The application that its containers are labelled with, by their names: those of deployments, and the
/// one that held its volumes.
pub(super) fn is_of(scene: &Scene<'_>, name: &str) -> bool {
    let application = &scene.row.application;
    deployments::can_be_named(application, name) || name == leftovers::holder_name(application)
}

/// Wakes the keepers of both servers.
pub(super) fn wake(app: &App, moved: &Moving) {
    app.wake(&moved.from.server_id);
    app.wake(&moved.to.server_id);
}
