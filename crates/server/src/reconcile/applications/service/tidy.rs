//! A service without work is what the deployment that serves says: whatever a try left, of which
//! nothing came, goes back the same way. Without a deployment that serves there is none.

use super::{
    super::{super::PassError, Progress, Scene, course::Course, tidy::forgive},
    definition::{version, wanted},
};
use crate::{
    db,
    db::application::Wanted,
    destinations::preview::as_failure,
    host::{HostService, RegistryLogin},
    registries,
};

pub(in super::super) async fn run(scene: &Scene<'_>) -> Result<Progress, PassError> {
    if scene.row.halted {
        let mut conn = scene.app.db.acquire().await?;
        db::application::set_halted(&mut conn, &scene.row.application.id, false).await?;
    }
    let name = scene.service_name();
    let is_it = |one: &&HostService| one.name == name && scene.is_its(one);
    let Some(seen) = scene.seen.services.iter().find(is_it) else { return Ok(Progress::Done) };
    let serving = Course::serving(scene).await?;
    if !differs(seen, serving.as_ref()) {
        return Ok(Progress::Done);
    }
    // What was seen may be from before another keeper's work.
    let Some(now) = scene.service().await? else { return Ok(Progress::Done) };
    if !differs(&now, serving.as_ref()) {
        return Ok(Progress::Done);
    }
    match serving {
        Some(course) => go_back(scene, &course, &now).await?,
        None => forgive(scene, scene.host.remove_service(&now.docker_id).await)?,
    }
    Ok(Progress::UnderWay)
}

fn differs(service: &HostService, serving: Option<&Course>) -> bool {
    let number = serving.map(|course| course.made.deployment.number.to_string());
    number.is_none() || service.deployment != number
}

async fn go_back(
    scene: &Scene<'_>,
    course: &Course,
    service: &HostService,
) -> Result<(), PassError> {
    let mut before = wanted(scene, course, course.image(), &version(course));
    if scene.row.wanted == Wanted::Stopped {
        before.replicas = 0;
    }
    let login = login(scene, course).await?;
    let done = scene.host.update_service(&service.docker_id, &before, login.as_ref()).await;
    forgive(scene, done)
}

/// One that is not there any more is not waited for: nodes may have the image still.
async fn login(scene: &Scene<'_>, course: &Course) -> Result<Option<RegistryLogin>, PassError> {
    let image = course.made.deployment.image.as_str();
    let chosen = course.plan.spec.registry_id.as_ref();
    match registries::login_for(scene.app, &scene.row.team_id, image, chosen).await {
        Ok(login) => Ok(login),
        Err(error @ (crate::Error::Refused(_) | crate::Error::NotFound(_))) => {
            let why = as_failure(error).map(|failure| failure.message);
            let application = &scene.row.application.name;
            tracing::warn!(%application, ?why, "went back to an image without its login");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
