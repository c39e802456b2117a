//! The life of containers: started, stopped, waited for, renamed, removed, and what they said.

use std::time::Duration;

use bollard::query_parameters::{
    RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StopContainerOptionsBuilder,
};
use hyper::Method;
use serde::Deserialize;

use super::{
    super::{
        HostError, LogQuery,
        engine::{Content, Engine, not_understood},
        limits,
        words::clean,
    },
    id::DockerId,
    networks::unless_missing,
    output::{self, Output},
};

/// Docker's word for a container that is so already.
const NOT_MODIFIED: u16 = 304;

pub(super) async fn start(engine: &Engine, docker_id: &str) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let starting = engine.docker().start_container(id.as_str(), None);
    unless_so(engine.ask_within(limits::CONTAINER, "start container", starting).await)
}

pub(super) async fn stop(
    engine: &Engine,
    docker_id: &str,
    grace: Duration,
) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let options = StopContainerOptionsBuilder::new().t(seconds(grace)).build();
    let stopping = engine.docker().stop_container(id.as_str(), Some(options));
    unless_so(engine.ask_within(grace + limits::CONTAINER, "stop container", stopping).await)
}

pub(super) async fn restart(
    engine: &Engine,
    docker_id: &str,
    grace: Duration,
) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let options = RestartContainerOptionsBuilder::new().t(seconds(grace)).build();
    let restarting = engine.docker().restart_container(id.as_str(), Some(options));
    engine.ask_within(grace + limits::CONTAINER, "restart container", restarting).await
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

fn unless_so(answer: Result<(), HostError>) -> Result<(), HostError> {
    match answer {
        Err(HostError::Docker { status: NOT_MODIFIED, .. }) => Ok(()),
        answer => answer,
    }
}

pub(super) async fn rename(engine: &Engine, docker_id: &str, name: &str) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let options = RenameContainerOptionsBuilder::new().name(name).build();
    let renaming = engine.docker().rename_container(id.as_str(), options);
    engine.ask("rename container", renaming).await
}

pub(super) async fn remove(engine: &Engine, docker_id: &str) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removing = engine.docker().remove_container(id.as_str(), Some(options));
    let answer = engine.ask_within(limits::CONTAINER, "remove container", removing).await;
    match unless_missing(answer) {
        // Somebody else is about to: it goes away without us.
        Err(HostError::Docker { status: 409, message })
            if message.contains("already in progress") =>
        {
            Ok(())
        }
        answer => answer.map(drop),
    }
}

/// The answer to waiting.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ended {
    status_code: i64,
    #[serde(default)]
    error: Option<WaitFailure>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WaitFailure {
    message: String,
}

pub(super) async fn wait(
    engine: &Engine,
    docker_id: &str,
    within: Duration,
) -> Result<i64, HostError> {
    let path = format!("/containers/{}/wait?condition=not-running", DockerId::parse(docker_id)?);
    let request = (Method::POST, path.as_str(), Content::Nothing);
    let read = |body| output::whole(engine, body);
    let answer = engine.converse("see the container end", within, request, read).await?;
    let ended: Ended = serde_json::from_slice(&answer).map_err(|error| not_understood(&error))?;
    match ended.error {
        Some(failure) if !failure.message.is_empty() => {
            Err(HostError::Docker { status: 500, message: clean(&failure.message) })
        }
        Some(_) | None => Ok(ended.status_code),
    }
}

pub(super) async fn logs(
    engine: &Engine,
    docker_id: &str,
    query: &LogQuery,
) -> Result<String, HostError> {
    let path = format!(
        "/containers/{}/logs?stdout=1&stderr=1&tail={}&since={}&timestamps={}",
        DockerId::parse(docker_id)?,
        query.lines,
        query.since.unwrap_or_default(),
        u8::from(query.timestamps),
    );
    let request = (Method::GET, path.as_str(), Content::Nothing);
    let read = |body| output::read(engine, body, Output::in_order());
    let said = engine.converse("read the container's logs", limits::CALL, request, read).await?;
    Ok(said.stdout())
}
