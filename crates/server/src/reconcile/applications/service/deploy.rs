//! A deployment on a swarm: the service is made or changed, and waited for. Each step is begun by what
//! the swarm and the rows show, as with containers.

use super::{
    super::{
        super::{recorder::failure, work::Halt},
        Progress,
        course::Course,
        deploy::{finish, read},
        fetch,
        job::Job,
        needs,
        ready::Readiness,
        serve,
    },
    definition::{version, wanted},
    image, ready,
};
use crate::host::{HostService, NewService, RegistryLogin};

pub(super) async fn run(job: &mut Job<'_>) -> Result<Progress, Halt> {
    needs::check(job).await?;
    let course = read(job).await?;
    if course.made.switched_at.is_none() {
        let Some(image) = image::pinned(job, &course).await? else { return Ok(Progress::UnderWay) };
        let service = made(job, &course, &image).await?;
        if ready::check(job, &course, &service).await? == Readiness::NotYet {
            return Ok(Progress::UnderWay);
        }
        serve::switch(job, &course).await?;
        job.scene.app.wake(&job.scene.server.server.id);
        return Ok(Progress::UnderWay);
    }
    if !serve::is_led(job, &course).await? {
        return Ok(Progress::UnderWay);
    }
    finish(job, &course).await
}

/// The service as this deployment wants it.
async fn made(job: &mut Job<'_>, course: &Course, image: &str) -> Result<HostService, Halt> {
    let name = course.container();
    let host = job.scene.host.clone();
    let found = job.answer(host.find_service(name).await, "look for the service")?;
    if found.as_ref().is_some_and(|found| !job.scene.is_its(found)) {
        let why = format!("there is a service `{name}` that is not ours");
        return Err(failure("service-name-taken", why, "remove it, and deploy again").into());
    }
    let number = course.made.deployment.number.to_string();
    match found {
        Some(found) if found.deployment.as_ref() == Some(&number) => Ok(found),
        found => {
            put(job, course, (found.as_ref(), image)).await?;
            let found = job.answer(host.find_service(name).await, "look at the service")?;
            found.ok_or_else(|| vanished(name))
        }
    }
}

fn vanished(name: &str) -> Halt {
    let why = format!("service `{name}` was removed meanwhile");
    failure("service-gone", why, "deploy again (`deploy_application`)").into()
}

async fn put(
    job: &mut Job<'_>,
    course: &Course,
    (found, image): (Option<&HostService>, &str),
) -> Result<(), Halt> {
    job.enter("service").await?;
    let login = fetch::login(job, course).await?;
    let Some(found) = found else {
        create(job, &wanted(job.scene, course, image, &version(course)), login.as_ref()).await?;
        return told(job, course, "was made").await;
    };
    let scaled = scaled(job, course, (found, image)).await?;
    let (new, what) = match scaled {
        Some(new) => (new, "has another number of replicas; those that run go on"),
        None => (wanted(job.scene, course, image, &version(course)), "was changed"),
    };
    let updated = job.scene.host.update_service(&found.docker_id, &new, login.as_ref()).await;
    job.answer(updated, &format!("change service `{}`", course.container()))?;
    told(job, course, what).await
}

/// Makes it, in the words of whoever asked.
pub(super) async fn create(
    job: &Job<'_>,
    new: &NewService,
    login: Option<&RegistryLogin>,
) -> Result<(), Halt> {
    let made = job.scene.host.create_service(new, login).await;
    job.answer(made, &format!("make service `{}`", new.task.name)).map(drop)
}

/// The definition of a deployment that changes nothing but the number of replicas of what serves: its
/// tasks stay what they are, and go on.
async fn scaled(
    job: &Job<'_>,
    course: &Course,
    (found, image): (&HostService, &str),
) -> Result<Option<NewService>, Halt> {
    let Some(serving) = Course::serving(job.scene).await? else { return Ok(None) };
    let number = serving.made.deployment.number.to_string();
    if found.deployment.as_ref() != Some(&number) {
        return Ok(None);
    }
    let before = serving.made.deployment.image_id.as_deref().unwrap_or_default();
    let before = wanted(job.scene, &serving, before, &found.version);
    let after = wanted(job.scene, course, image, &found.version);
    let is_scaled = before.task == after.task && before.replicas != after.replicas;
    Ok(is_scaled.then_some(after))
}

/// What is each node's own is said whenever it is deployed.
async fn told(job: &mut Job<'_>, course: &Course, what: &str) -> Result<(), Halt> {
    let words = format!("service `{}` {what}", course.container());
    if course.plan.spec.mounts.is_empty() {
        return job.leave(&words).await;
    }
    let more = "what is mounted is each node's own: a replica that moves to another node finds what \
                is there";
    job.warn(&format!("{words}; {more}")).await
}
