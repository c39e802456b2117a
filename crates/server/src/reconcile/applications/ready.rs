//! Whether a new container is ready: healthy where that is checked, answering at its port where it has
//! one, and otherwise running for a while.

use std::{net::IpAddr, time::Duration};

use portolan_types::Failure;

use super::{
    super::{
        recorder::failure,
        verify::{Knocked, knock},
        work::Halt,
    },
    course::Course,
    job::{Job, has_passed},
};
use crate::host::{ContainerDetail, LogQuery};

/// A program that ends at once does so within this.
pub(super) const STANDS: Duration = Duration::from_secs(3);
/// Last words of a program that ended.
const WORDS: LogQuery = LogQuery { lines: 10, since: None, timestamps: false };
const MOST_WORDS: usize = 1_000;

/// How ready a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    NotYet,
}

/// One look. That it never will be ready is a failure.
pub(super) async fn check(
    job: &mut Job<'_>,
    course: &Course,
    container: &ContainerDetail,
) -> Result<Readiness, Halt> {
    let since = job.enter("ready").await?;
    if !container.is_running() {
        return Err(ended(job, container).await?.into());
    }
    let spec = &course.plan.spec;
    let words = match (container.health.as_deref(), spec.port) {
        (Some("healthy"), _) => Some("its health check passes".to_owned()),
        (Some("unhealthy"), _) => return Err(unhealthy(job, container).await?.into()),
        (Some(_), _) => None,
        (None, Some(port)) => answers(job, container, port.get()).await?,
        (None, None) => has_passed(since, STANDS).then(|| {
            format!("it runs for {} seconds; there is nothing to check", STANDS.as_secs())
        }),
    };
    if let Some(words) = words {
        job.leave(&words).await?;
        return Ok(Readiness::Ready);
    }
    let limit = spec.ready_within_seconds.duration();
    if has_passed(since, limit) {
        let why = format!("it was not ready within {} seconds", limit.as_secs());
        return Err(with_words(job, container, &why).await?.into());
    }
    Ok(Readiness::NotYet)
}

async fn answers(
    job: &Job<'_>,
    container: &ContainerDetail,
    port: u16,
) -> Result<Option<String>, Halt> {
    let scene = job.scene;
    let place = container.endpoints.iter().find(|one| one.attachment.address.is_some());
    let address = place.and_then(|one| one.attachment.address.as_deref());
    let address: Option<IpAddr> = address.and_then(|text| text.parse().ok());
    let (Some(place), Some(address)) = (place, address) else { return Ok(None) };
    let network = place.attachment.network_id.as_str();
    let server = &scene.server.server;
    let operation = &job.recorder.id;
    let knocked = knock(scene.host.as_ref(), server, operation, (network, (address, port))).await;
    match job.answer(knocked, "try whether it answers")? {
        Knocked::Answered => Ok(Some(format!("it answers at port {port}"))),
        Knocked::NotYet => Ok(None),
        Knocked::Untried => Ok(Some("it runs; no probe runs on this machine".to_owned())),
    }
}

async fn ended(job: &Job<'_>, container: &ContainerDetail) -> Result<Failure, Halt> {
    let code = container.exit_code;
    let why = match &container.error {
        Some(error) => format!("its program did not start: {error}"),
        None => format!("its program ended with code {code}"),
    };
    with_words(job, container, &why).await
}

async fn unhealthy(job: &Job<'_>, container: &ContainerDetail) -> Result<Failure, Halt> {
    with_words(job, container, "its health check fails").await
}

/// With what the program said last: that is where the cause most often is.
async fn with_words(
    job: &Job<'_>,
    container: &ContainerDetail,
    why: &str,
) -> Result<Failure, Halt> {
    let said = job.scene.host.container_logs(&container.member.docker_id, &WORDS).await;
    let said = job.answer(said, "read what the program said")?;
    let said: String = said.trim().chars().take(MOST_WORDS).collect();
    let name = &container.member.name;
    let message = if said.is_empty() {
        format!("container `{name}` did not become ready: {why}; it said nothing")
    } else {
        format!("container `{name}` did not become ready: {why}; it said last: {said}")
    };
    Ok(failure(
        "not-ready",
        message,
        "what served before goes on; correct the image, the variables or the health check \
         (`update_application`), and deploy again (`deploy_application`)",
    ))
}
