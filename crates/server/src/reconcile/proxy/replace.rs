//! Puts one container in place of another. All that can be refused is tried before the old one lets
//! go of the ports, and the old one is back when the new one does not serve.

use std::time::Duration;

use portolan_types::{Failure, ProxyKind};
use tokio::time::{Instant, sleep};

use super::{
    super::{recorder::failure, work::Halt},
    apply,
    config::{CADDY_FILE, Generated, mark_seen},
    definition::{self, GRACE, NAME, NEXT, OLD, TRAEFIK_HEALTH},
    job::Job,
    ports, tidy,
};
use crate::host::{ContainerDetail, Exec, LogQuery, NewContainer};

/// How long a program may take until it serves, how often it is asked, and how long an answer may
/// take.
const SERVING: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(150);
const ANSWER: Duration = Duration::from_secs(10);

pub(super) async fn run(
    job: &Job<'_>,
    serving: Option<ContainerDetail>,
    checked: Option<&Generated>,
    networks: &[String],
) -> Result<(ContainerDetail, String), Halt> {
    let next = made(job, checked, networks).await?;
    if let Some(old) = &serving {
        step_aside(job, old).await?;
    }
    match started(job, &next, checked).await? {
        Ok(container) => {
            if let Some(old) = &serving {
                tidy::discard(job, old).await?;
            }
            let detail = match serving {
                Some(_) => "a new container took the place of the old one",
                None => "the container was made",
            };
            Ok((container, detail.to_owned()))
        }
        Err(failure) => {
            let removed = job.scene.host.remove_container(&next).await;
            job.answer(removed, "remove the container that does not serve")?;
            if let Some(old) = &serving {
                tidy::bring_back(job, old).await?;
            }
            Err(failure.into())
        }
    }
}

/// The next container, with its configuration, which does not run yet.
async fn made(
    job: &Job<'_>,
    checked: Option<&Generated>,
    networks: &[String],
) -> Result<String, Halt> {
    let host = job.scene.host;
    let volume = definition::volume(job.scene.row.proxy.kind);
    let made = host.create_volume(volume, &job.scene.labels()).await;
    job.answer(made, "create the proxy's volume")?;
    let wanted = definition::wanted(job.scene, networks);
    let next = NewContainer { name: NEXT.to_owned(), ..wanted };
    let id = job.answer(host.create_container(&next).await, "create the proxy's container")?;
    if let Some(generated) = checked {
        apply::put(job.scene, &id, generated).await?;
    } else if !has_configuration(job, &id).await? {
        let removed = host.remove_container(&id).await;
        job.answer(removed, "remove the container without a configuration")?;
        return Err(nothing_to_run().into());
    }
    Ok(id)
}

/// Whether the volume has a configuration from before.
async fn has_configuration(job: &Job<'_>, id: &str) -> Result<bool, Halt> {
    let path = match job.scene.row.proxy.kind {
        ProxyKind::Caddy => CADDY_FILE,
        // It serves without any.
        ProxyKind::Traefik => return Ok(true),
    };
    let read = job.scene.host.read_file(id, path).await;
    Ok(job.answer(read, "look for the proxy's configuration")?.is_some())
}

fn nothing_to_run() -> Failure {
    failure(
        "configuration-refused",
        "the proxy refuses its configuration, and there is none from before",
        "correct the extra configuration (`set_proxy.extra`)",
    )
}

async fn step_aside(job: &Job<'_>, old: &ContainerDetail) -> Result<(), Halt> {
    let (host, id) = (job.scene.host, &old.member.docker_id);
    job.answer(host.rename_container(id, OLD).await, "rename the old proxy")?;
    job.answer(host.stop_container(id, GRACE).await, "stop the old proxy")
}

async fn started(
    job: &Job<'_>,
    id: &str,
    given: Option<&Generated>,
) -> Result<Result<ContainerDetail, Failure>, Halt> {
    let host = job.scene.host;
    job.answer(host.rename_container(id, NAME).await, "rename the new proxy")?;
    match host.start_container(id).await {
        Ok(()) => serves(job, id, given).await,
        Err(error) if error.is_port_taken() => Ok(Err(ports::explained(job, &error).await?)),
        Err(error) => match job.answer::<()>(Err(error), "start the proxy") {
            Err(Halt::Refused(failure)) => Ok(Err(failure)),
            Err(halt) => Err(halt),
            Ok(()) => serves(job, id, given).await,
        },
    }
}

/// Waits until the program answers inside its container, with the configuration that it was given.
/// One that ends says why.
pub(super) async fn serves(
    job: &Job<'_>,
    id: &str,
    given: Option<&Generated>,
) -> Result<Result<ContainerDetail, Failure>, Halt> {
    let deadline = Instant::now() + SERVING;
    loop {
        let found = job.scene.host.find_container(id).await;
        let found = job.answer(found, "inspect the proxy's container")?;
        let Some(found) = found else { return Ok(Err(vanished(job))) };
        if !found.is_running() || found.restarts > 0 && found.member.state == "restarting" {
            return Ok(Err(ended(job, &found).await?));
        }
        if answers(job, id, given).await? {
            return Ok(Ok(found));
        }
        if Instant::now() >= deadline {
            return Ok(Err(ended(job, &found).await?));
        }
        sleep(PAUSE).await;
    }
}

/// Whether it takes what it is told. A container that just ended refuses to run anything.
async fn answers(job: &Job<'_>, id: &str, given: Option<&Generated>) -> Result<bool, Halt> {
    let exec = match (job.scene.row.proxy.kind, given) {
        (ProxyKind::Caddy, _) => apply::reload(CADDY_FILE, ANSWER),
        (ProxyKind::Traefik, Some(given)) => Exec::new(mark_seen(&given.digest), ANSWER),
        (ProxyKind::Traefik, None) => Exec::new(TRAEFIK_HEALTH, ANSWER),
    };
    match job.scene.host.exec(id, &exec).await {
        Ok(output) => Ok(output.exit_code == 0),
        Err(crate::host::HostError::Docker { .. }) => Ok(false),
        Err(error) => job.answer(Err(error), "ask the proxy whether it serves"),
    }
}

fn vanished(job: &Job<'_>) -> Failure {
    failure(
        "proxy-gone",
        format!(
            "the proxy's container on server `{}` was removed meanwhile",
            job.scene.server_name()
        ),
        "start the proxy again (`start_proxy`)",
    )
}

/// With its last words.
async fn ended(job: &Job<'_>, container: &ContainerDetail) -> Result<Failure, Halt> {
    let query = LogQuery { lines: 5, since: None, timestamps: false };
    let said = job.scene.host.container_logs(&container.member.docker_id, &query).await;
    let said = job.answer(said, "read the proxy's logs")?;
    let last: String = said.lines().last().unwrap_or("nothing").chars().take(600).collect();
    let state = match (&container.error, container.is_running()) {
        (Some(error), _) => format!("could not be started: {error}"),
        (None, true) => "runs, and does not serve".to_owned(),
        (None, false) => format!("ended with exit code {}", container.exit_code),
    };
    let kind = job.scene.row.proxy.kind;
    let server = job.scene.server_name();
    Ok(failure(
        "proxy-does-not-serve",
        format!("{kind} on server `{server}` {state}; it said: {last}"),
        "see its logs (`read_proxy_logs`), correct what it says, then start it again",
    ))
}
