//! What a clone begins with: its volumes are filled with what is in those of its original, before anything of
//! it runs. The original stands still meanwhile.

use portolan_types::ApplicationSpec;

use super::{
    super::{
        PassError,
        recorder::failure,
        target,
        work::{Halt, halt},
    },
    Scene,
    across::{self, Reached},
    carry::{End, Load, Volume},
    course::Course,
    definition, ferry,
    job::Job,
    leftovers,
};
use crate::{
    Error,
    applications::{names, remove::volume_name},
    db::{
        self,
        application::{Assigned, Seed, seed},
    },
    rights::Visible,
};

/// What the container is called that has the clone's volumes while they are filled. The one that has the
/// original's may be on the same host.
fn holder_name(scene: &Scene<'_>) -> String {
    format!("{}fill", names::prefix(&scene.row.application))
}

/// Whether the volumes are filled, or are not to be.
pub(super) async fn filled(job: &mut Job<'_>, course: &Course, image: &str) -> Result<bool, Halt> {
    let (scene, id) = (job.scene, &job.scene.row.application.id);
    let Some(seed) = &scene.row.seed else { return Ok(true) };
    let original = original(scene, seed).await?.ok_or_else(gone)?;
    let server = &original.application.server_id;
    let Some(there) = across::reach(scene, server).await? else {
        return across::away(job, server).await.map(|_| false);
    };
    job.leave_if("reach", "it is connected").await?;
    let source = Source { row: &original, at: &there };
    let spec = &course.plan.spec;
    // What is being copied was there.
    if job.open.carried.is_some() || !source.volumes(scene, spec).await?.is_empty() {
        if !seed.begun {
            let mut conn = scene.app.db.acquire().await?;
            seed::set_begun(&mut conn, id, true).await?;
        }
        let load = source.load(scene, (spec, image));
        if ferry::carried(job, load, "deploy it again (`deploy_application`)").await?.is_none() {
            return Ok(false);
        }
    }
    let mut conn = scene.app.db.acquire().await?;
    seed::delete(&mut conn, id).await?;
    Ok(true)
}

async fn original(scene: &Scene<'_>, seed: &Seed) -> Result<Option<Assigned>, Error> {
    let Some(id) = &seed.original_id else { return Ok(None) };
    let mut conn = scene.app.db.acquire().await?;
    Ok(db::application::find(&mut conn, Visible::whole(&scene.row.team_id), id).await?)
}

fn gone() -> Halt {
    let why = "the application whose volumes were to be copied is not there any more";
    failure("original-gone", why, "remove this one, and clone another (`clone_application`)").into()
}

/// The original, with the server on which it is.
struct Source<'a> {
    row: &'a Assigned,
    at: &'a Reached,
}

impl Source<'_> {
    /// Those of a spec that the original has too, and that are there.
    async fn volumes(
        &self,
        scene: &Scene<'_>,
        spec: &ApplicationSpec,
    ) -> Result<Vec<Volume>, Halt> {
        let (mut volumes, own) = (Vec::new(), self.row.application.spec.volumes());
        for name in spec.volumes().filter(|name| own.clone().any(|other| other == *name)) {
            let from = volume_name(&self.row.application, name.as_str());
            let found = self.at.host.find_volume(&from).await;
            let server = self.at.row.server.name.as_str();
            if found.map_err(|error| halt(server, error, "look for a volume"))?.is_some() {
                let to = volume_name(&scene.row.application, name.as_str());
                volumes.push(Volume { from, to });
            }
        }
        Ok(volumes)
    }

    async fn load(
        &self,
        scene: &Scene<'_>,
        (spec, image): (&ApplicationSpec, &str),
    ) -> Result<Load, Halt> {
        let original = Scene { host: &self.at.host, server: &self.at.row, row: self.row, ..*scene };
        let serving = Course::serving(&original).await?;
        let own = serving.as_ref().map_or(image, Course::image).to_owned();
        let target = |server| target::of(scene.app, server);
        Ok(Load {
            from: End {
                target: target(&self.at.row.server).await?,
                holder: leftovers::holder_name(&scene.row.application),
                image: own,
            },
            to: End {
                target: target(&scene.server.server).await?,
                holder: holder_name(scene),
                image: image.to_owned(),
            },
            labels: definition::labels(&scene.row.application),
            volumes: self.volumes(scene, spec).await?,
            still: self.row.application.container.as_ref().map(ToString::to_string),
        })
    }
}

/// Without work: the containers go that held volumes for a copy that came to nothing. What has arrived
/// stays, and is gone on from.
pub(super) async fn tidied(scene: &Scene<'_>) -> Result<(), PassError> {
    let Some(seed) = scene.row.seed.as_ref().filter(|seed| seed.begun) else { return Ok(()) };
    if !cleared(scene, seed).await? {
        return Ok(());
    }
    let mut conn = scene.app.db.acquire().await?;
    Ok(seed::set_begun(&mut conn, &scene.row.application.id, false).await?)
}

/// The same for whoever removes the clone.
pub(super) async fn removed(job: &mut Job<'_>) -> Result<bool, Halt> {
    let scene = job.scene;
    let Some(seed) = scene.row.seed.as_ref().filter(|seed| seed.begun) else { return Ok(true) };
    if cleared(scene, seed).await? {
        return Ok(true);
    }
    match original(scene, seed).await? {
        Some(one) => across::away(job, &one.application.server_id).await.map(|_| false),
        None => Ok(true),
    }
}

/// Whether no such container is left. What a host refuses now is tried again at the next look.
async fn cleared(scene: &Scene<'_>, seed: &Seed) -> Result<bool, PassError> {
    let application = &scene.row.application;
    leftovers::let_go(scene.host.as_ref(), application, &holder_name(scene)).await?;
    // Of one that is gone there is nothing left to hold.
    let Some(original) = original(scene, seed).await? else { return Ok(true) };
    let server = &original.application.server_id;
    let Some(there) = across::reach(scene, server).await? else { return Ok(false) };
    let holder = leftovers::holder_name(application);
    match leftovers::let_go(there.host.as_ref(), application, &holder).await {
        Ok(()) => Ok(true),
        Err(error) => {
            tracing::warn!(application = %application.name, server = %there.row.server.name, %error,
                "could not tidy up after a copy");
            Ok(false)
        }
    }
}
