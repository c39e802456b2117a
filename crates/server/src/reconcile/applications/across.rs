//! A move to another server: the image is brought there, what serves is stopped, its volumes are carried
//! and read back, and the new one is made there and proven. All of that is done by the keeper of the
//! server that it leaves; from when it serves there it is that server's.
//!
//! What is left where it was is in `leftovers`.

use std::{sync::Arc, time::Duration};

use portolan_types::{Failure, MovedVolume, ServerId};

use super::{
    super::{
        PassError,
        beside::Stage,
        recorder::{failure, host_failure},
        target,
        verify::clear_tries,
        work::Halt,
    },
    Progress, Scene, carry,
    course::Course,
    definition, deploy, fetch,
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
    host::{Host, NewContainer},
};

/// How long the other server may be away before anything was stopped, or what was copied goes on.
const AWAY: Duration = Duration::from_mins(5);
/// How often a copy is gone on with that was broken off, and how long after.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(2);

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
    let key = format!("carry:{}", job.recorder.id);
    job.enter("copy").await?;
    match job.carries.stage(&key) {
        Stage::UnderWay => {
            let words = job.open.carried.as_ref().map(carry::Progress::words).unwrap_or_default();
            job.say(&words).await?;
        }
        Stage::Idle => begin(job, there, (&key, volumes, image)).await?,
        Stage::Ended(Ok(volumes)) => {
            job.leave(&told(&volumes)).await?;
            moving::remember(job, &Memo { volumes, ..moved.memo.clone() }).await?;
            return Ok(true);
        }
        Stage::Ended(Err(failed)) if failed.is_lost() && job.open.tries < TRIES => {
            begin(job, there, (&key, volumes, image)).await?;
        }
        Stage::Ended(Err(failed)) => return Err(refused(failed).into()),
    }
    Ok(false)
}

fn told(volumes: &[MovedVolume]) -> String {
    let bytes: u64 = volumes.iter().map(|one| one.bytes).sum();
    let hashes = volumes.iter().map(|one| format!("`{}` is {} on both", one.name, one.sha256));
    let hashes = hashes.collect::<Vec<_>>().join(", ");
    format!("{bytes} bytes are there, and were read back: {hashes}")
}

async fn begin(
    job: &mut Job<'_>,
    there: &Reached,
    (key, volumes, image): (&str, Vec<String>, &str),
) -> Result<(), Halt> {
    let (scene, application) = (job.scene, &job.scene.row.application);
    let serving = Course::serving(scene).await?;
    let own = serving.as_ref().map(|course| course.image().to_owned()).unwrap_or_default();
    let load = carry::Load {
        from: carry::End { target: target::of(scene.app, &scene.server.server).await?, image: own },
        to: carry::End {
            target: target::of(scene.app, &there.row.server).await?,
            image: image.to_owned(),
        },
        holder: NewContainer {
            name: leftovers::holder_name(application),
            labels: definition::labels(application),
            ..NewContainer::default()
        },
        volumes,
    };
    let (progress, bell) = (carry::Progress::default(), job.carries.bell());
    let carrying = carry::carry(scene.around.dialer.clone(), load, (progress.clone(), bell));
    let pause = if job.open.tries == 0 { Duration::ZERO } else { PAUSE };
    job.carries.begin(key, async move {
        tokio::time::sleep(pause).await;
        Box::pin(carrying).await
    });
    job.open.tries += 1;
    job.open.carried = Some(progress);
    Ok(())
}

fn refused(failed: carry::Failed) -> Failure {
    match failed {
        carry::Failed::Host { server, error } => host_failure("copy volumes", &server, &error),
        carry::Failed::Unreadable { server, volume, why } => failure(
            "volume-unreadable",
            format!("volume `{volume}` on server `{server}` could not be copied: {why}"),
            "what served before goes on; copy it by hand, or move it without that volume",
        ),
        carry::Failed::Beside { volume, path } => failure(
            "volume-not-empty",
            format!("volume `{volume}` has something on the new server that was not sent: {path}"),
            "remove that volume there, and move it again (`move_application`)",
        ),
        carry::Failed::Differs { volume } => failure(
            "volume-differs",
            format!("volume `{volume}` did not become the same on the new server"),
            "see that nothing else writes to it, and move it again (`move_application`)",
        ),
    }
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
