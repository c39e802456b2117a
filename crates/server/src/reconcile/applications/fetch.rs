//! The image of a deployment: brought to the host beside the keeper's other work, or found there.
//!
//! One that is built is in `build`.

use portolan_types::Image;

use super::{
    super::{
        beside::Stage,
        recorder::{failure, host_failure},
        work::Halt,
    },
    build::{self, Built},
    course::Course,
    job::Job,
};
use crate::{
    Error, db,
    destinations::preview::as_failure,
    host::{HostError, HostImage, PullProgress, RegistryLogin},
    registries,
};

/// The image by its id; `None` while it is on its way.
pub(super) async fn image(job: &mut Job<'_>, course: &Course) -> Result<Option<String>, Halt> {
    let deployment = &course.made.deployment;
    // It was brought before a crash, or for an earlier deployment that is brought back.
    if let Some(id) = &deployment.image_id
        && find(job, id).await?.is_some()
    {
        return Ok(Some(id.clone()));
    }
    // What was built once is fetched from its registry when it is brought back, or elsewhere.
    if let Some(build) = &course.plan.spec.build
        && deployment.rolled_back_to.is_none()
        && course.moving.is_none()
    {
        match build::image(job, course, build).await? {
            Built::NotYet => return Ok(None),
            Built::Here(id) => return Ok(Some(id)),
            Built::Pushed => {}
        }
    }
    let key = format!("pull:{}", deployment.operation_id);
    job.enter("pull").await?;
    match job.beside.stage(&key) {
        Stage::Idle => begin(job, &key, course).await?,
        Stage::UnderWay => say(job, &deployment.image).await?,
        // It went with an earlier connection: it is begun anew over this one. A registry that says
        // nothing for so long is an outcome.
        Stage::Ended(Err(error))
            if error.is_connection() && !matches!(error, HostError::Timeout { .. }) =>
        {
            begin(job, &key, course).await?;
        }
        Stage::Ended(outcome) => return came(job, course, outcome).await.map(Some),
    }
    Ok(None)
}

async fn find(job: &Job<'_>, reference: &str) -> Result<Option<HostImage>, Halt> {
    let found = job.scene.host.find_image(reference).await;
    job.answer(found, &format!("look for image `{reference}`"))
}

async fn begin(job: &mut Job<'_>, key: &str, course: &Course) -> Result<(), Halt> {
    let image = &course.made.deployment.image;
    let login = login(job, course).await?;
    let pull = job.beside.pull(key, job.scene.host, (image.as_str(), login));
    job.open.pull = Some(pull);
    say(job, image).await
}

/// The login with which it is pulled. One that was chosen and is not there any more is an outcome.
pub(super) async fn login(job: &Job<'_>, course: &Course) -> Result<Option<RegistryLogin>, Halt> {
    let (scene, image) = (job.scene, course.made.deployment.image.as_str());
    let chosen = course.plan.spec.registry_id.as_ref();
    match registries::login_for(scene.app, &scene.row.team_id, image, chosen).await {
        Ok(login) => Ok(login),
        Err(error @ Error::Refused(_)) => Err(as_failure(error)?.into()),
        Err(Error::NotFound(_)) => Err(failure(
            "no-registry-login",
            "the login that was chosen for the image's registry is not there any more",
            "choose another one (`update_application`), and deploy again (`deploy_application`)",
        )
        .into()),
        Err(error) => Err(Halt::Pass(error.into())),
    }
}

/// How far it is, for whoever follows the work.
async fn say(job: &Job<'_>, image: &Image) -> Result<(), Halt> {
    match job.open.pull.as_ref().and_then(PullProgress::percent) {
        Some(percent) => job.say(&format!("pulling `{image}`: {percent}%")).await,
        None => job.say(&format!("pulling `{image}`")).await,
    }
}

/// What became of the pull. An image that no registry has may be on the host nevertheless: loaded or
/// built there.
async fn came(
    job: &mut Job<'_>,
    course: &Course,
    outcome: Result<(), HostError>,
) -> Result<String, Halt> {
    let image = &course.made.deployment.image;
    let found = find(job, image.as_str()).await?;
    let (found, pinned) = match (outcome, found) {
        (Ok(()), Some(found)) => {
            job.leave(&format!("`{image}` was pulled")).await?;
            // What the host says is no reference is none.
            let pinned = found.pinned(image.repository()).and_then(|pinned| pinned.parse().ok());
            (found, pinned)
        }
        (Err(error), Some(found)) => {
            let words =
                format!("`{image}` could not be pulled, and the one on the host is taken: {error}");
            job.warn(&words).await?;
            (found, None)
        }
        (outcome, None) => {
            let gone =
                || HostError::Docker { status: 404, message: format!("No such image: {image}") };
            let error = outcome.err().unwrap_or_else(gone);
            let action = format!("pull image `{image}`");
            return Err(host_failure(&action, job.scene.server_name(), &error).into());
        }
    };
    let of = (found.docker_id.as_str(), pinned.as_ref());
    let mut conn = job.scene.app.db.acquire().await?;
    db::deployment::set_image(&mut conn, &course.made.deployment.id, of).await?;
    Ok(found.docker_id)
}
